"""The engine's transactions: checkpoints are whole, and a new log begins from its first record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.apps.alarms.models import AlarmEvent, EnginePosition, EngineState, EngineWorker
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.findings.models import Finding
from anlan.apps.gateways.selectors import log_state
from anlan.apps.registry.models import Enterprise
from anlan.database.leases import Fenced, Leases
from anlan.roles.engine import store
from anlan.roles.engine.state import EngineCore
from anlan.roles.engine.store import Checkpoint, Remembered
from anlan.stream.log import LogState
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class Owner:
    """An engine's side of the leases: takes everything that is free or its own."""

    def __init__(self, name: str) -> None:
        self.leases = Leases(EnginePosition, EngineWorker, name)
        self.leases.prepare()
        self.held: dict[int, int] = {}
        self.take()

    def take(self) -> None:
        self.held |= self.leases.turn(self.held, NOW).gained

    def remember(self, log: str, first_seq: int = 1) -> Remembered:
        state = LogState(log, first_seq, 99)
        return store.remember(self.leases, self.held, set(self.held), ["g1", "g2"], state)

    def commit(self, checkpoint: Checkpoint) -> None:
        store.commit(checkpoint, NOW, lambda partitions: self.leases.guard(self.held, partitions))


def test_a_checkpoint_is_remembered_and_positions_only_grow() -> None:
    owner = Owner("one")
    assert owner.remember("log-1").states == {}
    owner.commit(Checkpoint(states={"g1": (7, b"seven")}, positions={3: 7}))
    owner.commit(Checkpoint(states={"g1": (9, b"nine"), "g2": (8, b"eight")}, positions={3: 5}))
    found = owner.remember("log-1")
    assert found.states == {"g1": (9, b"nine"), "g2": (8, b"eight")}
    assert {partition: seq for partition, seq in found.positions.items() if seq} == {3: 7}


@pytest.mark.parametrize("said", [Checkpoint(states={"g1": (9, b"x")}, partitions={3}), Checkpoint(positions={3: 9})])
def test_a_fenced_engine_writes_nothing(said: Checkpoint) -> None:
    old = Owner("one")
    old.commit(Checkpoint(states={"g1": (7, b"seven")}, positions={3: 7}, partitions={3}))
    EnginePosition.objects.filter(partition=3).update(owner="two", epoch=9)
    with pytest.raises(Fenced):
        old.commit(said)
    assert EngineState.objects.get().seq == 7
    assert EnginePosition.objects.get(partition=3).seq == 7
    assert old.leases.turn(old.held, NOW).lost == {3}


def test_in_another_log_that_counts_anew_the_sequences_begin_anew_and_the_states_stay() -> None:
    owner = Owner("one")
    owner.remember("log-1")
    owner.commit(Checkpoint(states={"g1": (7, b"seven")}, positions={3: 7}))
    found = owner.remember("log-2")
    assert found.states == {"g1": (0, b"seven")}
    assert not any(found.positions.values())
    assert EnginePosition.objects.filter(log="log-2").count() == 64
    assert EngineState.objects.get().seq == 0


def test_a_new_log_begins_beyond_every_number_known_and_nothing_begins_anew() -> None:
    owner = Owner("one")
    owner.remember("log-1")
    owner.commit(Checkpoint(states={"g1": (9, b"nine")}, positions={3: 7}))
    assert log_state.newest_number() == 9
    found = owner.remember("log-2", first_seq=10)
    assert found.states == {"g1": (9, b"nine")}
    assert found.positions[3] == 7


@pytest.mark.parametrize("committed", [0, 1, 3])
def test_when_all_fall_silent_a_kill_between_two_commits_loses_and_doubles_nothing(committed: int) -> None:
    """Ten enterprises of four points, commits of at most eight alarms; killed behind so many of them."""
    build(NOW, enterprises=10, points=4)
    owner = Owner("one")
    begin = round(NOW.timestamp() * 1e6)
    said = []
    for kill in (committed, None):
        core = EngineCore(point_specs())
        state = LogState("log-1", 1, 1)
        core.restore(store.remember(owner.leases, owner.held, set(owner.held), core.table.gateways, state))
        core.begins_at(0)
        assert core.sweep(begin) == []
        parts = core.parts(core.of_events(core.sweep(begin + 86_400_000_000)), 8)
        said.append([len(part.events) for part in parts])
        for part in parts[:kill]:
            owner.commit(part)
            core.saved(part)
    assert said == [[8] * 5, [8] * (5 - committed)]
    assert AlarmEvent.objects.count() == 40
    assert AlarmEvent.objects.values("alarm__point").distinct().count() == 40
    assert EngineState.objects.count() == 10


def test_coverage_goes_round_one_enterprise_at_a_time() -> None:
    build(NOW, enterprises=2, points=1)
    first, second = Enterprise.objects.order_by("pk").values_list("pk", flat=True)
    assert store.check_next_enterprise(0, NOW, range(64)) == first
    assert store.check_next_enterprise(first, NOW + timedelta(seconds=5), range(64)) == second
    assert store.check_next_enterprise(second, NOW + timedelta(seconds=10), range(64)) == 0
    assert set(Finding.objects.values_list("enterprise_id", flat=True)) == {first, second}
