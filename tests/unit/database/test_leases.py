"""Leases in a real database: taken, kept, lost and given back, by processes that know nothing of each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from anlan.apps.alarms.models import EnginePosition, EngineWorker
from anlan.database.leases import LATE_S, TTL_S, Fenced, Leases, Turn, advance, elsewhere, mark, reach, read_of
from anlan.process.partitions import Keeper

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
EXPIRED = timedelta(seconds=TTL_S + 1)


class Process(Leases):
    """One process and what it holds; on SQLite, too, it minds the others here."""

    shared = True  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        super().__init__(EnginePosition, EngineWorker, name)
        self.held: dict[int, int] = {}
        self.prepare()

    def look(self, at: datetime) -> Turn:
        turn = self.turn(self.held, at)
        self.held = {p: e for p, e in self.held.items() if p not in turn.lost} | dict(turn.gained)
        return turn

    def commit(self, positions: dict[int, int]) -> None:
        with transaction.atomic():
            self.guard(self.held)
            advance(EnginePosition, positions)


def test_the_first_takes_everything_and_gives_a_newcomer_its_half() -> None:
    one, two = Process("one"), Process("two")
    assert len(one.look(NOW).gained) == 64
    assert two.look(NOW).gained == {}
    surplus = one.look(NOW).surplus
    assert len(surplus) == 32
    one.commit(dict.fromkeys(surplus, 7))
    one.release(one.held, surplus)
    one.held = {p: e for p, e in one.held.items() if p not in surplus}
    assert set(two.look(NOW).gained) == set(surplus)
    assert one.look(NOW) == Turn({}, frozenset(), frozenset(), 2)
    positions, strange = two.take_up(two.held, set(two.held), "log-1", 1)
    assert (set(positions.values()), strange) == ({7}, set())


def test_what_one_that_is_late_will_lose_is_told_to_who_will_get_it() -> None:
    one, two, three = (Process(name) for name in ("one", "two", "three"))
    one.look(NOW)
    late = NOW + timedelta(seconds=LATE_S + 0.5)
    assert two.look(NOW + timedelta(seconds=1)).coming == set()
    three.look(late)
    turn = two.look(late)
    assert turn.gained == {}
    assert len(turn.coming) == 32
    assert turn.coming.isdisjoint(three.look(late).coming)
    assert set(two.look(NOW + EXPIRED).gained) == turn.coming
    assert three.look(NOW + EXPIRED).coming == set()


def test_one_that_comes_back_in_time_keeps_what_was_his() -> None:
    one, two = Process("one"), Process("two")
    one.look(NOW)
    late = NOW + timedelta(seconds=LATE_S + 0.5)
    assert len(two.look(late).coming) == 64
    one.look(late)
    assert two.look(late).coming == set()


def test_one_that_was_silent_too_long_is_replaced_and_fenced() -> None:
    one, two = Process("one"), Process("two")
    one.look(NOW)
    one.commit({3: 5})
    two.look(NOW)
    assert len(two.look(NOW + EXPIRED).gained) == 64
    two.commit({3: 9})
    with pytest.raises(Fenced):
        one.commit({3: 6})
    assert EnginePosition.objects.get(partition=3).seq == 9
    assert one.look(NOW + EXPIRED).lost == frozenset(range(64))
    assert one.held == {}


def test_an_owner_whom_nobody_replaced_goes_on_however_late() -> None:
    one = Process("one")
    one.look(NOW)
    one.commit({3: 5})
    assert one.look(NOW + 100 * EXPIRED) == Turn({}, frozenset(), frozenset(), 1)
    one.commit({3: 6})


def test_leaving_frees_everything_at_once() -> None:
    one, two = Process("one"), Process("two")
    one.look(NOW)
    one.leave(one.held)
    assert len(two.look(NOW).gained) == 64
    assert [worker.name for worker in EngineWorker.objects.all()] == ["two"]


def test_positions_belong_to_their_log_and_only_grow() -> None:
    one = Process("one")
    one.look(NOW)
    assert read_of(EnginePosition, "log-1") is None
    one.take_up(one.held, set(one.held), "log-1", 1)
    one.commit({3: 8})
    one.commit({3: 5, 4: 5})
    found = read_of(EnginePosition, "log-1")
    assert found is not None
    assert (found[3].seq, found[4].seq, found[5].seq) == (8, 5, 0)
    assert reach(EnginePosition, EngineWorker)[0] == 8  # type: ignore[index]


def test_a_keeper_tells_its_loop_what_to_take_up_and_what_to_give_back() -> None:
    one, keeper = Process("one"), Keeper(Process("kept"))
    one.look(one.database_now())
    keeper._look()
    assert not keeper.change()
    surplus = one.look(one.database_now()).surplus
    one.release(one.held, surplus)
    keeper._look()
    change = keeper.change()
    assert change.gained == surplus
    assert keeper.held == {}, "nothing is worked on before it was taken up"
    assert set(keeper.took_up(change.gained)) == surplus
    assert not keeper.change()
    EngineWorker.objects.create(name="thief", expires_at=one.database_now() + timedelta(seconds=TTL_S))
    EnginePosition.objects.filter(partition=min(surplus)).update(owner="thief", epoch=99)
    keeper._look()
    assert keeper.change().lost == {min(surplus)}
    assert min(surplus) not in keeper.held
    keeper.again()
    assert keeper.change().gained < surplus, "everything that is still held is taken up anew"


@pytest.mark.case("A1")
def test_a_lease_written_while_the_databases_clock_stood_ahead_keeps_nobody_out() -> None:
    one, two = Process("one"), Process("two")
    one.look(NOW + timedelta(hours=1))  # and is killed; then the clock is set right
    assert len(two.look(NOW).gained) == 64
    assert reach(EnginePosition, EngineWorker) is not None


@pytest.mark.case("A15")
def test_two_hosts_on_one_database_with_a_log_each_are_found() -> None:
    """On SQLite, which belongs to one machine, there is never another host."""
    one, two = Process("one"), Process("two")
    present = one.database_now()
    for process, log in ((one, "log-1"), (two, "log-2")):
        process.look(present)
        one.release(one.held, one.look(present).surplus)
        process.look(present)
        process.take_up(process.held, set(process.held), log, 1)
    mine = set(one.look(present) and one.held)
    shared = connection.vendor != "sqlite"
    assert elsewhere(EnginePosition, EngineWorker, "log-2") == (mine if shared else set())
    assert elsewhere(EnginePosition, EngineWorker, "log-1") == (set(two.held) if shared else set())
    EngineWorker.objects.filter(name="one").update(expires_at=present - timedelta(seconds=1))
    assert elsewhere(EnginePosition, EngineWorker, "log-2") == set(), "nobody lives who reads another one"


@pytest.mark.parametrize(
    ("first_seq", "missed"), [(1, None), (8, None), (9, (8, 8)), (12, (8, 11))], ids=["all", "next", "one", "several"]
)
def test_a_log_that_gave_up_even_one_message_that_nobody_read_says_so(
    first_seq: int, missed: tuple[int, int] | None
) -> None:
    one = Process("one")
    one.look(NOW)
    one.take_up(one.held, one.held, "log-1", 1)
    one.commit({3: 7})
    mark(EnginePosition, [3], (7, 1))
    assert one.missed("log-1", first_seq) == missed
    assert one.missed("log-2", first_seq) is None
