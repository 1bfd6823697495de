"""Looks through late data once it has settled: what the engine could not see is recorded, what began earlier is set
right. Never a live alarm, warning or clock (docs/decisions/0012-late-data.md). Runs in the historian's database thread.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from anlan.apps.alarms.selectors import point_specs
from anlan.apps.alarms.services.late import record_late
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.history.selectors.stored import instant, micros, stored
from anlan.apps.history.services import late
from anlan.apps.registry.selectors import equipment
from anlan.apps.registry.selectors.revisions import Setting, settings_between
from anlan.now import AHEAD_AFTER, is_ahead
from anlan.stream.lookback import Excursion, excursions
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec

logger = logging.getLogger(__name__)

SETTLED = timedelta(seconds=60)
"""Late data usually comes as a train of packets: it is looked through when nothing more came for so long (本地设定)."""
MARGIN = timedelta(hours=1)
LONGEST_MARGIN = timedelta(hours=24)
"""An excursion that reaches back beyond the margin is followed so far; what began earlier is dated there."""
POINTS_AT_ONCE = 100


def look(now: datetime, mine: Collection[int], behind: set[str]) -> bool:
    """Look through the next stretch; False when none waits. A kill in between makes it be looked through again.

    ``mine``: partitions to look at. ``behind``: gateways to leave out; those of other partitions and those where the
    engine has not read so far yet are added.
    """
    waiting = late.next_waiting(micros(now - SETTLED), micros(now + AHEAD_AFTER), behind)
    if waiting is None:
        return False
    received = min(instant(waiting.received_us), now)
    if partition_of(waiting.enterprise) not in mine or not _engine_is_there(waiting, now):
        behind.add(waiting.gateway)
        return True
    found = list(_found(waiting))
    changed = record_late(found, received, now)
    late.looked_through(waiting, micros(now))
    if changed:
        logger.warning(
            "late data of %s from %s to %s: %d records", waiting.gateway, instant(waiting.first_us),
            instant(waiting.last_us), changed,
        )  # fmt: skip
    return True


def _engine_is_there(waiting: late.Waiting, now: datetime) -> bool:
    """Whether the engine has taken what came with the late data: before that its own alarms may still be to come.

    A receipt in the future says nothing of that; the engine's own have been set back (`gateways.services.links`).
    """
    received_at = instant(waiting.received_us)
    if is_ahead(received_at, now):
        return True
    link = GatewayLink.objects.filter(gateway__code=waiting.gateway).by_the_machine().first()
    return link is None or link.last_received_at is None or link.last_received_at >= received_at


def _found(waiting: late.Waiting) -> Iterator[Excursion]:
    specs = [spec for spec in point_specs([waiting.enterprise]) if spec.gateway == waiting.gateway]
    for at in range(0, len(specs), POINTS_AT_ONCE):
        yield from _of_points(specs[at : at + POINTS_AT_ONCE], waiting)


def _of_points(specs: Sequence[PointSpec], waiting: late.Waiting) -> list[Excursion]:
    codes = {spec.code for spec in specs}
    first, last = instant(waiting.first_us), instant(waiting.last_us)
    points = list(equipment.points_with(codes).select_related("enterprise"))
    margin = MARGIN
    while True:
        start, end = first - margin, last + MARGIN
        held = stored(waiting.gateway, codes, micros(start), micros(end), by_minute=False)
        settings = _over_time(specs, settings_between(points, start, end))
        found = [
            each
            for each in excursions(waiting.gateway, settings, held.series)
            if each.since_us <= waiting.last_us and (each.cleared_us is None or each.cleared_us >= waiting.first_us)
        ]
        began = {
            code: min(int(one.sampled_us.min()) for one in each if len(one))
            for code, each in held.series.items()
            if any(len(one) for one in each)
        }
        if margin >= LONGEST_MARGIN or all(each.since_us > began[each.point] for each in found):
            return found
        margin = min(4 * margin, LONGEST_MARGIN)


def _over_time(specs: Sequence[PointSpec], settings: dict[str, list[Setting]]) -> list[tuple[int, list[PointSpec]]]:
    """All points as they were set at each time when one of them changed; the first holds from the beginning."""
    moments: list[datetime | None] = [None, *sorted({s.since for each in settings.values() for s in each if s.since})]
    return [(0 if at is None else micros(at), [_at(spec, settings[spec.code], at) for spec in specs]) for at in moments]


def _at(spec: PointSpec, settings: Sequence[Setting], at: datetime | None) -> PointSpec:
    held = [each for each in settings if each.since is None or (at is not None and each.since <= at)]
    return msgspec.structs.replace(spec, **held[-1].values)
