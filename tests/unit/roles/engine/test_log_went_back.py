"""The log came back as an older copy: what was read from it once more changes nothing, what is new counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anlan.apps.alarms.models import Alarm, AlarmEvent, EnginePosition, EngineState, EngineWorker
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.alarms.selectors.open_alarms import judged_until, open_alarms
from anlan.apps.gateways.selectors import log_state
from anlan.database.leases import Leases
from anlan.roles.engine import store
from anlan.roles.engine.state import EngineCore
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogMessage, LogState
from anlan.stream.partition import partition_of
from anlan.testing.sender import packet
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class Engine:
    """An engine on a log that is a list; each packet one message, a second after the one before it."""

    def __init__(self) -> None:
        (self.site,) = build(NOW, enterprises=1, points=1)
        self.partition = partition_of(self.site.enterprise)
        self.log: list[LogMessage] = []
        self.at = NOW
        self.leases = Leases(EnginePosition, EngineWorker, "one")
        self.leases.prepare()
        self.held = dict(self.leases.turn({}, NOW).gained)
        self.start()

    def publish(self, value: float, sampled: datetime | None = None) -> None:
        """A sample of this moment comes, or comes again after the moment that it is of."""
        self.at += timedelta(seconds=1)
        at = sampled or self.at
        body = msgspec.json.encode(packet(self.site.enterprise, self.site.gateway, at, {self.site.points[0]: value}))
        at_us = round(self.at.timestamp() * 1e6)
        record = Record(self.site.enterprise, self.site.gateway, f"p{self.at}", at_us + 1000, body)
        self.log.append(LogMessage(len(self.log) + 1, self.partition, pack([record]), at_us + 2000))

    def start(self) -> store.Remembered:
        """Take up what is in the database, as after a start."""
        self.core = EngineCore(point_specs())
        places = self.leases.places(self.held, "log-1")
        known = {message.seq: message.taken_us for message in self.log}
        cut = {p for p, (seq, taken) in places.items() if seq and known.get(seq) != (taken or known.get(seq))}
        state = LogState("log-1", 1, len(self.log))
        found = store.remember(self.leases, self.held, set(self.held), self.core.table.gateways, state, cut)
        self.core.restore(found)
        self.core.judged(judged_until(self.core.forgotten(set(self.held))))
        known = open_alarms(set(self.held))
        self.core.settle(self.core.differences(known, set(self.held)), known, round(self.at.timestamp() * 1e6))
        self.core.begins_at(found.positions[self.partition])
        return found

    def read(self, *, positions: bool = True) -> int:
        """Take what the log has, and commit it whole or, as between two rounds, events and states alone."""
        after = self.core._handed
        events = self.core.take(
            [message for message in self.log if message.seq > after], round(self.at.timestamp() * 1e6)
        )
        events += self.core.sweep(self.core.reached_us, by_log=True)
        checkpoint = self.core.everything(events) if positions else self.core.of_events(events)
        return store.commit(checkpoint, self.at, lambda partitions: self.leases.guard(self.held, partitions))


@pytest.mark.case("A2")
@pytest.mark.parametrize("lost", [1, 3, 6])
@pytest.mark.parametrize("more", [1, 6, 12])
def test_the_log_is_an_older_copy_and_what_comes_afterwards_counts_once(lost: int, more: int) -> None:
    engine = Engine()
    for value in (50, 95, 50, 50, 50, 95, 50, 50):
        engine.publish(value)
    assert engine.read() == 4
    del engine.log[-lost:]
    engine.at += timedelta(hours=2)
    for number in range(more):
        engine.publish(95 if number == more - 1 else 50)
    engine.start()
    assert engine.read() == 1, "the new excursion alone: what is read again says nothing"
    assert list(Alarm.objects.order_by("raised_at").values_list("state", flat=True)) == ["cleared"] * 2 + ["active"]
    assert engine.read() == 0
    engine.start()
    assert engine.read() == 0
    assert EnginePosition.objects.get(partition=engine.partition).seq == len(engine.log)


@pytest.mark.case("A2")
def test_a_kill_on_the_way_does_not_make_what_is_read_again_new() -> None:
    """Without knowing that it was read before, receipts of minutes ago would say that our clock had been set back."""
    engine = Engine()
    for value in (95, 95, 95, 95, 50):
        engine.at += timedelta(seconds=30)
        engine.publish(value)
    assert engine.read() == 2
    del engine.log[-1]
    assert engine.start().again_until == 4
    assert engine.start().again_until == 4, "killed before it had read anything"
    assert engine.read() == 0
    assert Alarm.objects.count() == 1
    assert engine.start().again_until == 4


@pytest.mark.case("A2")
def test_the_last_message_that_is_read_again_says_nothing_of_the_present_either() -> None:
    engine = Engine()
    for value in (95, 95, 95, 95, 50):
        engine.at += timedelta(minutes=2)
        engine.publish(value)
    assert engine.read()
    alarms = Alarm.objects.count()
    del engine.log[-1]
    assert engine.start().again_until == 4
    assert engine.read() == 0
    assert Alarm.objects.count() == alarms


@pytest.mark.case("A2")
def test_a_sample_that_comes_again_after_the_log_went_back_by_minutes_is_still_an_old_one() -> None:
    """The newest receipt in an older copy lies minutes back: by it, memory would seem to be of the future."""
    engine = Engine()
    engine.publish(50)
    engine.at += timedelta(minutes=10)
    for value in (50, 95, 96, 50):
        engine.publish(value)
    beyond = engine.at - timedelta(seconds=1)
    assert engine.read() == 2
    before = Alarm.objects.values_list("started_at", "cleared_at", "state").get()
    del engine.log[1:]
    engine.start()
    assert engine.read() == 0
    assert engine.read() == 0, "time passes by the log before anything new comes"
    engine.publish(96, beyond)
    engine.publish(50)
    assert engine.read() == 0
    assert Alarm.objects.values_list("started_at", "cleared_at", "state").get() == before


@pytest.mark.case("A2")
def test_the_log_lacks_only_what_a_commit_of_events_alone_was_of() -> None:
    """Positions are behind the states then, and hold; the states' numbers are given out again all the same."""
    engine = Engine()
    for value in (50, 50):
        engine.publish(value)
    engine.read()
    for value in (50, 95, 50):
        engine.publish(value)
    assert engine.read(positions=False) == 2
    assert EnginePosition.objects.get(partition=engine.partition).seq == 2
    del engine.log[2:]
    for value in (95, 50, 50):
        engine.publish(value)
    engine.start()
    assert engine.read() == 2
    assert AlarmEvent.objects.count() == 4


