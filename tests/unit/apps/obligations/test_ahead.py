"""What is worked out before the lock counts only while nothing was decided meanwhile; clocks share what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario
from tests.hats import holder

from anlan.apps.delivery.models import Notice
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing, Prepared, Share, firing
from anlan.apps.warnings import kinds
from anlan.apps.warnings import services as warnings

pytestmark = pytest.mark.django_db
DUE = at("08:30")


@pytest.fixture
def world() -> Any:
    from anlan.drill.world import build

    return build(scenario())


@pytest.fixture
def source(world: Any) -> Any:
    found = world.sources["s1"]
    warnings.set_level(found, "red", at=at("08:00"))
    return found


@pytest.fixture
def ways() -> Iterator[None]:
    kept = dict(firing._ways)
    yield
    firing._ways.clear()
    firing._ways.update(kept)


def after_working_out(decide: Any) -> None:
    """Have ``decide`` called once, between the working out of notices and the lock."""
    real, called = firing._ways["notice"].preparer, []
    assert real is not None

    def prepare(rows: Sequence[Obligation], when: Firing) -> Prepared:
        prepared = real(rows, when)
        if not called:
            called.append(True)
            decide()
        return prepared

    obligations.register_prepared("notice", prepare)


@pytest.mark.usefixtures("ways")
def test_a_level_that_fell_meanwhile_is_not_sent(source: Any) -> None:
    after_working_out(lambda: warnings.set_level(source, "yellow", at=DUE))
    obligations.run_due(DUE)
    assert not Notice.objects.by_the_machine().filter(kind="notice").exists()
    row = Obligation.objects.by_the_machine().get(key__endswith=":1", kind="notice", payload__level="red")
    assert row.state == ObligationState.CANCELLED
    assert list(journal.broken()) == []


@pytest.mark.usefixtures("ways")
def test_an_act_that_changes_no_step_only_has_it_worked_out_again(source: Any, world: Any) -> None:
    person = world.person(source.enterprise, "丙")
    warning = warnings.set_level(source, "red", at=at("08:01"))
    after_working_out(lambda: warnings.confirm(warning, by=holder(warning, person), at=DUE))
    assert obligations.run_due(DUE) == 1
    assert Notice.objects.by_the_machine().filter(kind="notice").count() == 1
    assert list(journal.broken()) == []


@pytest.mark.usefixtures("ways")
def test_one_bad_row_among_many_is_found_in_halves() -> None:
    fired: list[str] = []

    def handle(rows: Sequence[Obligation], when: Firing) -> None:
        if any("bad" in row.key for row in rows):
            raise RuntimeError("this one cannot be fired")
        fired.extend(row.key for row in rows)

    obligations.register(kinds.NOTICE, handle)
    keys = [f"n{number:02d}" for number in range(20)]
    rows = [Obligation(key=key, kind="notice", subject="test:1", due_at=DUE) for key in (*keys, "bad")]
    obligations.add(rows)
    assert obligations.run_due(DUE) == 20
    assert sorted(fired) == keys


def test_each_clock_takes_its_share_and_after_a_second_what_another_left(source: Any) -> None:
    place = source.enterprise_id % 2
    mine, other = Share(place, 2), Share(1 - place, 2)
    assert obligations.run_due(DUE, share=other) == 0
    assert obligations.run_due(DUE + timedelta(milliseconds=900), share=other) == 0
    assert obligations.run_due(DUE + timedelta(milliseconds=900), share=mine) == 1
    assert obligations.run_due(at("09:00") + firing.LEFT_BY_OTHERS, share=other) == 1


def test_the_share_of_a_clock_is_its_place_among_those_at_work() -> None:
    assert obligations.share_of("clock", at("08:00")) == Share()
    obligations.tick("clock-2", at("08:00"))
    obligations.tick("clock", at("08:00"))
    obligations.tick("clock-3", at("07:50:00") - obligations.UP_WITHIN)  # long dead
    assert obligations.share_of("clock", at("08:00")) == Share(0, 2)
    assert obligations.share_of("clock-2", at("08:00")) == Share(1, 2)


def test_the_next_due_time_is_that_of_a_pending_row(source: Any) -> None:
    assert obligations.soonest_due() == DUE
    obligations.run_due(DUE)
    assert obligations.soonest_due() == at("09:00")
