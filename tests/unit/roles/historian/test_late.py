"""Late data: history becomes whole, what nobody saw is recorded, what began earlier is set right, nothing goes live."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.hats import called
from tests.unit.roles.historian.recorded import START, Plant, us

from anlan.apps.alarms.models import Alarm, AlarmEvent, Retrospective, Shown
from anlan.apps.alarms.services import apply_events
from anlan.apps.delivery.models import Notice
from anlan.apps.history.models import LateStretch
from anlan.apps.history.selectors import raw, trend
from anlan.apps.history.services import compact_hour, hours_to_compact, late
from anlan.apps.history.services.late import waiting_count
from anlan.apps.journal.models import Entry
from anlan.apps.registry.services import change_limits
from anlan.apps.warnings.models import Warning
from anlan.roles.historian.late import look
from anlan.stream.kernel import Kernel
from anlan.stream.partition import PARTITIONS

pytestmark = pytest.mark.django_db
NOON = START + timedelta(hours=12)


def steady(begin: datetime, end: datetime, value: float = 50.0, every_s: int = 30) -> list[tuple[datetime, float]]:
    count = int((end - begin).total_seconds()) // every_s
    return [(begin + timedelta(seconds=every_s * n), value) for n in range(count)]


def look_at_all(now: datetime) -> None:
    behind: set[str] = set()
    while look(now, range(PARTITIONS), behind):
        pass


def settled(plant: Plant, received: datetime) -> datetime:
    """The moment when late data received at ``received`` have been looked through, all of them."""
    plant.store()
    plant.heard(received)
    now = received + timedelta(minutes=2)
    look_at_all(now)
    return now


def hidden_peak() -> list[tuple[datetime, float]]:
    """Two hours around noon; for five minutes beyond the high limit of 80."""
    rise, fall = NOON + timedelta(minutes=10), NOON + timedelta(minutes=15)
    before = steady(NOON - timedelta(hours=1), rise)
    return [*before, *steady(rise, fall, 86.0), *steady(fall, NOON + timedelta(hours=1))]


@pytest.mark.reliability(23)
def test_data_a_day_old_with_a_violation_make_a_retrospective_record_and_no_warning() -> None:
    plant = Plant()
    plant.take(steady(START, NOON - timedelta(hours=1)))
    tomorrow = NOON + timedelta(days=1)
    plant.take(steady(tomorrow, tomorrow + timedelta(minutes=5)))
    plant.store()
    for hour in hours_to_compact(us(tomorrow), limit=100):
        compact_hour(*hour)
    taken = hidden_peak()
    received = tomorrow + timedelta(minutes=5)
    plant.take(taken, received)
    apply_events(Kernel(plant.table).apply_many(plant.frames), received)  # the engine hears it all, in this order
    now = settled(plant, received)
    found = Retrospective.objects.get(point=plant.point)
    assert (found.shown, found.worst, found.limit, found.extreme) == (Shown.EXCURSION, "H", 80.0, 86.0)
    assert found.started_at == NOON + timedelta(minutes=10)
    assert found.cleared_at == NOON + timedelta(minutes=15)
    assert (found.received_at, found.found_at) == (received, now)
    assert Retrospective.objects.count() == len(plant.table)
    assert not Alarm.objects.exists()
    assert not Warning.objects.exists()
    assert not Notice.objects.by_the_machine().exists()
    assert Entry.objects.filter(act="late_excursion").count() == len(plant.table)
    # history is whole, before and after the compactor has taken it up again
    for _ in range(2):
        held = raw(plant.point, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
        assert list(zip(held.sampled_at_us.tolist(), held.value.tolist(), strict=True)) == [
            (us(t), v) for t, v in taken
        ]
        day = trend(plant.point, START, START + timedelta(days=1), 24)
        assert day.highest == 86.0
        for hour in hours_to_compact(us(tomorrow), limit=100):
            compact_hour(*hour)
    assert waiting_count() == 0


def test_looking_again_and_more_late_data_change_only_what_they_show() -> None:
    plant = Plant(points=1)
    tomorrow = NOON + timedelta(days=1)
    plant.take(steady(tomorrow, tomorrow + timedelta(minutes=5)))
    taken = hidden_peak()
    first, second = taken[::2], taken[1::2]
    received = tomorrow + timedelta(minutes=5)
    plant.take(first, received)
    settled(plant, received)
    [before] = Retrospective.objects.all()
    LateStretch.objects.update(evaluated_us=None)
    settled(plant, received)
    assert Entry.objects.filter(act__startswith="late_excursion").count() == 1
    earlier = [(NOON + timedelta(minutes=9, seconds=45), 91.0)]
    plant.take([*second, *earlier], received + timedelta(minutes=10))
    settled(plant, received + timedelta(minutes=10))
    [after] = Retrospective.objects.all()
    assert (after.pk, after.worst, after.extreme) == (before.pk, "HH", 91.0)
    assert after.started_at == NOON + timedelta(minutes=9, seconds=45)
    assert Entry.objects.filter(act="late_excursion_changed").count() == 1


@pytest.mark.reliability(24)
def test_a_late_sample_that_shows_an_earlier_start_corrects_it_with_an_entry_and_no_clock_begins_anew() -> None:
    plant = Plant(points=1)
    kernel = Kernel(plant.table)
    live = [
        *steady(NOON, NOON + timedelta(minutes=10)),
        *steady(NOON + timedelta(minutes=15), NOON + timedelta(minutes=25), 86.0),
    ]
    plant.take(live)
    apply_events(kernel.apply_many(plant.frames), NOON + timedelta(minutes=25))
    [alarm] = Alarm.objects.all()
    assert alarm.started_at == NOON + timedelta(minutes=15)
    events, warnings = list(AlarmEvent.objects.values()), list(Warning.objects.values())
    plant.store()
    received = NOON + timedelta(minutes=30)
    plant.take(steady(NOON + timedelta(minutes=12), NOON + timedelta(minutes=15), 84.0), received)
    apply_events(kernel.apply_many(plant.frames[len(live) :]), received)
    now = settled(plant, received)
    [corrected] = Alarm.objects.all()
    assert corrected.started_at == NOON + timedelta(minutes=12)
    unchanged = ("pk", "raised_at", "detected_at", "state", "worst", "extreme", "changed_at", "acknowledged_at")
    assert all(getattr(corrected, name) == getattr(alarm, name) for name in unchanged)
    assert list(AlarmEvent.objects.values()) == events
    assert list(Warning.objects.values()) == warnings
    [record] = Retrospective.objects.all()
    assert (record.shown, record.alarm_id) == (Shown.EARLIER, alarm.pk)
    assert (record.was_started_at, record.started_at) == (alarm.started_at, corrected.started_at)
    [entry] = Entry.objects.filter(act="alarm_start_corrected")
    assert (entry.subject, entry.at) == (f"alarm:{alarm.pk}", now)
    LateStretch.objects.update(evaluated_us=None)
    settled(plant, received)
    assert Entry.objects.filter(act="alarm_start_corrected").count() == 1


@pytest.mark.case("F1")
def test_a_late_sample_that_went_further_is_the_worst_value_of_the_alarm_too() -> None:
    """The live evaluation passed it over, being older than the point's newest; the curve shows it."""
    plant = Plant(points=1)
    kernel = Kernel(plant.table)
    live = [
        *steady(NOON, NOON + timedelta(minutes=10)),
        *steady(NOON + timedelta(minutes=10), NOON + timedelta(minutes=20), 86.0),
        *steady(NOON + timedelta(minutes=20), NOON + timedelta(minutes=25)),
    ]
    plant.take(live)
    apply_events(kernel.apply_many(plant.frames), NOON + timedelta(minutes=25))
    plant.store()
    received = NOON + timedelta(minutes=30)
    peak = (NOON + timedelta(minutes=15, seconds=7), 89.25)
    plant.take([peak], received)
    assert kernel.apply_many(plant.frames[len(live) :]) == []
    now = settled(plant, received)
    alarm = Alarm.objects.get()
    assert alarm.extreme == 89.25 == trend(plant.point, alarm.started_at, alarm.cleared_at, 24).highest
    [entry] = Entry.objects.filter(act="alarm_extreme_corrected")
    assert (entry.subject, entry.at) == (f"alarm:{alarm.pk}", now)
    LateStretch.objects.update(evaluated_us=None)
    settled(plant, received)
    assert Entry.objects.filter(act="alarm_extreme_corrected").count() == 1


