"""Uploaded scenarios and the record of every drill that was run: whose, by whom, when, and what came out.

Nothing of a drill ever touches the rows of real warnings: it is played by another process on a database of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise, OfUnit


class _OfUnit(models.Model):
    """The unit that a row belongs to; neither for the installation's own operator."""

    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="+")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.CharField(_("姓名"), max_length=60)

    class Meta:
        abstract = True

    @property
    def unit(self) -> Any:
        return self.agency or self.enterprise or ""

    @property
    def chain(self) -> str:
        """The journal chain of the unit."""
        if self.agency is not None:
            return f"agency:{self.agency.code}"
        return f"enterprise:{self.enterprise.code}" if self.enterprise is not None else "installation"


class Uploaded(_OfUnit):
    """A scenario that somebody handed in; its text was checked and is never changed (a new upload is a new row)."""

    name = models.CharField(_("剧本"), max_length=120)
    story = models.TextField(_("情节"), blank=True)
    points = models.JSONField(_("要点"), default=list)
    question = models.TextField(_("问题"), blank=True)
    text = models.TextField()
    uploaded_at = models.DateTimeField(_("上传时间"))

    objects = OfUnit.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The drill's address: never that of a teaching drill, whose keys begin with a digit."""
        return f"u{self.pk}"


class RunState(models.TextChoices):
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    REFUSED = "refused", _("剧本有误")
    FAILED = "failed", _("没有完成")


class Run(_OfUnit):
    """One drill that was run. Exactly one unfinished run per log-in and per slot, by constraint.

    A run whose process died with the machine stays unfinished until ``ends_by``; from then on it counts as over.
    """

    shipped = models.CharField(max_length=60, blank=True)
    uploaded = models.ForeignKey(Uploaded, models.PROTECT, null=True, blank=True, related_name="runs")
    name = models.CharField(_("剧本"), max_length=120)
    state = models.CharField(_("状态"), max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    slot = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(_("开始"))
    ends_by = models.DateTimeField()
    finished_at = models.DateTimeField(_("结束"), null=True, blank=True)
    message = models.TextField(_("说明"), blank=True)
    result = models.JSONField(null=True)

    objects = OfUnit.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(finished_at__isnull=True), name="one_drill_at_a_time_per_user"
            ),
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(finished_at__isnull=True), name="few_drills_at_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.started_at}"

    @property
    def key(self) -> str:
        """The drill's address: a shipped key, or ``u`` and the number of an upload."""
        return self.shipped or f"u{self.uploaded_id}"

    def over(self, now: datetime) -> bool:
        """Whether nothing more will come of it."""
        return self.finished_at is not None or now > self.ends_by
