"""Findings: something that is not as it must be, from found to closed: 发现→交办→整改→核验→销号 (U5). Clues (线索).

What the machine only suspects is judged first: 属实 or 误报.
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import CLUES, FINDINGS
from anlan.apps.org.actor import Signed
from anlan.apps.org.case import Case
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise
from anlan.database.kinds import KindField
from anlan.rules.patrol import RECTIFICATION_LABELS


class FindingState(models.TextChoices):
    SUSPECTED = "suspected", _("待判定")
    OPEN = "open", _("待交办")
    ASSIGNED = "assigned", _("整改中")
    RECTIFIED = "rectified", _("待核验")
    VERIFIED = "verified", _("待销号")
    CLOSED = "closed", _("已销号")


class Finding(Case):
    """One open matter of one kind and subject; found again while open, it counts up instead of doubling.

    The fields say where it stands now; who did what, when and in which words are its `FindingStep` rows. ``seq``
    counts assignments, so that each has its own due thing.
    """

    CASE, CALLED, JOINED = "finding", "这条问题", ("enterprise__supervisor", "source")
    KEPT = (
        "kind", "subject", "text", "found_at", "found_by", "state", "assigned_at", "assigned_by_id", "rectification",
        "measures", "due_at", "limit_source", "seq", "overdue_at", "rectified_at", "verified_at", "closed_at",
    )  # fmt: skip
    """``seen_at`` and ``times`` are counted up by the machine without an act."""
    MOVED = (
        "state", "assigned_at", "assigned_by", "rectification", "measures", "due_at", "limit_source", "seq",
        "overdue_at", "rectified_at", "verified_at", "closed_at",
    )  # fmt: skip

    kind = KindField(_("类型"), max_length=20, kinds=FINDINGS)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="findings")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="findings")
    subject = models.CharField(max_length=80)
    """What it is about, as the finder names it: ``source:<code>:<post>``, ``warning:<number>:<n>`` …"""
    text = models.CharField(_("内容"), max_length=300)
    state = models.CharField(_("状态"), max_length=10, choices=FindingState.choices, default=FindingState.OPEN)
    found_at = models.DateTimeField(_("发现时间"))
    seen_at = models.DateTimeField(_("最近发现"))
    times = models.PositiveIntegerField(_("次数"), default=1)
    found_by = models.CharField(_("发现人"), max_length=80, blank=True)
    """Empty when the system found it."""
    assigned_at = models.DateTimeField(_("交办时间"), null=True, blank=True)
    assigned_by = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="assigned_findings")
    rectification = models.CharField(
        _("整改方式"),
        max_length=14,
        blank=True,
        choices=[(str(kind), text) for kind, text in RECTIFICATION_LABELS.items()],
    )
    measures = models.CharField(_("管控措施"), max_length=500, blank=True)
    due_at = models.DateTimeField(_("整改时限"), null=True, blank=True)
    limit_source = models.CharField(_("时限来源"), max_length=200, blank=True)
    """本地设定 (with its document) when nobody set the limit (GEN-10); empty when the assigning unit did."""
    seq = models.PositiveIntegerField(default=0)
    overdue_at = models.DateTimeField(_("逾期"), null=True, blank=True)
    """When the limit of the running assignment passed without a rectification."""
    rectified_at = models.DateTimeField(_("整改时间"), null=True, blank=True)
    verified_at = models.DateTimeField(_("核验时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("销号时间"), null=True, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-found_at"]
        indexes = [
            models.Index(fields=["enterprise", "state"]),
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["found_at", "id"], name="finding_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=~models.Q(state="closed"), name="one_open_finding_per_subject"
            )
        ]

    def __str__(self) -> str:
        return self.text


class StepKind(models.TextChoices):
    JUDGED = "judged", _("判定属实")
    REFUTED = "refuted", _("判定误报")
    REOPENED = "reopened", _("再次出现")
    ASSIGNED = "assigned", _("交办")
    OVERDUE = "overdue", _("整改逾期")
    RECTIFIED = "rectified", _("整改")
    SENT_BACK = "sent_back", _("核验退回")
    VERIFIED = "verified", _("核验通过")
    CLOSED = "closed", _("销号")


class FindingStep(Signed):
    """One step on the way, added and never changed."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="steps")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="finding_steps")
    kind = models.CharField(max_length=10, choices=StepKind.choices)
    text = models.CharField(max_length=500, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.kind}"


class ClueState(models.TextChoices):
    OPEN = "open", _("待核查")
    CONFIRMED = "confirmed", _("查实")
    REFUTED = "refuted", _("查否")


class OfSupervision(OfEnterprise["Clue"]):
    """Rows about an enterprise that its agencies see and the enterprise itself does not."""

    def within(self, scope: Scope) -> Self:
        # a page's scope is found out lazily, so it is read here field by field
        return super().within(Scope(everything=scope.everything, agency_paths=scope.agency_paths))


class Clue(models.Model):
    """线索: what points to a violation, kept with its evidence as it was at that instant (SEC-03).

    Added and never changed but for ``state``: what it says is sealed. ``sha256`` is the digest of ``evidence``
    (`services.clues.digest_of`), so that a copy handed on can be held against it.
    """

    kind = KindField(_("类型"), max_length=20, kinds=CLUES)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="clues")
    finding = models.ForeignKey(Finding, models.PROTECT, null=True, blank=True, related_name="clues")
    subject = models.CharField(max_length=80)
    """What it is about: ``point:<code>`` …"""
    text = models.CharField(_("内容"), max_length=300)
    label = models.CharField(_("依据"), max_length=80)
    """The article that the act goes against, or 本地设定."""
    evidence = models.JSONField(_("证据"))
    sha256 = models.CharField(_("证据指纹"), max_length=64)
    state = models.CharField(_("状态"), max_length=10, choices=ClueState.choices, default=ClueState.OPEN)
    found_at = models.DateTimeField(_("发现时间"))

    objects = OfSupervision.as_manager()

    class Meta:
        ordering = ["-found_at", "-pk"]
        indexes = [models.Index(fields=["enterprise", "state"], name="clue_of_enterprise")]

    def __str__(self) -> str:
        return self.text
