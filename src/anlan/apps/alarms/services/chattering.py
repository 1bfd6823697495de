"""Marks alarms that chatter: three changes between alarm and normal within a minute, by the rules in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import datetime

from anlan.apps.alarms.models import Alarm, AlarmOrigin
from anlan.database.chunks import chunks
from anlan.rules.alarms import ChatterRule, chatters
from anlan.rules.rulebook import load


def mark_chattering(touched: Iterable[Alarm], made: Container[str]) -> None:
    """Set ``chatters`` on alarms that just began or ended and whose side changed too often; saves nothing.

    At most one query for some hundred points: what their sides did lately.
    """
    alarms = [alarm for alarm in touched if alarm.pk in made or alarm.cleared_at is not None]
    if not alarms:
        return
    rule = ChatterRule.of(load())  # one for all places, so that every engine marks alike
    oldest = min(alarm.raised_at for alarm in alarms) - rule.window
    changes: dict[tuple[int, str], set[datetime]] = defaultdict(set)
    for part in chunks(sorted({alarm.point_id for alarm in alarms})):
        ours = Alarm.objects.by_the_machine().filter(origin=AlarmOrigin.PLATFORM)
        lately = ours.filter(point_id__in=part, raised_at__gte=oldest - rule.window)
        for point, side, raised, cleared in lately.order_by().values_list(
            "point_id", "side", "raised_at", "cleared_at"
        ):
            changes[point, side] |= _instants(raised, cleared)
    for alarm in alarms:
        changes[alarm.point_id, alarm.side] |= _instants(alarm.raised_at, alarm.cleared_at)
    for alarm in alarms:
        since = alarm.raised_at - rule.window
        until = (alarm.cleared_at or alarm.raised_at) + rule.window
        mine = (at for at in changes[alarm.point_id, alarm.side] if since <= at <= until)
        alarm.chatters = alarm.chatters or chatters(mine, rule)


def _instants(raised: datetime, cleared: datetime | None) -> set[datetime]:
    return {raised, cleared} if cleared is not None else {raised}
