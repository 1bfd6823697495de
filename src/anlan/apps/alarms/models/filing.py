"""报备: what an enterprise declares about its equipment, confirmed by those who supervise it (MON-06, Q-43)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.actor import actor_id
from anlan.apps.org.case import Case
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Device, Enterprise, HazardSource, OfEnterprise, Point


class FilingReach(models.TextChoices):
    """What a filing covers; each reach names what it means by one field of the filing."""

    ENTERPRISE = "enterprise", _("整个企业")
    SOURCE = "source", _("重大危险源")
    DEVICE = "device", _("设备")
    POINTS = "points", _("指定测点")


class FilingKind(models.TextChoices):
    STOP = "stop", _("计划停用")
    OVERHAUL = "overhaul", _("检维修")
    DAMAGE = "damage", _("设施损坏")


class FilingState(models.TextChoices):
    """Filed → confirmed or refused; until its end it may be withdrawn; a window that is over has ended."""

    FILED = "filed", _("待确认")
    CONFIRMED = "confirmed", _("已确认")
    REFUSED = "refused", _("不予确认")
    WITHDRAWN = "withdrawn", _("已撤回")
    ENDED = "ended", _("已结束")


class Filing(Case):
    """One declaration with its scope and window [``starts_at``, ``ends_at``).

    Only a confirmed one takes points out of alarm, from the later of its start and its confirmation (``effective_at``).
    Rows are never deleted; what was decided stands with the name and the time of who decided it.
    """

    CASE, CALLED = "filing", "这份报备"
    KEPT = (
        "reach", "source_id", "device_id", "kind", "reason", "starts_at", "ends_at", "state", "filed_at", "filed_by",
        "filed_by_id", "decided_at", "decided_by", "decided_by_id", "agency_id", "note", "effective_at", "overdue_at",
        "ended_at", "ended_by", "ended_by_id",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="filings")
    reach = models.CharField(_("范围"), max_length=10, choices=FilingReach.choices)
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="filings")
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="filings")
    points = models.ManyToManyField(Point, related_name="filings", blank=True)
    kind = models.CharField(_("事项"), max_length=10, choices=FilingKind.choices)
    reason = models.CharField(_("说明"), max_length=200)
    starts_at = models.DateTimeField(_("起"))
    ends_at = models.DateTimeField(_("止"))
    state = models.CharField(_("状态"), max_length=10, choices=FilingState.choices, default=FilingState.FILED)
    filed_at = models.DateTimeField(_("报备时间"))
    filed_by = models.CharField(_("报备人"), max_length=60)
    filed_by_id = actor_id()
    decided_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    decided_by = models.CharField(_("确认人"), max_length=60, blank=True)
    decided_by_id = actor_id()
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="filings_decided")
    """For whom the decision was made."""
    note = models.CharField(_("意见"), max_length=200, blank=True)
    effective_at = models.DateTimeField(_("生效"), null=True, blank=True)
    overdue_at = models.DateTimeField(_("逾期未确认"), null=True, blank=True)
    """When it had waited for its confirmation longer than the local setting allows; a late decision leaves it."""
    ended_at = models.DateTimeField(_("结束"), null=True, blank=True)
    ended_by = models.CharField(_("结束人"), max_length=60, blank=True)
    ended_by_id = actor_id()
    """Empty when the window ended by itself."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-filed_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "ends_at"], name="filing_in_force"),
            models.Index(fields=["enterprise", "state"], name="filing_of_enterprise"),
            models.Index(fields=["filed_at", "id"], name="filing_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(starts_at__lt=models.F("ends_at")), name="filing_has_a_window")
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.kind} {self.starts_at}"

    @property
    def state_words(self) -> str:
        """The state, and that the confirmation is overdue while it is."""
        if self.state == FilingState.FILED and self.overdue_at is not None:
            return str(_("逾期未确认"))
        return self.get_state_display()

    def covers(self, point: Point) -> bool:
        """Whether a point of any enterprise lies within the scope; ``points`` is prefetched by the caller."""
        if point.enterprise_id != self.enterprise_id:
            return False
        match self.reach:
            case FilingReach.ENTERPRISE:
                return True
            case FilingReach.SOURCE:
                return point.source_id == self.source_id
            case FilingReach.DEVICE:
                return point.device_id == self.device_id
        return any(each.pk == point.pk for each in self.points.all())

    def covers_all(self, points: Collection[Point]) -> bool:
        """Whether all points in use of a gateway lie within the scope: then the filing explains its silence."""
        return self.reach == FilingReach.ENTERPRISE or (bool(points) and all(self.covers(each) for each in points))

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From when to when it explains, once it is confirmed; the confirmation may come later than the start."""
        return self.starts_at, min(self.ends_at, self.ended_at or self.ends_at)
