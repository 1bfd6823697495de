"""The acts with which comparing begins: what stood then, for rows that were written before acts said it.

Written once by the auditor. A change that was made behind the product's back before it is not found by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from anlan.apps.accounts.models import Grant, User
from anlan.apps.accounts.services import GRANTED
from anlan.apps.delivery.models import Message, Notice
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Enterprise, Gateway, Point

SYSTEM, INSTALLATION = "system", "installation"
BEGAN, GRANTS_STOOD, REGISTER_STOOD = "comparing_began", "grants_stood", "register_stood"
SUBJECT = "acts"


@dataclass(frozen=True, slots=True)
class Since:
    """From when on notices and readings have acts: later rows without one are a fault."""

    at: datetime
    notice: int
    message: int

    def covers(self, message: int, read_at: datetime) -> bool:
        """Whether a reading must stand in the journal."""
        return message > self.message or read_at > self.at


def since() -> Since | None:
    """When comparing began; None before the auditor's first look."""
    entry = Entry.objects.filter(subject=SUBJECT, act=BEGAN).order_by("pk").first()
    return None if entry is None else Since(entry.at, entry.said["notice"], entry.said["message"])


def begin(now: datetime) -> None:
    """Journal what stands now of notices, readings, grants and operators. Again: nothing."""
    with transaction.atomic():
        journal.hold([SYSTEM, INSTALLATION])
        if since() is not None:
            return
        newest = {
            name: model._base_manager.aggregate(newest=Max("pk"))["newest"] or 0
            for name, model in (("notice", Notice), ("message", Message))
        }
        grants = {str(row.pk): journal.state_of(row, GRANTED) for row in Grant.objects.order_by("pk")}
        journal.record_all(
            [
                journal.Act(SYSTEM, BEGAN, now, subject=SUBJECT, after=newest),
                journal.Act(
                    INSTALLATION, GRANTS_STOOD, now, subject="grants",
                    after={"grants": grants, "operators": list(operators())},
                ),
            ]
        )  # fmt: skip


def operators() -> Iterator[str]:
    """The log-ins that see and register everything."""
    yield from User.objects.filter(is_superuser=True).order_by("pk").values_list("username", flat=True)


def register(enterprise: Enterprise, now: datetime) -> bool:
    """Journal the limits and gateway keys of an enterprise as they stand; False: it was done before."""
    chain, subject = f"enterprise:{enterprise.code}", f"register:{enterprise.code}"
    if Entry.objects.filter(subject=subject, act=REGISTER_STOOD).exists():
        return False
    with transaction.atomic():
        journal.hold([chain])
        if Entry.objects.filter(subject=subject, act=REGISTER_STOOD).exists():
            return False
        points = Point._base_manager.filter(enterprise=enterprise).order_by("pk")
        keys = Gateway._base_manager.filter(enterprise=enterprise).values_list("code", "key_sha256")
        after = {
            "points": {point.code: registry.limits_mark(registry.limits_of(point)) for point in points},
            "gateways": {code: registry.key_mark(key) for code, key in keys},
        }
        journal.record(chain, REGISTER_STOOD, at=now, subject=subject, after=after)
    return True
