"""Due things: what the machine must do, and what a person owes, each as a row with ``due_at``.

No deadline lives in memory or in a broker. The clock claims a due row by a conditional update and calls the handler
that an upper app registered for its kind; the auditor, apart from it, finds what is due and untouched.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.org.models import Agency, Person
from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise
from anlan.database.kinds import KindField


class ObligationState(models.TextChoices):
    PENDING = "pending", _("待到期")
    FIRED = "fired", _("已执行")
    MISSED = "missed", _("停机错过，已补")
    DONE = "done", _("按时完成")
    LATE = "late", _("逾期完成")
    OVERDUE = "overdue", _("逾期未完成")
    CANCELLED = "cancelled", _("已取消")


class Obligation(models.Model):
    """One due thing of one subject. ``key`` is deterministic: the same step can exist once only.

    Machine steps go pending → fired (or missed, when an outage was caught up by one merged notice) or cancelled;
    duties of people go pending → done | overdue → late, or cancelled. ``done_at`` is when a person fulfilled it.
    """

    key = models.CharField(max_length=120)
    kind = KindField(max_length=20, kinds=OBLIGATIONS)
    subject = models.CharField(max_length=60)
    """``warning:<id>``: the record of an upper app that this belongs to."""
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="obligations")
    source = models.ForeignKey(
        HazardSource, models.PROTECT, null=True, blank=True, related_name="obligations", db_index=False
    )
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="obligations", db_index=False
    )
    """Who owes it, when that is an agency."""
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="obligations", db_index=False
    )
    """Who answers for it, when that is one person."""
    step = models.PositiveIntegerField(null=True, blank=True)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ObligationState.choices, default=ObligationState.PENDING)
    fired_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    evidence = models.CharField(max_length=80, blank=True, default="", db_default="")
    """The record that shows that it was done, as a subject of the journal: ``entry:7``."""
    article = models.CharField(max_length=60, blank=True)
    payload = models.JSONField(default=dict, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [models.UniqueConstraint(fields=["key"], name="one_obligation_per_key")]
        indexes = [
            models.Index(fields=["state", "due_at"], name="obligation_look"),
            models.Index(fields=["subject", "state", "due_at"], name="obligation_of_subject"),
            models.Index(fields=["agency"], condition=models.Q(agency__isnull=False), name="obligation_of_agency"),
        ]

    def __str__(self) -> str:
        return self.key


class Tick(models.Model):
    """The last sign of life of a clock or auditor process, for the outside watcher and the health page."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