def test_the_limits_of_that_day_decide_not_those_of_today() -> None:
    plant = Plant(points=1)
    tomorrow = NOON + timedelta(days=1)
    change_limits(plant.point, by=called("x"), at=NOON + timedelta(hours=6), h=85.0)
    plant.take(steady(tomorrow, tomorrow + timedelta(minutes=5)))
    received = tomorrow + timedelta(minutes=5)
    plant.take([(at, min(value, 82.0)) for at, value in hidden_peak()], received)
    settled(plant, received)
    assert Retrospective.objects.get().limit == 80.0


def test_what_the_engine_has_not_read_yet_is_looked_at_later() -> None:
    plant = Plant(points=1)
    tomorrow = NOON + timedelta(days=1)
    plant.take(steady(tomorrow, tomorrow + timedelta(minutes=5)))
    received = tomorrow + timedelta(minutes=5)
    plant.take(hidden_peak(), received)
    plant.store()
    plant.heard(received - timedelta(minutes=1))
    now = received + timedelta(minutes=2)
    look_at_all(now)
    assert not Retrospective.objects.exists()
    assert waiting_count() > 0
    plant.heard(received)
    look_at_all(now + timedelta(minutes=2))
    assert Retrospective.objects.exists()


@pytest.mark.case("A1")
def test_late_data_received_while_our_clock_stood_ahead_is_looked_through_once_it_is_set_right() -> None:
    plant = Plant()
    plant.take(steady(START, NOON - timedelta(hours=1)))
    tomorrow = NOON + timedelta(days=1)
    plant.take(steady(tomorrow, tomorrow + timedelta(minutes=5)))
    plant.take(hidden_peak(), received=tomorrow + timedelta(hours=8))
    plant.store()
    plant.heard(tomorrow + timedelta(minutes=6))
    look_at_all(tomorrow + timedelta(minutes=7))
    assert waiting_count() == 0
    found = Retrospective.objects.by_the_machine().values_list("extreme", "received_at")
    assert set(found) == {(86.0, tomorrow + timedelta(minutes=7))}


def test_a_stretch_that_grew_while_it_was_looked_through_waits_again() -> None:
    hour, minute = us(START), 60_000_000
    LateStretch.objects.create(gateway="g", hour_us=hour, first_us=hour, last_us=hour + 1, received_us=hour + minute)
    seen = late.next_waiting(hour + 2 * minute, hour + 9 * minute)
    assert seen is not None
    LateStretch.objects.update(last_us=hour + 5, received_us=hour + 3 * minute)
    late.looked_through(seen, hour + 4 * minute)
    assert waiting_count() == 1
    again = late.next_waiting(hour + 4 * minute, hour + 9 * minute)
    assert again is not None
    assert again.last_us == hour + 5
    late.looked_through(again, hour + 5 * minute)
    assert waiting_count() == 0
