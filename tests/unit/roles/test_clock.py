"""The clock as its process sees it: one look, and what it leaves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connections, transaction
from django.db.backends.signals import connection_created
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery.models import Notice
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings import services as warnings
from anlan.now import monotonic
from anlan.process.worker import let_go_when_frozen
from anlan.roles import clock
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def red() -> None:
    """A red warning since 08:00."""
    from anlan.drill.world import build

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


def test_a_clock_frozen_before_it_had_the_lock_says_when_it_truly_fired(red: None) -> None:
    """What it worked out before it was frozen is of that time: it is worked out again, marked late, with all missed."""

    class Frozen(FakeClock):
        def now(self) -> datetime:
            seen = super().now()
            self.set(at("09:10"))  # it looks at 08:30, and wakes up forty minutes later
            return seen

    assert clock.look(Frozen(at("08:30"))) == 1
    notice = Notice.objects.by_the_machine().get(kind="notice")
    assert (notice.sent_at, notice.is_late) == (at("09:10"), True)
    assert [datetime.fromisoformat(due) for due in notice.missed] == [at("08:30"), at("09:00")]


def test_a_clock_that_was_taken_away_is_forgotten_after_a_day(db: None) -> None:
    obligations.tick("clock-gone", at("07:00"))
    obligations.tick("auditor", at("07:00"))
    clock.sign(FakeClock(at("08:00")), "clock-here")
    clock.forget(FakeClock(at("08:00")))
    assert {sign.name for sign in obligations.signs_of("clock")} == {"clock-gone", "clock-here"}
    clock.forget(FakeClock(at("07:00") + timedelta(days=1, seconds=1)))
    assert [sign.name for sign in obligations.signs_of("clock")] == ["clock-here"]
    assert [sign.name for sign in obligations.signs_of("auditor")] == ["auditor"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_process_frozen_with_a_chain_in_its_hand_lets_go_of_it_and_the_clock_fires(red: None) -> None:
    """Until the database has ended the frozen one's transaction the step waits; then it is sent, once."""
    let_go_when_frozen(500)
    try:
        connections.close_all()
        held, woken = threading.Event(), threading.Event()
        chain = f"enterprise:{HazardSource.objects.by_the_machine().get().enterprise.code}"

        @transaction.atomic
        def decide() -> None:
            journal.hold([chain])
            held.set()
            woken.wait(60)
            journal.hold([chain])

        def frozen() -> None:
            try:
                with pytest.raises(DatabaseError):
                    decide()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(frozen)
            assert held.wait(60)
            assert clock.look(FakeClock(at("08:30"))) == 0
            until = monotonic() + 60
            while not clock.look(FakeClock(at("08:30"))):
                assert monotonic() < until
            woken.set()
            done.result(60)
    finally:
        connection_created.disconnect(dispatch_uid="let_go_when_frozen")
        connections.close_all()
    assert Notice.objects.by_the_machine().filter(kind="notice").count() == 1
