"""The clock fires each due row once, whoever else runs; one that cannot be fired does not hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import Value
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery.models import Notice
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing, firing
from anlan.apps.warnings import kinds
from anlan.apps.warnings import services as warnings


@pytest.fixture
def only_handler() -> Iterator[list[str]]:
    """Replaces the handler of notices by one that notes the keys it fires; ``bad`` in a key makes it fail."""
    fired: list[str] = []

    def handle(rows: Sequence[Obligation], firing: Firing) -> None:
        for row in rows:
            if "bad" in row.key:
                raise RuntimeError("this one cannot be fired")
            fired.append(row.key)

    kept = dict(firing._ways)
    obligations.register(kinds.NOTICE, handle)
    yield fired
    firing._ways.clear()
    firing._ways.update(kept)


def due(key: str, minute: int = 0) -> Obligation:
    return Obligation(key=key, kind="notice", subject=f"test:{key}", due_at=at("08:00") + timedelta(minutes=minute))


@pytest.mark.django_db
def test_it_fires_what_is_due_and_nothing_else(only_handler: list[str]) -> None:
    obligations.add([due("a"), due("b", 5), due("c", 10)])
    assert obligations.run_due(at("08:05")) == 2
    assert only_handler == ["a", "b"]
    assert obligations.run_due(at("08:05")) == 0


@pytest.mark.django_db
def test_one_that_cannot_be_fired_stays_pending_and_the_others_go_on(
    only_handler: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    obligations.add([due("a"), due("bad"), due("z")])
    assert obligations.run_due(at("08:01")) == 2
    fired = Obligation.objects.by_the_machine().filter(state=ObligationState.FIRED).order_by("key")
    assert [row.key for row in fired] == ["a", "z"]
    assert [row.key for row in obligations.due_and_unfired(at("08:01"), timedelta(seconds=30))] == ["bad"]
    assert "could not be fired" in caplog.text


@pytest.mark.django_db
def test_what_only_an_earlier_release_knew_is_fired_by_nobody_and_no_fault(only_handler: list[str]) -> None:
    obligations.add([due("gone")])
    Obligation.objects.by_the_machine().filter(key="gone").update(kind=Value("gone"))
    assert obligations.run_due(at("08:01")) == 0
    assert obligations.due_and_unfired(at("08:01"), timedelta(seconds=30)) == []


@pytest.mark.django_db
def test_the_limit_bounds_one_look(only_handler: list[str]) -> None:
    obligations.add([due(f"n{number:03d}") for number in range(10)])
    assert obligations.run_due(at("08:01"), limit=4) == 4
    assert obligations.run_due(at("08:01")) == 6
    assert len(set(only_handler)) == 10


@pytest.mark.django_db
def test_a_cancelled_row_never_fires(only_handler: list[str]) -> None:
    obligations.add([due("a")])
    assert obligations.cancel("test:a", ["notice"], at=at("07:59")) == 1
    assert obligations.cancel("test:a", ["notice"], at=at("07:59")) == 0
    assert obligations.run_due(at("08:01")) == 0


@pytest.mark.django_db
def test_fulfilling_is_done_or_late_and_only_once() -> None:
    obligations.add([due("a"), due("b")])
    assert obligations.fulfil("a", at=at("07:59"), late=False)
    assert obligations.fulfil("b", at=at("08:01"), late=True)
    assert not obligations.fulfil("a", at=at("08:02"), late=True)
    states = Obligation.objects.by_the_machine().order_by("key").values_list("state", flat=True)
    assert list(states) == [ObligationState.DONE, ObligationState.LATE]


@pytest.mark.django_db
def test_a_tick_is_the_last_sign_of_each_process() -> None:
    obligations.tick("clock", at("08:00"))
    obligations.tick("clock", at("08:01"))
    obligations.tick("clock-2", at("08:02"))
    assert [(row.name, row.at) for row in obligations.signs_of("clock")] == [
        ("clock-2", at("08:02")),
        ("clock", at("08:01")),
    ]


@pytest.mark.django_db(transaction=True)
def test_several_clocks_send_each_notice_once() -> None:
    """Reliability 4 and I.44: every step exists exactly once as a row, however many clocks look at once."""
    from anlan.drill.world import build

    world = build(scenario())
    from anlan.apps.registry.models import HazardSource

    enterprise = world.sources["s1"].enterprise
    sources = [
        HazardSource.objects.create(code=f"99999{number:07d}", enterprise=enterprise, name=f"库 {number}", level="1")
        for number in range(12)
    ]
    for source in sources:
        warnings.set_level(source, "red", at=at("08:00"))
    barrier = threading.Barrier(3)

    def clock() -> None:
        try:
            barrier.wait()
            for step in range(1, 4):
                obligations.run_due(at("08:00") + timedelta(minutes=30 * step))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        for running in [pool.submit(clock) for _ in range(3)]:
            running.result()
    obligations.run_due(at("09:30"))  # what a clock left out because another held its enterprise
    sent = Notice.objects.by_the_machine().filter(kind="notice").values_list("subject", "step")
    assert len(set(sent)) == len(sent)
    pending = Obligation.objects.by_the_machine().filter(state=ObligationState.PENDING, kind="notice")
    assert {row.due_at for row in pending} == {at("10:00")}
    assert pending.count() == len(sources)
    settled = Obligation.objects.by_the_machine().filter(kind="notice").exclude(state=ObligationState.PENDING)
    assert settled.count() == 3 * len(sources)


@pytest.mark.django_db
@pytest.mark.case("E7")
def test_a_clock_is_at_work_up_to_and_with_the_length_of_its_silence() -> None:
    signed = at("09:00")
    obligations.tick("clock", signed)
    assert obligations.clock_is_up(signed + obligations.UP_WITHIN)
    assert not obligations.clock_is_up(signed + obligations.UP_WITHIN + timedelta.resolution)
