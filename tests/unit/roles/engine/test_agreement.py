"""What happened past the engine while it was down: every alarm on record goes on or ends, and none is red for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anlan.apps.alarms.models import Alarm, AlarmEvent, EnginePosition, EngineState, EngineWorker
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.alarms.selectors.open_alarms import open_alarms, open_among
from anlan.apps.registry.models import Gateway, Point
from anlan.database.leases import Leases
from anlan.roles.engine import agreement, store
from anlan.roles.engine.state import EngineCore, Settled
from anlan.stream.envelope import Record, pack
from anlan.stream.kernel import StateError
from anlan.stream.kernel.checkpoint import load
from anlan.stream.log import LogMessage, LogState
from anlan.stream.partition import partition_of
from anlan.testing.sender import packet
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class Engine:
    """An engine and a gateway with two points, which sends a packet a second."""

    def __init__(self) -> None:
        (self.site,) = build(NOW, enterprises=1, points=2)
        self.gateway, self.at, self.seq = self.site.gateway, NOW, 0
        self.leases = Leases(EnginePosition, EngineWorker, "one")
        self.leases.prepare()
        self.held = dict(self.leases.turn({}, NOW).gained)
        self.restart()

    def restart(self) -> Settled:
        """Take up what is on record, as an engine does."""
        self.core = EngineCore(point_specs())
        state = LogState("log-1", 1, self.seq)
        found = store.remember(self.leases, self.held, set(self.held), self.core.table.gateways, state)
        self.core.restore(found)
        self.core.begins_at(self.seq)
        return self.agree()

    def agree(self) -> Settled:
        suspects = self.core.differences(open_alarms(set(self.held)), set(self.held))
        settled = self.core.settle(suspects, open_among(suspects), self.now_us)
        self.commit(settled.events)
        assert self.core.differences(open_alarms(set(self.held)), set(self.held)) == set()
        return settled

    @property
    def now_us(self) -> int:
        return round(self.at.timestamp() * 1e6)

    def commit(self, events: list) -> None:  # type: ignore[type-arg]
        checkpoint = self.core.everything(events)
        store.commit(checkpoint, self.at, lambda partitions: self.leases.guard(self.held, partitions))

    def hear(self, first: float, second: float = 50) -> None:
        self.at += timedelta(seconds=1)
        self.seq += 1
        values = dict(zip(self.site.points, (first, second), strict=True))
        body = msgspec.json.encode(packet(self.site.enterprise, self.gateway, self.at, values))
        record = Record(self.site.enterprise, self.gateway, f"p{self.seq}", self.now_us, body)
        events = self.core.take([LogMessage(self.seq, partition_of(self.site.enterprise), pack([record]), self.now_us)])
        self.commit(events + self.core.sweep(self.now_us))

    @property
    def alarms(self) -> list[tuple[str, str, str]]:
        return list(Alarm.objects.order_by("raised_at", "id").values_list("state", "worst", "ended_by"))


def moved(engine: Engine) -> None:
    old = Gateway.objects.get(code=engine.gateway)
    engine.gateway = f"{engine.gateway[:-2]}77"
    new = Gateway.objects.create(code=engine.gateway, enterprise=old.enterprise)
    Point.objects.filter(gateway=old).update(gateway=new)


def flipped(engine: Engine) -> None:
    state = EngineState.objects.get()
    body = bytearray(state.body)
    body[len(body) // 2] ^= 1
    EngineState.objects.update(body=bytes(body))


def gone(engine: Engine) -> None:
    EngineState.objects.all().delete()


@pytest.mark.case("A4")
@pytest.mark.parametrize("past", [moved, flipped, gone])
def test_an_alarm_that_memory_lacks_is_put_back_and_ends_with_the_samples(past: Callable[[Engine], None]) -> None:
    engine = Engine()
    engine.hear(50, 50)
    engine.hear(95, 50)
    (before,) = Alarm.objects.all()
    past(engine)
    settled = engine.restart()
    assert settled.put_back == [engine.site.points[0]]
    assert "已接回" in agreement.words(settled)
    engine.hear(96, 50)
    assert engine.alarms == [("active", "HH", "")], "it goes on, and is not raised anew"
    engine.hear(50, 50)
    assert engine.alarms == [("cleared", "HH", "")]
    after = Alarm.objects.get()
    assert (after.pk, after.started_at, after.extreme) == (before.pk, before.started_at, 96.0)
    assert list(AlarmEvent.objects.order_by("at").values_list("change", flat=True)) == ["raised", "cleared"]


@pytest.mark.case("A4")
def test_an_alarm_of_a_point_that_was_switched_off_ends_with_the_reason() -> None:
    engine = Engine()
    engine.hear(95, 5)
    Point.objects.filter(code=engine.site.points[0]).update(is_active=False)
    settled = engine.restart()
    assert (len(settled.events), settled.put_back, agreement.words(settled)) == (1, [], "")
    assert sorted(engine.alarms) == [("active", "LL", ""), ("cleared", "HH", "switched_off")]
    ended = Alarm.objects.get(worst="HH")
    assert ended.cleared_at == engine.at
    assert str(ended.get_ended_by_display()) == "点位已停用"


@pytest.mark.case("A4")
def test_a_point_that_is_switched_off_under_a_running_engine_says_so_too() -> None:
    engine = Engine()
    engine.hear(95, 50)
    Point.objects.filter(code=engine.site.points[0]).update(is_active=False)
    engine.core.follow(point_specs())
    engine.commit(engine.core.sweep(engine.now_us))
    assert engine.alarms == [("cleared", "HH", "switched_off")]


@pytest.mark.case("A4")
def test_an_alarm_that_only_memory_has_is_raised_anew_by_the_samples() -> None:
    engine = Engine()
    engine.hear(95, 50)
    Alarm.objects.update(state="cleared", cleared_at=engine.at)  # as an older copy of the table has it
    settled = engine.agree()
    assert settled.let_go == [engine.site.points[0]]
    assert "重新报警" in agreement.words(settled)
    engine.hear(95, 50)
    assert engine.alarms == [("cleared", "HH", ""), ("active", "HH", "")]
    assert engine.agree() == Settled()


@pytest.mark.case("A4")
def test_another_level_on_record_is_that_of_memory_until_the_next_sample() -> None:
    engine = Engine()
    engine.hear(95, 50)
    Alarm.objects.update(level="H")
    assert engine.agree().put_back == [engine.site.points[0]]
    engine.hear(95, 50)
    assert Alarm.objects.get().level == "HH"
    assert list(AlarmEvent.objects.order_by("at").values_list("change", flat=True)) == ["raised", "worsened"]


@pytest.mark.case("A4")
@pytest.mark.parametrize("side", ["no_data", "bad_quality", "flatline"])
def test_data_faults_that_memory_lacks_end_with_the_next_good_sample(side: str) -> None:
    engine = Engine()
    engine.hear(50, 50)
    point = Point.objects.get(code=engine.site.points[0])
    Alarm.objects.create(
        id="f" * 32, enterprise_id=point.enterprise_id, source_id=point.source_id, point=point, side=side, level=side,
        worst=side, started_at=NOW, raised_at=NOW, detected_at=NOW, changed_at=NOW,
    )  # fmt: skip
    assert engine.restart().put_back == [point.code]
    engine.hear(51, 50)
    assert engine.alarms == [("cleared", side, "")]


@pytest.mark.case("A4")
def test_every_flipped_bit_of_a_saved_state_is_found() -> None:
    engine = Engine()
    engine.hear(95, 50)
    body = bytes(EngineState.objects.get().body)
    load(body)
    for bit in range(8 * len(body)):
        damaged = bytearray(body)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StateError):
            load(bytes(damaged))


@pytest.mark.case("A4")
def test_what_agrees_is_left_alone() -> None:
    engine = Engine()
    engine.hear(95, 5)
    assert engine.agree() == Settled()
    assert engine.restart() == Settled()
    assert agreement.words(Settled()) == ""


async def test_a_look_at_other_partitions_or_by_another_memory_is_no_word_about_these() -> None:
    """What was taken up meanwhile is not in the answer: all of it would seem to be in memory alone."""

    class Core(EngineCore):
        def differences(self, known: object, partitions: object) -> set[str]:
            return {"a1"}

    async def ask(partitions: object) -> agreement.Known:
        return {}

    core, look = Core([]), agreement.Agreement(ask)
    for asked, partitions, found in ((core, {1}, {"a1"}), (core, {1, 2}, set()), (Core([]), {1}, set())):
        look.begin(core, {1})
        assert look.suspects(core, {1}) == set(), "under way"
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert look.suspects(asked, partitions) == found
