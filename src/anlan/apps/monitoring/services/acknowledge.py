"""A person takes note of alarms."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.monitoring.models import Alarm
from anlan.apps.monitoring.services.reactions import tell
from anlan.apps.org.models import Person


def acknowledge(alarm_ids: Iterable[str], actor: str, person: Person | None, at: datetime, comment: str = "") -> int:
    """Mark alarms as acknowledged by ``actor`` and return how many were not yet; journaled one by one.

    ``comment`` is the reason in the person's words, the same for all of them; it may be blank.

    The caller has checked that ``person`` may see and handle them. An alarm that was acknowledged before keeps its
    first time and name, so repeating the call changes nothing. Each enterprise is one transaction: nobody waits for
    one enterprise while holding another.
    """
    name = person.name if person is not None else actor
    wanted = Alarm.objects.by_the_machine().filter(pk__in=list(alarm_ids))
    by_enterprise: dict[str, list[str]] = {}
    for key, code in wanted.order_by("pk").values_list("pk", "enterprise__code"):
        by_enterprise.setdefault(code, []).append(key)
    return sum(
        _acknowledge(code, keys, actor, name, at, comment.strip()[:200]) for code, keys in sorted(by_enterprise.items())
    )


@transaction.atomic
def _acknowledge(code: str, keys: list[str], actor: str, name: str, at: datetime, comment: str) -> int:
    chain = f"enterprise:{code}"
    journal.hold([chain])
    count, sources = 0, set[int]()
    for alarm in Alarm.objects.by_the_machine().filter(pk__in=keys, acknowledged_at__isnull=True).order_by("pk"):
        Alarm.objects.by_the_machine().filter(pk=alarm.pk).update(
            acknowledged_at=at, acknowledged_by=name, acknowledgement=comment
        )
        count += 1
        after = {"acknowledged_at": at, "acknowledged_by": name} | ({"comment": comment} if comment else {})
        journal.record(
            chain,
            "alarm.acknowledged",
            at=at,
            actor=actor,
            subject=f"alarm:{alarm.pk}",
            before={"acknowledged_at": None},
            after=after,
        )
        hint("alarm", code, id=alarm.pk, kind="acknowledged")
        if alarm.source_id is not None:
            sources.add(alarm.source_id)
    tell(sources, at)
    return count
