"""What late data showed afterwards (追溯记录): never a live alarm, never a warning, never a clock."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.models.alarm import LEVEL_LABELS, Alarm, AlarmSide
from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise, Point


class Shown(models.TextChoices):
    """What the late data proved."""

    EXCURSION = "excursion", _("补到的越限")
    EARLIER = "earlier", _("越限起始更早")


class Retrospective(models.Model):
    """An excursion that was seen only when late data came, or an alarm that late data proved to have begun earlier.

    ``id`` is made of the samples alone, so a stretch that is looked through again finds its rows.
    """

    id = models.CharField(primary_key=True, max_length=32)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="retrospectives")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="retrospectives")
    point = models.ForeignKey(Point, models.PROTECT, related_name="retrospectives")
    alarm = models.ForeignKey(Alarm, models.PROTECT, null=True, blank=True, related_name="retrospectives")
    """The alarm whose start was corrected; empty for an excursion that no alarm had."""
    shown = models.CharField(_("查明"), max_length=10, choices=Shown.choices)
    side = models.CharField(_("类型"), max_length=12, choices=AlarmSide.choices)
    worst = models.CharField(_("最重"), max_length=12)
    limit = models.FloatField(_("限值"), null=True)
    """The limit that held then."""
    extreme = models.FloatField(_("极值"))
    started_at = models.DateTimeField(_("越限起始"))
    cleared_at = models.DateTimeField(_("恢复时间"), null=True, blank=True)
    """Empty when the data known by then did not show the return."""
    was_started_at = models.DateTimeField(_("原记起始"), null=True, blank=True)
    received_at = models.DateTimeField(_("数据补到"))
    found_at = models.DateTimeField(_("查明时间"))

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-started_at", "id"]
        indexes = [
            models.Index(fields=["enterprise", "-started_at"]),
            models.Index(fields=["point", "-started_at"]),
            models.Index(fields=["-started_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.point_id} {self.worst} {self.started_at}"

    @property
    def worst_label(self) -> str:
        return str(LEVEL_LABELS.get(self.worst, self.worst))
