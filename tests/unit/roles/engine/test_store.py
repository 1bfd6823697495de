"""The engine's transactions: checkpoints are whole, and a new log begins from its first record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.apps.findings.models import Finding
from anlan.apps.monitoring.models import EnginePosition, EngineState
from anlan.apps.registry.models import Enterprise
from anlan.roles.engine import store
from anlan.roles.engine.store import Checkpoint
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_a_checkpoint_is_remembered_and_positions_only_grow() -> None:
    assert store.remember("log-1").states == {}
    store.commit(Checkpoint(states={"g1": (7, b"seven")}, positions={3: 7}), NOW)
    store.commit(Checkpoint(states={"g1": (9, b"nine"), "g2": (8, b"eight")}, positions={3: 5}), NOW)
    found = store.remember("log-1")
    assert found.states == {"g1": (9, b"nine"), "g2": (8, b"eight")}
    assert {partition: seq for partition, seq in found.positions.items() if seq} == {3: 7}


def test_in_another_log_the_sequences_begin_anew_and_the_states_stay() -> None:
    store.remember("log-1")
    store.commit(Checkpoint(states={"g1": (7, b"seven")}, positions={3: 7}), NOW)
    found = store.remember("log-2")
    assert found.states == {"g1": (0, b"seven")}
    assert not any(found.positions.values())
    assert EnginePosition.objects.filter(log="log-2").count() == 64
    assert EngineState.objects.get().seq == 0


def test_coverage_goes_round_one_enterprise_at_a_time() -> None:
    build(NOW, enterprises=2, points=1)
    first, second = Enterprise.objects.order_by("pk").values_list("pk", flat=True)
    assert store.check_next_coverage(0, NOW) == first
    assert store.check_next_coverage(first, NOW + timedelta(seconds=5)) == second
    assert store.check_next_coverage(second, NOW + timedelta(seconds=10)) == 0
    assert set(Finding.objects.values_list("enterprise_id", flat=True)) == {first, second}
