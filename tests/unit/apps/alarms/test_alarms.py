"""Kernel events become alarm rows: once each, in their order, together with what follows from them."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from django.db import transaction
from msgspec import structs
from tests.hats import staff
from tests.unit.apps.conftest import NOON

from anlan.apps.alarms.models import Alarm, AlarmEvent, AlarmOrigin
from anlan.apps.alarms.selectors import active_alarms_of
from anlan.apps.alarms.services import acknowledge, alarms, apply_events, hooks, record_peaks
from anlan.apps.journal.models import Entry
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import HazardSource
from anlan.stream.alarm import AlarmEvent as KernelEvent
from anlan.stream.alarm import Change, Peak, Side, alarm_id, event_id, level_name
from anlan.testing.sites import Site
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_else_reacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_handlers", [])


def micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


class Excursion:
    """Makes the kernel's events of one alarm, one after the other."""

    def __init__(self, site: Site, since: datetime, point: int = 0, side: Side = Side.HIGH) -> None:
        self.site, self.since, self.point, self.side = site, since, site.points[point], side
        self.id = alarm_id(self.point, side, micros(since))
        self.number, self.worst = 0, 0

    def event(self, change: Change, level: int, value: float | None, at: datetime) -> KernelEvent:
        self.worst = max(self.worst, level)
        self.number += 1
        return KernelEvent(
            event_id=event_id(self.id, self.number, change),
            alarm_id=self.id,
            point=self.point,
            enterprise=self.site.enterprise,
            source=self.site.source,
            side=self.side,
            change=change,
            level=level_name(self.side, level),
            worst=level_name(self.side, self.worst),
            value=value,
            limit=80.0,
            since_us=micros(self.since),
            at_us=micros(at),
            detected_us=micros(at) + 1_500_000,
        )


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_high_then_high_high_then_normal_is_one_alarm_whose_worst_was_high_high(world: list[Site]) -> None:
    one = Excursion(world[0], NOON)
    events = [
        one.event(Change.RAISED, 1, 85.0, after(5)),
        one.event(Change.WORSENED, 2, 95.5, after(10)),
        one.event(Change.EASED, 1, 84.0, after(20)),
        one.event(Change.CLEARED, 1, 50.0, after(30)),
    ]
    assert apply_events(events, after(31)) == 4
    alarm = Alarm.objects.get()
    assert (alarm.state, alarm.level, alarm.worst) == ("cleared", "H", "HH")
    assert (alarm.started_at, alarm.raised_at, alarm.cleared_at) == (NOON, after(5), after(30))
    assert alarm.extreme == 95.5
    assert alarm.detected_at == after(6.5)
    assert [event.change for event in alarm.events.all()] == ["raised", "worsened", "eased", "cleared"]


@pytest.mark.case("F1")
def test_the_worst_value_is_that_of_the_samples_and_not_that_of_the_events(world: list[Site]) -> None:
    high, low = Excursion(world[0], NOON), Excursion(world[0], NOON, point=1, side=Side.LOW)
    apply_events(
        [
            structs.replace(high.event(Change.RAISED, 1, 85.0, after(5)), extreme=88.0),
            structs.replace(low.event(Change.RAISED, 1, 15.0, after(5)), extreme=12.5),
        ],
        after(6),
    )
    assert dict(Alarm.objects.values_list("side", "extreme")) == {"high": 88.0, "low": 12.5}
    record_peaks([Peak("g", high.id, Side.HIGH, 89.25), Peak("g", low.id, Side.LOW, 3.0)])
    record_peaks([Peak("g", high.id, Side.HIGH, 86.0), Peak("g", low.id, Side.LOW, 9.0), Peak("g", "x", Side.LOW, 1.0)])
    apply_events([high.event(Change.CLEARED, 1, 50.0, after(30))], after(31))
    assert dict(Alarm.objects.values_list("side", "extreme")) == {"high": 89.25, "low": 3.0}