@pytest.mark.case("A2")
def test_a_states_number_beyond_the_log_is_that_of_no_message() -> None:
    engine = Engine()
    engine.publish(50)
    engine.read()
    EngineState.objects.update(seq=2**40)  # one flipped bit
    engine.start()
    engine.publish(95)
    assert engine.read() == 1


@pytest.mark.case("A2")
def test_a_database_that_is_older_than_what_the_log_still_holds_says_what_was_missed() -> None:
    engine = Engine()
    for _ in range(3):
        engine.publish(50)
    engine.read()
    state = LogState("log-1", 9, 12)
    found = store.remember(engine.leases, engine.held, set(engine.held), [], state)
    assert found.missed == (4, 8)
    assert store.remember(engine.leases, engine.held, set(engine.held), [], LogState("log-1", 4, 3)).missed is None
    assert store.remember(engine.leases, engine.held, set(engine.held), [], LogState("log-2", 9, 12)).missed is None
    assert log_state.newest_number() == 12, "the newest of the log that was taken up last"


def on_record() -> list[tuple[object, ...]]:
    return list(Alarm.objects.order_by("raised_at", "id").values_list("started_at", "cleared_at", "worst", "state"))


@pytest.mark.case("A2")
def test_a_log_read_again_without_the_saved_state_rewrites_no_alarm_that_stands() -> None:
    """Its samples of before would end the alarm before it began."""
    engine = Engine()
    for value in (50, 50, 95, 50, 50, 85, 95, 85, 50, 95):
        engine.at += timedelta(minutes=2)
        engine.publish(value)
    assert engine.read()
    before, said = on_record(), AlarmEvent.objects.count()
    del engine.log[-1]
    EngineState.objects.all().delete()
    engine.start()
    assert engine.read() == 0
    assert (on_record(), AlarmEvent.objects.count()) == (before, said)
    engine.publish(96)
    engine.publish(50)
    assert engine.read() == 1, "it ends with the new sample"
    assert [each[0] for each in on_record()] == [each[0] for each in before]
    assert Alarm.objects.filter(state="active").count() == 0


