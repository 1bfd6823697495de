"""装置开停车与检修: what changes in how a unit runs, declared by the enterprise as rows with times (MON-11)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.org.actor import actor_id
from anlan.apps.org.case import Case
from anlan.apps.registry.models import Device, Enterprise, OfEnterprise


class Change(models.TextChoices):
    START = "start", _("开车")
    STOP = "stop", _("停车")
    OVERHAUL = "overhaul", _("检修")


class ChangeState(models.TextChoices):
    """Declared → done, or called off."""

    DECLARED = "declared", _("已申报")
    DONE = "done", _("已完成")
    CANCELLED = "cancelled", _("已取消")


class UnitState(Case):
    """One start, stop or overhaul of a unit: a registered device, or a workshop of the enterprise, by constraint one of
    the two. What was declared stays; ``state`` and when it was over alone change."""

    CASE, CALLED = "unit_state", "这次开停车或检修"
    JOINED = ("enterprise__supervisor", "device", "work_unit")
    KEPT = (
        "device_id", "work_unit_id", "change", "begins_at", "ends_at", "reason", "declared_at", "declared_by",
        "declared_by_id", "state", "ended_at", "ended_by", "ended_by_id", "note",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="unit_states")
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="unit_states")
    work_unit = models.ForeignKey(WorkUnit, models.PROTECT, null=True, blank=True, related_name="unit_states")
    change = models.CharField(_("事项"), max_length=10, choices=Change.choices)
    begins_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("预计完成"), null=True, blank=True)
    reason = models.CharField(_("说明"), max_length=200, blank=True)
    declared_at = models.DateTimeField(_("申报"))
    declared_by = models.CharField(_("申报人"), max_length=60)
    declared_by_id = actor_id()
    state = models.CharField(_("状态"), max_length=10, choices=ChangeState.choices, default=ChangeState.DECLARED)
    ended_at = models.DateTimeField(_("完成或取消"), null=True, blank=True)
    ended_by = models.CharField(_("登记人"), max_length=60, blank=True)
    ended_by_id = actor_id()
    note = models.CharField(_("取消原因"), max_length=200, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-begins_at", "-pk"]
        indexes = [
            models.Index(fields=["begins_at", "change"], name="unit_state_begins"),
            models.Index(fields=["enterprise", "begins_at"], name="unit_state_of"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(device__isnull=True) ^ models.Q(work_unit__isnull=True),
                name="unit_state_of_one_unit",
            ),
            models.UniqueConstraint(
                fields=["device", "change"], condition=models.Q(state="declared"), name="one_open_change_of_a_device"
            ),
            models.UniqueConstraint(
                fields=["work_unit", "change"], condition=models.Q(state="declared"),
                name="one_open_change_of_a_work_unit",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.unit_name} {self.get_change_display()}"

    @property
    def unit_name(self) -> str:
        """What the unit is called."""
        unit = self.device or self.work_unit
        return unit.name if unit is not None else ""