@pytest.mark.case("F1")
def test_a_fault_of_the_data_has_no_worst_value(world: list[Site]) -> None:
    silent = Excursion(world[0], NOON, side=Side.NO_DATA)
    apply_events(
        [silent.event(Change.RAISED, 1, 7.0, after(5)), silent.event(Change.CLEARED, 1, 9.0, after(9))], after(10)
    )
    assert Alarm.objects.get().extreme is None


def test_events_that_come_again_change_nothing(world: list[Site]) -> None:
    one = Excursion(world[0], NOON)
    events = [one.event(Change.RAISED, 1, 85.0, after(5)), one.event(Change.WORSENED, 2, 95.0, after(6))]
    assert apply_events(events, after(7)) == 2
    before = list(Alarm.objects.values()), list(AlarmEvent.objects.values())
    assert apply_events(events, after(60)) == 0
    assert apply_events(events[:1], after(61)) == 0
    assert (list(Alarm.objects.values()), list(AlarmEvent.objects.values())) == before


def test_ours_does_not_end_an_alarm_of_the_enterprises_own_system(world: list[Site]) -> None:
    theirs = Excursion(world[0], NOON)
    apply_events([theirs.event(Change.RAISED, 1, 85.0, after(5))], after(6))
    Alarm.objects.update(origin=AlarmOrigin.EDGE)
    ours = Excursion(world[0], after(10))
    apply_events([ours.event(Change.RAISED, 1, 86.0, after(15))], after(16))
    assert dict(Alarm.objects.values_list("origin", "state")) == {"edge": "active", "platform": "active"}


def by_staff(name: str) -> dict[int, Stand]:
    enterprise = Alarm.objects.first().enterprise  # type: ignore[union-attr]
    return {enterprise.pk: staff(enterprise, name)}


def test_an_alarm_acknowledged_while_active_stays_acknowledged_when_it_worsens(world: list[Site]) -> None:
    one = Excursion(world[0], NOON)
    apply_events([one.event(Change.RAISED, 1, 85.0, after(5))], after(5))
    assert acknowledge([one.id], by=by_staff("张示例"), at=after(8)) == 1
    apply_events([one.event(Change.WORSENED, 2, 95.0, after(9))], after(9))
    assert Alarm.objects.get().acknowledged_at == after(8)


def test_acknowledging_twice_keeps_the_first_name_and_one_journal_entry(world: list[Site]) -> None:
    from anlan.apps.journal.models import Entry

    one = Excursion(world[0], NOON)
    apply_events([one.event(Change.RAISED, 1, 85.0, after(5))], after(5))
    assert acknowledge([one.id], by=by_staff("张示例"), at=after(8)) == 1
    assert acknowledge([one.id], by=by_staff("李示例"), at=after(9)) == 0
    alarm = Alarm.objects.get()
    assert (alarm.acknowledged_by, alarm.acknowledged_at) == ("张示例", after(8))
    assert Entry.objects.filter(act="alarm.acknowledged").count() == 1


def test_handlers_hear_of_each_changed_source_once_and_see_the_rows(world: list[Site]) -> None:
    heard: list[tuple[int, int]] = []
    hooks.on_source_change(lambda source, now: heard.append((source, len(active_alarms_of(source)))))
    events = [Excursion(world[0], NOON, point=n).event(Change.RAISED, 1, 85.0, after(5)) for n in range(3)]
    events.append(Excursion(world[1], NOON).event(Change.RAISED, 1, 85.0, after(5)))
    apply_events(events, after(6))
    ids = [HazardSource.objects.get(code=site.source).pk for site in world]
    assert heard == [(ids[0], 3), (ids[1], 1)]


def test_an_alarm_whose_consequence_fails_is_not_written_either(world: list[Site]) -> None:
    def refuse(source_id: int, now: datetime) -> None:
        raise RuntimeError("no")

    hooks.on_source_change(refuse)
    event = Excursion(world[0], NOON).event(Change.RAISED, 1, 85.0, after(5))
    with pytest.raises(RuntimeError), transaction.atomic():
        apply_events([event], after(6))
    assert Alarm.objects.count() == 0
    assert apply_events([event], after(6), react=False) == 1