@pytest.mark.case("A2")
def test_a_log_that_begins_within_an_excursion_that_is_over_does_not_raise_it_once_more() -> None:
    engine = Engine()
    for value in (50, 95, 95, 95, 50, 50):
        engine.publish(value)
    assert engine.read() == 2
    before = on_record()
    EngineState.objects.all().delete()
    EnginePosition.objects.update(seq=2)  # as when positions were behind the commit of the events
    engine.start()
    assert engine.read() == 0
    assert on_record() == before


@pytest.mark.case("A2")
def test_a_silence_that_stands_is_not_ended_by_frames_of_before_it() -> None:
    engine = Engine()
    for value in (50, 50, 50):
        engine.publish(value)
    assert engine.read() == 0
    engine.at += timedelta(minutes=30)
    now_us = round(engine.at.timestamp() * 1e6)
    silent = engine.core.sweep(now_us)
    assert [event.side for event in silent] == ["no_data"]
    store.commit(
        engine.core.everything(silent), engine.at, lambda partitions: engine.leases.guard(engine.held, partitions)
    )
    before = on_record()
    EngineState.objects.all().delete()
    EnginePosition.objects.update(seq=0)
    engine.start()
    assert engine.read() == 0
    assert on_record() == before
    engine.publish(50)
    assert engine.read() == 1
    assert Alarm.objects.get().state == "cleared"


@pytest.mark.case("A2")
def test_an_alarm_on_record_that_lies_after_the_present_does_not_deafen_its_point() -> None:
    """Our clock had stood ahead when it was written."""
    engine = Engine()
    engine.publish(50)
    engine.publish(95)
    assert engine.read() == 1
    ahead = engine.at + timedelta(hours=8)
    Alarm.objects.update(raised_at=ahead, changed_at=ahead, detected_at=ahead)
    EngineState.objects.all().delete()
    engine.start()
    for _ in range(3):
        engine.publish(50)
    assert engine.read() == 1
    assert Alarm.objects.get().state == "cleared"


@pytest.mark.case("A2")
def test_what_is_read_again_from_a_time_when_our_clock_stood_ahead_ends_no_alarm_raised_since() -> None:
    engine = Engine()
    engine.publish(50)
    engine.read()
    engine.at += timedelta(hours=8)  # the clock of the host, and with it everybody's
    for _ in range(2):
        engine.publish(50)
    engine.read(positions=False)
    engine.at -= timedelta(hours=8)
    for value in (50, 95, 95):
        engine.publish(value)
    assert engine.read(positions=False) == 1
    del engine.log[-1]
    engine.start()
    assert engine.read() == 0
    assert list(Alarm.objects.values_list("state", flat=True)) == ["active"]
    engine.publish(95)
    assert engine.read() == 0, "it goes on"
    engine.publish(50)
    assert engine.read() >= 1
    assert list(Alarm.objects.values_list("state", flat=True)) == ["cleared"]
