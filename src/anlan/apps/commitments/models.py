"""The daily commitment (安全承诺): one row a day and enterprise, its versions, and the assessments it stands on."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments.form import SCHEMA
from anlan.apps.org.actor import Signed, actor_id
from anlan.apps.org.case import Case
from anlan.apps.org.models import Person
from anlan.apps.registry.models import Enterprise, OfEnterprise
from anlan.rules.commitment import DayRisk

RISKS = [
    (str(DayRisk.MAJOR), _("重大")),
    (str(DayRisk.LARGER), _("较大")),
    (str(DayRisk.GENERAL), _("一般")),
    (str(DayRisk.LOW), _("低")),
]


class CommitmentState(models.TextChoices):
    DRAFT = "draft", _("填报中")
    COMMITTED = "committed", _("已承诺")


class Commitment(Case):
    """One enterprise on one civil day. ``values``: what is entered now; what was committed stands in the versions.

    ``first_at``: when the first complete version was received, by which the day is judged (COM-07); ``version`` and
    ``risk`` are those of the latest one.
    """

    CASE, CALLED = "commitment", "今日承诺"
    KEPT = ("day", "state", "version", "risk", "first_at", "seq", "acknowledged")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="commitments")
    day = models.DateField(_("日期"))
    state = models.CharField(_("状态"), max_length=10, choices=CommitmentState.choices, default=CommitmentState.DRAFT)
    values = models.JSONField(_("填报内容"), default=dict)
    schema_version = models.PositiveSmallIntegerField(default=1)
    seq = models.PositiveIntegerField(_("修改次数"), default=0)
    acknowledged = models.JSONField(_("承诺人知悉"), default=list, blank=True)
    """Codes of the workshops without an assessment that the principal was shown and acknowledged."""
    entered_at = models.DateTimeField(_("填报时间"), null=True, blank=True)
    entered_by = models.CharField(_("填报人"), max_length=80, blank=True)
    entered_by_id = actor_id()
    first_at = models.DateTimeField(_("首次承诺"), null=True, blank=True)
    version = models.PositiveIntegerField(_("版本"), default=0)
    risk = models.CharField(_("风险等级"), max_length=10, choices=RISKS, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint(fields=["enterprise", "day"], name="one_commitment_a_day")]
        indexes = [models.Index(fields=["day", "state"], name="commitment_by_day")]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.day}"

    @property
    def held(self) -> dict[str, Any]:
        """What is entered, as Python values; an item that is still empty is None."""
        return {field.key: field.taken(self.values[field.key]) if field.key in self.values else None
                for field in SCHEMA.fields}  # fmt: skip


class CommitmentVersion(Signed):
    """One promise: all that was promised, by whom, received when. Added and never changed."""

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="versions")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="commitment_versions")
    number = models.PositiveIntegerField(_("版本"))
    values = models.JSONField(_("内容"))
    schema_version = models.PositiveSmallIntegerField(default=1)
    risk = models.CharField(_("风险等级"), max_length=10, choices=RISKS)
    changes = models.JSONField(_("更正"), default=list)
    """``[title, before, after]`` in words, of every item that is another than in the version before."""
    acknowledged = models.JSONField(_("承诺人知悉"), default=list)
    """``[code, name]`` of the workshops that had handed in no assessment."""
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="commitments")
    acting_for = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="commitments_by_deputy")
    """The principal in whose stead the promise was made; empty for the principal's own."""
    entered_by = models.CharField(_("填报人"), max_length=80, blank=True)
    taken_at = models.DateTimeField(_("手机上的时刻"), null=True, blank=True)
    """When the act was taken on a phone without a line, by the phone's clock; ``at`` is when it was received."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["commitment", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.commitment_id} v{self.number}"

    @property
    def held(self) -> dict[str, Any]:
        """What was promised, as Python values."""
        return SCHEMA.taken(self.values)


class WorkUnitLevel(models.TextChoices):
    WORKSHOP = "workshop", _("车间")
    TEAM = "team", _("班组")


class WorkUnit(models.Model):
    """A workshop or a team of an enterprise, whose assessment the commitment stands on (各级研判, COM-04)."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="work_units")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="teams")
    level = models.CharField(_("层级"), max_length=10, choices=WorkUnitLevel.choices)
    name = models.CharField(_("名称"), max_length=60)
    is_active = models.BooleanField(_("在用"), default=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="one_name_per_team"),
            models.UniqueConstraint(
                fields=["enterprise", "name"], condition=models.Q(parent__isnull=True), name="one_name_per_workshop"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Assessment(Signed):
    """What a team or a workshop assessed on a day, signed; handed in again it is another row (the latest counts)."""

    unit_of_work = models.ForeignKey(WorkUnit, models.PROTECT, related_name="assessments")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="assessments")
    day = models.DateField(_("日期"))
    risk = models.CharField(_("风险等级"), max_length=10, choices=RISKS)
    risks = models.CharField(_("风险"), max_length=1000)
    measures = models.CharField(_("措施"), max_length=1000)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["enterprise", "day"], name="assessment_of_day")]

    def __str__(self) -> str:
        return f"{self.unit_of_work_id} {self.day}"
