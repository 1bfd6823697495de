"""A person takes note of alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.entitled import may_acknowledge
from anlan.apps.alarms.models import Alarm
from anlan.apps.alarms.services.hooks import tell
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import Stand

_NOT_STAFF = _("报警由企业人员确认；您在这家企业没有此项职责。")


def acknowledge(alarm_ids: Iterable[str], *, by: Mapping[int, Stand], at: datetime, comment: str = "") -> int:
    """Mark alarms as acknowledged and return how many were not yet; journaled one by one.

    ``by`` is the person's stand towards each of the alarms' enterprises, by its key. ``comment`` is the reason in their
    words, the same for all of them; it may be blank. One alarm of an enterprise on whose staff they are not refuses
    the whole act: PermissionDenied, journaled. An alarm that was acknowledged before keeps its
    first time and name, so repeating the call changes nothing. Each enterprise is one transaction: nobody waits for
    one enterprise while holding another.
    """
    wanted = Alarm.objects.by_the_machine().filter(pk__in=list(alarm_ids)).select_related("enterprise")
    by_enterprise: dict[str, list[Alarm]] = {}
    for alarm in wanted.order_by("pk"):
        by_enterprise.setdefault(alarm.enterprise.code, []).append(alarm)
    for first, *_others in by_enterprise.values():
        stand = by[first.enterprise_id]
        require(may_acknowledge(stand, first), first, by=stand, words=_NOT_STAFF)
    return sum(
        _acknowledge(code, alarms, by[alarms[0].enterprise_id].actor, at, comment.strip()[:200])
        for code, alarms in sorted(by_enterprise.items())
    )


@transaction.atomic
def _acknowledge(code: str, alarms: list[Alarm], actor: Actor, at: datetime, comment: str) -> int:
    chain = f"enterprise:{code}"
    journal.hold([chain])
    count, sources, name = 0, set[int](), actor.name[:60]
    keys = [alarm.pk for alarm in alarms]
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
            actor=actor.id,
            subject=f"alarm:{alarm.pk}",
            before={"acknowledged_at": None},
            after=after,
        )
        hint("alarm", code, id=alarm.pk, kind="acknowledged")
        if alarm.source_id is not None:
            sources.add(alarm.source_id)
    tell(sources, at)
    return count
