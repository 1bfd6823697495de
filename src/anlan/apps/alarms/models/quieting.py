"""What keeps an alarm from being announced: a shelf (搁置) for a time, a rule by design (设计抑制).

Three different things (IEC 62682): a shelf is one person's and silences the enterprise's own display alone; a rule is
approved and holds while its condition does; out of service is a filing's (`filing`). None of them keeps an alarm out
of the record.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.models.alarm import AlarmSide
from anlan.apps.org.actor import actor_id
from anlan.apps.org.case import Case
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise, OfEnterprise, Point


class ShelvingState(models.TextChoices):
    ASKED = "asked", _("待批准")
    IN_FORCE = "in_force", _("搁置中")
    REFUSED = "refused", _("未批准")
    WITHDRAWN = "withdrawn", _("已撤回")
    RETURNED = "returned", _("提前恢复")
    EXPIRED = "expired", _("到期恢复")


class Shelving(Case):
    """One side of one point kept off the enterprise's own display until ``ends_at``, with reason and person.

    A gas alarm is asked for first and stands only once the higher role has approved it; the others stand at once.
    """

    CASE, CALLED = "shelving", "这项搁置"
    KEPT = (
        "point_id", "side", "state", "reason", "minutes", "asked_at", "asked_by", "asked_by_id", "approver",
        "decided_at", "decided_by", "decided_by_id", "note", "begins_at", "ends_at", "ended_at", "ended_by",
        "ended_by_id",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="shelvings")
    point = models.ForeignKey(Point, models.PROTECT, related_name="shelvings")
    side = models.CharField(_("类型"), max_length=12, choices=AlarmSide.choices)
    state = models.CharField(_("状态"), max_length=10, choices=ShelvingState.choices)
    reason = models.CharField(_("原因"), max_length=200)
    minutes = models.PositiveIntegerField(_("时长（分）"))
    asked_at = models.DateTimeField(_("申请时间"))
    asked_by = models.CharField(_("申请人"), max_length=60)
    asked_by_id = actor_id()
    approver = models.CharField(_("批准方"), max_length=12, blank=True)
    """``principal`` or ``county`` where an approval is needed; empty where none is."""
    decided_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    decided_by = models.CharField(_("批准人"), max_length=60, blank=True)
    decided_by_id = actor_id()
    note = models.CharField(_("意见"), max_length=200, blank=True)
    begins_at = models.DateTimeField(_("起"), null=True, blank=True)
    ends_at = models.DateTimeField(_("止"), null=True, blank=True)
    ended_at = models.DateTimeField(_("恢复时间"), null=True, blank=True)
    ended_by = models.CharField(_("恢复人"), max_length=60, blank=True)
    ended_by_id = actor_id()
    """Empty when the time was up."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(fields=["enterprise", "state"], name="shelving_of_enterprise"),
            models.Index(fields=["asked_at", "id"], name="shelving_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["point", "side"],
                condition=models.Q(state__in=["asked", "in_force"]),
                name="one_open_shelving_per_point_side",
            )
        ]

    def __str__(self) -> str:
        return f"{self.point_id} {self.side} {self.state}"


class Comparison(models.TextChoices):
    AT_OR_BELOW = "at_or_below", _("不高于")
    AT_OR_ABOVE = "at_or_above", _("不低于")


class SuppressionState(models.TextChoices):
    PROPOSED = "proposed", _("待批准")
    APPROVED = "approved", _("已批准")
    REFUSED = "refused", _("未批准")
    RETIRED = "retired", _("已停用")


class SuppressionRule(Case):
    """While the condition point's value holds, alarms of one side of the target points are suppressed by design.

    Versions of one rule share ``code``; at most one of them is approved. ``is_holding`` is what the engine last found,
    with ``holds_since`` as the sample time from which it counts; a condition that cannot be read does not hold.
    """

    CASE, CALLED = "suppression", "这条规则"
    KEPT = (
        "code", "version", "name", "condition_id", "comparison", "threshold", "side", "reason", "state", "proposed_at",
        "proposed_by", "proposed_by_id", "decided_at", "decided_by", "decided_by_id", "agency_id", "note", "retired_at",
        "is_holding", "holds_since",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="suppressions")
    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField(_("版本"), default=1)
    name = models.CharField(_("名称"), max_length=60)
    condition = models.ForeignKey(Point, models.PROTECT, related_name="conditions_of")
    comparison = models.CharField(_("条件"), max_length=12, choices=Comparison.choices)
    threshold = models.FloatField(_("条件值"))
    points = models.ManyToManyField(Point, related_name="suppressions")
    side = models.CharField(_("抑制的报警"), max_length=12, choices=AlarmSide.choices)
    reason = models.CharField(_("依据"), max_length=200)
    state = models.CharField(
        _("状态"), max_length=10, choices=SuppressionState.choices, default=SuppressionState.PROPOSED
    )
    proposed_at = models.DateTimeField(_("申请时间"))
    proposed_by = models.CharField(_("申请人"), max_length=60)
    proposed_by_id = actor_id()
    decided_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    decided_by = models.CharField(_("批准人"), max_length=60, blank=True)
    decided_by_id = actor_id()
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="suppressions_decided")
    note = models.CharField(_("意见"), max_length=200, blank=True)
    retired_at = models.DateTimeField(_("停用时间"), null=True, blank=True)
    is_holding = models.BooleanField(_("条件成立"), default=False)
    holds_since = models.DateTimeField(_("成立起"), null=True, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["enterprise", "code", "-version"]
        indexes = [
            models.Index(fields=["state", "is_holding"], name="suppression_in_force"),
            models.Index(fields=["proposed_at", "id"], name="suppression_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "code", "version"], name="one_suppression_per_version"),
            models.UniqueConstraint(
                fields=["enterprise", "code"], condition=models.Q(state="approved"), name="one_suppression_approved"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
