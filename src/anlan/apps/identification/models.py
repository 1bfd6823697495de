"""One identification of one unit: what it is designed to hold, what the standard makes of it, who reviewed that."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.actor import actor_id
from anlan.apps.org.case import Case
from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise, SourceLevel
from anlan.rules.calendar import civil
from anlan.rules.identification import UnitKind

KINDS = [(str(UnitKind.STORAGE), _("储存单元")), (str(UnitKind.PRODUCTION), _("生产单元"))]


class Why(models.TextChoices):
    """What an identification was made for."""

    FIRST = "first", _("首次辨识")
    AGE = "age", _("满期重新辨识")
    UNIT = "unit", _("单元变化")
    SUBSTANCE = "substance", _("物质变化")
    QUANTITY = "quantity", _("数量变化")
    PROCESS = "process", _("工艺变化")
    SURROUNDINGS = "surroundings", _("周边环境变化")
    ACCIDENT = "accident", _("发生事故")
    STANDARD = "standard", _("标准更新")


class State(models.TextChoices):
    """Entered → confirmed by another person (in force until the next one of its unit) or sent back."""

    ENTERED = "entered", _("待审核")
    RETURNED = "returned", _("已退回")
    CONFIRMED = "confirmed", _("有效")
    REPLACED = "replaced", _("已被取代")


class Identification(Case):
    """What was entered never changes; ``outcome`` is what `rules.identification` made of it, as texts.

    A unit is its name within its enterprise. ``amounts``: ``[{"name", "design_max_t", "symbols"}]`` in t.
    """

    CASE, CALLED = "identification", "这次辨识"
    JOINED = ("enterprise__supervisor", "source")
    KEPT = (
        "unit", "kind", "why", "exposed", "amounts", "outcome", "is_major", "level", "state", "made_at", "made_by",
        "made_by_id", "decided_at", "decided_by", "decided_by_id", "note", "source_id", "again_on", "asked_again",
        "filed_no", "filed_on", "filed_by", "filed_by_id", "ended_at", "ended_by", "ended_by_id",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="identifications")
    unit = models.CharField(_("单元"), max_length=60)
    kind = models.CharField(_("单元类别"), max_length=10, choices=KINDS)
    why = models.CharField(_("辨识原因"), max_length=12, choices=Why.choices, default=Why.FIRST)
    exposed = models.PositiveIntegerField(_("常住人口数"))
    amounts = models.JSONField(_("物质"))
    outcome = models.JSONField(_("辨识结论"))
    is_major = models.BooleanField(_("构成重大危险源"))
    level = models.CharField(_("等级"), max_length=1, choices=SourceLevel.choices, blank=True)
    """Empty for what is no major hazard source."""
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.ENTERED)
    made_at = models.DateTimeField(_("填报"))
    made_by = models.CharField(_("填报人"), max_length=60)
    made_by_id = actor_id()
    decided_at = models.DateTimeField(_("审核"), null=True, blank=True)
    decided_by = models.CharField(_("审核人"), max_length=60, blank=True)
    decided_by_id = actor_id()
    note = models.CharField(_("意见"), max_length=200, blank=True)
    source = models.ForeignKey(
        HazardSource,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="identifications",
        verbose_name=_("登记的危险源"),
    )
    again_on = models.DateField(_("重新辨识期限"), null=True, blank=True)
    asked_again = models.CharField(_("须重新辨识的原因"), max_length=200, blank=True)
    filed_no = models.CharField(_("备案编号"), max_length=60, blank=True)
    filed_on = models.DateField(_("备案日期"), null=True, blank=True)
    filed_by = models.CharField(_("备案受理人"), max_length=60, blank=True)
    filed_by_id = actor_id()
    ended_at = models.DateTimeField(_("结束"), null=True, blank=True)
    ended_by = models.CharField(_("结束人"), max_length=60, blank=True)
    ended_by_id = actor_id()

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "unit"], condition=models.Q(state="confirmed"), name="one_identification_in_force"
            ),
            models.UniqueConstraint(
                fields=["enterprise", "unit"], condition=models.Q(state="entered"), name="one_identification_in_review"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: BS-20240301-12."""
        return f"BS-{civil(self.made_at):%Y%m%d}-{self.pk}"

    @property
    def concludes(self) -> str:
        """三级重大危险源, or that it is none."""
        return f"{self.get_level_display()}重大危险源" if self.is_major else "不构成重大危险源"
