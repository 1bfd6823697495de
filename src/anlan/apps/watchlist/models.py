"""The watch list of each day (重点关注名单): which enterprise, why, and the record that says so."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, OfEnterprise
from anlan.apps.watchlist.kinds import REASONS
from anlan.database.kinds import KindField


class Watched(models.Model):
    """One reason of one day. Nothing takes an enterprise off before the day is over."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="watched")
    day = models.DateField(_("日期"))
    reason = KindField(_("原因"), max_length=20, kinds=REASONS)
    at = models.DateTimeField(_("列入时间"))
    subject = models.CharField(max_length=80)
    """The record that says so, as the journal names it: ``commitment:7``."""
    text = models.CharField(_("说明"), max_length=200, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "day", "reason"], name="watched_once_a_day_and_reason")
        ]
        indexes = [models.Index(fields=["day", "reason"], name="watched_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.enterprise_id} {self.reason}"