def test_a_new_excursion_closes_one_whose_end_was_never_seen(world: list[Site]) -> None:
    lost = Excursion(world[0], NOON)
    apply_events([lost.event(Change.RAISED, 1, 85.0, after(5))], after(5))
    fresh = Excursion(world[0], after(100))
    apply_events([fresh.event(Change.RAISED, 2, 95.0, after(100))], after(101))
    states: dict[str, Any] = dict(Alarm.objects.values_list("pk", "state"))
    assert states == {lost.id: "cleared", fresh.id: "active"}
    assert Alarm.objects.get(pk=lost.id).cleared_at == after(100)


def test_an_event_of_a_point_that_the_registry_lost_does_not_hold_up_the_others(world: list[Site]) -> None:
    stranger = Excursion(world[0], NOON)
    stranger.point = "000000000000X0000XX000"
    good = Excursion(world[1], NOON)
    events = [stranger.event(Change.RAISED, 1, 1.0, after(1)), good.event(Change.RAISED, 1, 85.0, after(1))]
    assert apply_events(events, after(2)) == 1
    assert Alarm.objects.get().pk == good.id


def test_what_a_flood_takes_grows_with_it_and_not_with_its_square(db: None) -> None:
    """Between two statements the database must not wait long: PostgreSQL ends a transaction that says nothing."""
    (site,) = build(NOON, enterprises=1, points=400)

    def calls_for(points: range) -> int:
        events = [Excursion(site, NOON, point=n).event(Change.RAISED, 1, 85.0, after(5)) for n in points]
        calls = 0

        def count(frame: FrameType, what: str, _: Any) -> None:
            nonlocal calls
            calls += what == "call" and frame.f_code.co_filename == alarms.__file__

        sys.setprofile(count)
        try:
            assert apply_events(events, after(6)) == len(points)
        finally:
            sys.setprofile(None)
        return calls

    few = calls_for(range(100))
    assert few > 100
    assert calls_for(range(100, 400)) < 4 * few


@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_an_alarm_found_while_our_clock_stood_ahead_does_not_end_before_it_began(world: list[Site], hours: int) -> None:
    one = Excursion(world[0], after(3600 * hours))
    apply_events([one.event(Change.RAISED, 1, 85.0, after(3600 * hours + 5))], after(3600 * hours + 6))
    apply_events([one.event(Change.CLEARED, 1, 50.0, after(60))], after(62))
    alarm = Alarm.objects.get()
    assert alarm.started_at <= alarm.raised_at <= alarm.cleared_at == after(60)  # type: ignore[operator]
    assert alarm.detected_at == after(61.5)
    (entry,) = Entry.objects.filter(act="alarm_start_corrected")
    assert entry.before["raised_at"] != entry.after["raised_at"]
    assert list(AlarmEvent.objects.order_by("at").values_list("at", flat=True))[-1] == after(3600 * hours + 5)


@pytest.mark.case("F22")
def test_the_limit_of_the_worst_level_stays_beside_it_when_the_alarm_eases_and_ends(world: list[Site]) -> None:
    """高高报 beside the high limit is a lie."""
    one = Excursion(world[0], NOON)
    events = [
        one.event(Change.RAISED, 1, 85.0, after(5)),
        structs.replace(one.event(Change.WORSENED, 2, 95.5, after(10)), limit=90.0),
        one.event(Change.EASED, 1, 84.0, after(20)),
        one.event(Change.CLEARED, 1, 50.0, after(30)),
    ]
    apply_events(events[:2], after(11))
    assert Alarm.objects.get().worst_limit == 90.0
    apply_events(events[2:], after(31))
    alarm = Alarm.objects.get()
    assert (alarm.worst, alarm.worst_limit, alarm.limit) == ("HH", 90.0, 80.0)
