"""The clock as its process sees it: one look, and what it leaves."""

from __future__ import annotations

import pytest
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery.models import Notice
from anlan.apps.warnings import services as warnings
from anlan.roles import clock
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def red() -> None:
    """A red warning since 08:00."""
    from anlan.testing.drill.world import build

    warnings.set_level(build(scenario()).sources["s1"], "red", at=at("08:00"))


def test_a_look_fires_what_is_due_and_the_next_finds_nothing(red: None) -> None:
    hands = FakeClock(at("08:30"))
    assert clock.look(hands) == 1
    assert clock.look(hands) == 0
    assert Notice.objects.by_the_machine().filter(kind="notice").count() == 1


def test_a_step_fired_within_the_grace_is_in_time_and_one_after_it_is_caught_up(red: None) -> None:
    clock.look(FakeClock(at("08:30:04")))
    first = Notice.objects.by_the_machine().get(kind="notice", step=1)
    assert (first.missed, first.is_late) == ([], False)
    clock.look(FakeClock(at("09:00:06")))
    second = Notice.objects.by_the_machine().get(kind="notice", step=2)
    assert second.is_late
    assert len(second.missed) == 1


def test_it_pauses_until_something_is_due_but_never_longer_than_its_period(red: None) -> None:
    assert clock.pause(FakeClock(at("08:29:59.8")), 0.5) == pytest.approx(0.2)
    assert clock.pause(FakeClock(at("08:10")), 0.5) == 0.5
    assert clock.pause(FakeClock(at("08:31")), 0.5) == 0.5  # overdue and unfired: no busy loop
