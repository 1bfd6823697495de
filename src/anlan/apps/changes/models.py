"""变更申请: what an enterprise asks to have changed of how it is watched, decided by its county or park (DQ-11)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.actor import actor_id
from anlan.apps.org.case import Case
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise, OfEnterprise
from anlan.rules.calendar import civil


class ChangeState(models.TextChoices):
    """Asked → approved (all rows kept), refused, taken back, or expired without a decision."""

    ASKED = "asked", _("待决定")
    APPROVED = "approved", _("已批准")
    REFUSED = "refused", _("不批准")
    WITHDRAWN = "withdrawn", _("已撤回")
    EXPIRED = "expired", _("已过期")


class ChangeRequest(Case):
    """A batch of rows (`enrolment.asking.Asked`) that are kept together or not at all. What was said stays.

    ``rows`` never change; what became of them stands in the revisions that name the request.
    """

    CASE, CALLED = "change", "这份变更申请"
    KEPT = (
        "reason", "sha256", "state", "asked_at", "asked_by", "asked_by_id", "expires_at", "decided_at", "decided_by",
        "decided_by_id", "agency_id", "note", "ended_at", "ended_by", "ended_by_id",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="change_requests")
    rows = models.JSONField(_("改动"))
    sha256 = models.CharField(_("指纹"), max_length=64)
    """Of the rows: the same asked for again while it waits is the same request."""
    reason = models.CharField(_("理由"), max_length=200)
    state = models.CharField(_("状态"), max_length=10, choices=ChangeState.choices, default=ChangeState.ASKED)
    asked_at = models.DateTimeField(_("提出"))
    asked_by = models.CharField(_("提出人"), max_length=60)
    asked_by_id = actor_id()
    expires_at = models.DateTimeField(_("有效至"))
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    decided_by = models.CharField(_("决定人"), max_length=60, blank=True)
    decided_by_id = actor_id()
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="changes_decided")
    """For whom the decision was made."""
    note = models.CharField(_("意见"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("结束"), null=True, blank=True)
    ended_by = models.CharField(_("结束人"), max_length=60, blank=True)
    ended_by_id = actor_id()

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "asked_at"], name="change_by_state"),
            models.Index(fields=["enterprise", "state"], name="change_of_enterprise"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "sha256"], condition=models.Q(state="asked"), name="one_request_for_the_same_rows"
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: BG-20240301-12."""
        return f"BG-{civil(self.asked_at):%Y%m%d}-{self.pk}"

    @property
    def loosens(self) -> int:
        """How many of its rows watch less closely."""
        return sum(bool(row["loosens"]) for row in self.rows)
