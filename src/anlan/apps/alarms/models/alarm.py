"""Alarms (报警): a point beyond its threshold. Not early warnings, which live in `warnings` (MON-07)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise, Point


class AlarmSide(models.TextChoices):
    """What about the point is not as it should be. Only high and low are graded; the rest are data faults."""

    HIGH = "high", _("高限")
    LOW = "low", _("低限")
    FLATLINE = "flatline", _("数据不变")
    BAD_QUALITY = "bad_quality", _("质量坏")
    NO_DATA = "no_data", _("无数据")


class AlarmOrigin(models.TextChoices):
    """Who raised it. The two are never merged: what the enterprise's own system says stands beside what we found."""

    PLATFORM = "platform", _("平台")
    EDGE = "edge", _("企业系统")


class AlarmState(models.TextChoices):
    ACTIVE = "active", _("未恢复")
    CLEARED = "cleared", _("已恢复")


class AlarmChange(models.TextChoices):
    RAISED = "raised", _("发生")
    WORSENED = "worsened", _("加重")
    EASED = "eased", _("减轻")
    CLEARED = "cleared", _("恢复")


class AlarmEnd(models.TextChoices):
    """Why an alarm ended that no sample ended."""

    SWITCHED_OFF = "switched_off", _("点位已停用")
    SUPERSEDED = "superseded", _("被后一次报警取代")


LEVEL_LABELS = {
    "HH": _("高高报"),
    "H": _("高报"),
    "L": _("低报"),
    "LL": _("低低报"),
    "flatline": _("数据不变"),
    "bad_quality": _("质量坏"),
    "no_data": _("无数据"),
}


class Alarm(models.Model):
    """One excursion of one side of one point, from raise to return; uncleared until back in range *and* acknowledged.

    ``id`` is the kernel's deterministic alarm id, so a replay finds the row instead of making a second one.
    """

    id = models.CharField(primary_key=True, max_length=32)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="alarms")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="alarms")
    point = models.ForeignKey(Point, models.PROTECT, related_name="alarms")
    side = models.CharField(_("类型"), max_length=12, choices=AlarmSide.choices)
    state = models.CharField(_("状态"), max_length=8, choices=AlarmState.choices, default=AlarmState.ACTIVE)
    level = models.CharField(_("当前"), max_length=12)
    worst = models.CharField(_("最重"), max_length=12)
    value = models.FloatField(_("数值"), null=True)
    limit = models.FloatField(_("限值"), null=True)
    worst_limit = models.FloatField(_("最重级别的限值"), null=True)
    """The limit of ``worst`` as it was when it was passed; ``limit`` is that of the level now. Empty in rows of before
    this was kept."""
    extreme = models.FloatField(_("极值"), null=True)
    started_at = models.DateTimeField(_("发生时间"))
    """Sample time of the excursion's start."""
    raised_at = models.DateTimeField(_("成立时间"))
    """Sample time at which the delay had passed."""
    detected_at = models.DateTimeField(_("发现时间"))
    """Receive time: when the system knew."""
    changed_at = models.DateTimeField(_("最近变化"))
    cleared_at = models.DateTimeField(_("恢复时间"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    acknowledged_by = models.CharField(_("确认人"), max_length=60, blank=True)
    acknowledgement = models.CharField(_("确认说明"), max_length=200, blank=True)
    origin = models.CharField(_("来源"), max_length=10, choices=AlarmOrigin.choices, default=AlarmOrigin.PLATFORM)
    filing = models.ForeignKey(
        "alarms.Filing", models.PROTECT, null=True, blank=True, related_name="alarms", db_index=False
    )
    """Out of service: within the scope of this confirmed filing. Recorded, but neither graded nor counted (0011)."""
    suppression = models.ForeignKey(
        "alarms.SuppressionRule", models.PROTECT, null=True, blank=True, related_name="alarms", db_index=False
    )
    """Suppressed by design: while this approved rule held. Recorded, but neither graded nor counted."""
    alive_at = models.DateTimeField(_("恢复报警"), null=True, blank=True)
    """When it last came back from out of service or suppression, or when its start was found to lie ahead: what time
    raises is counted from then."""
    chatters = models.BooleanField(_("抖动"), default=False)
    """Its point and side changed so often within a minute that the alarm is a chattering one."""

    ended_by = models.CharField(
        _("结束原因"), max_length=20, choices=AlarmEnd.choices, blank=True, default="", db_default=""
    )
    """Empty: its samples came back into range, or it has not ended."""

    can_acknowledge: bool
    can_act: bool
    """Noted by a page on the rows that it shows: what its reader may do with them."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-raised_at", "id"]
        indexes = [
            # with what words are looked for by, so that looking for words in the order of time looks at no alarm itself
            models.Index(fields=["raised_at", "id", "enterprise", "point"], name="alarm_by_time"),
            models.Index(fields=["state", "-raised_at"]),
            models.Index(fields=["cleared_at", "raised_at"], name="alarm_by_return"),
            # with what decides whether an alarm counts, so that counting looks at no alarm itself
            models.Index(
                fields=["enterprise", "-raised_at", "side", "origin", "filing", "suppression"], name="alarm_counted"
            ),
            models.Index(
                fields=["enterprise", "raised_at"],
                condition=models.Q(state="active") | models.Q(acknowledged_at__isnull=True),
                name="alarm_uncleared",
            ),
            models.Index(fields=["source", "state"]),
            models.Index(fields=["point", "-raised_at"]),
            models.Index(fields=["filing"], condition=models.Q(filing__isnull=False), name="alarm_of_filing"),
            models.Index(
                fields=["suppression"], condition=models.Q(suppression__isnull=False), name="alarm_of_suppression"
            ),
            models.Index(fields=["-raised_at"], condition=models.Q(chatters=True), name="alarm_chatters"),
            models.Index(fields=["cleared_at"], condition=models.Q(side="no_data"), name="alarm_no_data"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["point", "side"],
                condition=models.Q(state="active", origin="platform"),
                name="one_active_alarm_per_point_side",
            )
        ]

    def __str__(self) -> str:
        return f"{self.point_id} {self.worst}"

    @property
    def level_label(self) -> str:
        return str(LEVEL_LABELS.get(self.level, self.level))

    @property
    def worst_label(self) -> str:
        return str(LEVEL_LABELS.get(self.worst, self.worst))

    @property
    def is_fault(self) -> bool:
        """A fault of the data (数据异常), not an excursion beyond a limit."""
        return self.side not in (AlarmSide.HIGH, AlarmSide.LOW)

    @property
    def is_uncleared(self) -> bool:
        """Counts in 未消警数量: beyond a limit, not back in range, or back and never acknowledged (MON-07); never while
        withheld."""
        open_ = self.state == AlarmState.ACTIVE or self.acknowledged_at is None
        return self._counts and open_ and not self.is_fault

    @property
    def is_standing(self) -> bool:
        """Asks for somebody: uncleared, or a fault of the data that goes on."""
        return self.is_uncleared or (self._counts and self.is_fault and self.state == AlarmState.ACTIVE)

    @property
    def _counts(self) -> bool:
        return self.origin == AlarmOrigin.PLATFORM and not self.is_withheld

    @property
    def is_withheld(self) -> bool:
        """Out of service or suppressed by design."""
        return self.filing_id is not None or self.suppression_id is not None


class AlarmEvent(models.Model):
    """One change of an alarm. ``id`` is deterministic, so an event that is delivered twice is one row."""

    id = models.CharField(primary_key=True, max_length=32)
    alarm = models.ForeignKey(Alarm, models.PROTECT, related_name="events")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="alarm_events")
    change = models.CharField(max_length=10, choices=AlarmChange.choices)
    level = models.CharField(max_length=12)
    value = models.FloatField(null=True)
    at = models.DateTimeField()
    detected_at = models.DateTimeField()

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.change}"
