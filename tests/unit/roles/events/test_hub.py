"""The hub of events: who hears what, and what a slow browser gets."""

from __future__ import annotations

import asyncio

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from anlan.roles.events.hub import HINTS_WAITING, POINTS_WATCHED, Hub, Listener, event


def _hub(*listeners: Listener) -> Hub:
    hub = Hub()
    for listener in listeners:
        hub.join(listener)
    return hub


def _tick(*rows: tuple[str, float | None, int]) -> bytes:
    return msgspec.json.encode([[code, value, 0, at, 0] for code, value, at in rows])


def test_a_hint_reaches_those_who_may_see_the_enterprise_and_nobody_else() -> None:
    mine, other, all_seeing = Listener(frozenset({"e1"})), Listener(frozenset({"e2"})), Listener(None)
    hub = _hub(mine, other, all_seeing)
    hub.receive("ui.warning.e1", b'{"id":1}')
    assert mine.take() == event("warning", b'{"id":1}')
    assert all_seeing.take() == event("warning", b'{"id":1}')
    assert other.take() == b""


def test_a_hint_about_no_enterprise_reaches_everybody() -> None:
    mine, all_seeing = Listener(frozenset({"e1"})), Listener(None)
    _hub(mine, all_seeing).receive("ui.external.all", b"{}")
    assert mine.take() == all_seeing.take() == event("external", b"{}")


def test_nobody_in_an_empty_scope_hears_anything() -> None:
    nobody = Listener(frozenset(), {"p1": "e1"})
    hub = _hub(nobody)
    hub.receive("ui.alarm.e1", b"{}")
    hub.receive("live.tick.e1", _tick(("p1", 1.0, 1)))
    assert nobody.take() == b""


def test_a_browser_gets_the_newest_value_of_the_points_it_shows_only() -> None:
    listener = Listener(frozenset({"e1"}), {"p1": "e1"})
    hub = _hub(listener)
    hub.receive("live.tick.e1", _tick(("p1", 1.0, 1), ("p2", 5.0, 1)))
    hub.receive("live.tick.e1", _tick(("p1", 2.0, 2)))
    assert listener.take() == event("live", msgspec.json.encode([["p1", 2.0, 0, 2, 0]]))
    assert listener.take() == b""


def test_values_of_an_enterprise_out_of_scope_are_kept_back_even_for_a_known_point_code() -> None:
    listener = Listener(frozenset({"e1"}), {"p9": "e2"})
    hub = _hub(listener)
    hub.receive("live.tick.e2", _tick(("p9", 1.0, 1)))
    assert listener.take() == b""
    assert hub.watched() == []


@given(st.integers(min_value=0, max_value=5 * HINTS_WAITING))
def test_a_browser_that_is_behind_is_told_to_read_again_and_holds_a_bounded_number_of_hints(hints: int) -> None:
    listener = Listener(None)
    hub = _hub(listener)
    for number in range(hints):
        hub.receive("ui.alarm.e1", b'{"id":%d}' % number)
    found = listener.take()
    if hints > HINTS_WAITING:
        assert found == event("resync", b"{}")
    else:
        assert found == b"".join(event("alarm", b'{"id":%d}' % number) for number in range(hints))
    hub.receive("ui.alarm.e1", b"{}")
    assert listener.take() == event("alarm", b"{}")


def test_a_browser_that_reads_nothing_holds_one_value_a_point_and_no_hint_beyond_the_bound() -> None:
    points = {f"p{number}": "e1" for number in range(2 * POINTS_WATCHED)}
    listener = Listener(None, points)
    hub = _hub(listener)
    for turn in range(50):
        hub.receive("live.tick.e1", _tick(*((code, float(turn), turn) for code in points)))
        hub.receive("ui.alarm.e1", b"{}")
        hub.receive("ui.warning.e1", b"{}")
    said = listener.take()
    assert said.startswith(event("resync", b"{}"))
    rows = msgspec.json.decode(said.rpartition(b"data: ")[2])
    assert len(rows) == POINTS_WATCHED
    assert {row[1] for row in rows} == {49.0}


def test_what_nobody_looks_at_any_more_is_forgotten() -> None:
    one, two = Listener(None, {"p1": "e1", "p2": "e2"}), Listener(frozenset({"e1"}), {"p1": "e1"})
    hub = _hub(one, two)
    assert sorted(hub.watched()) == ["e1", "e2"]
    hub.part(one)
    assert hub.watched() == ["e1"]
    hub.part(two)
    hub.part(two)
    assert hub.watched() == []
    hub.receive("ui.alarm.e1", b"{}")
    assert one.take() == two.take() == b""


def test_what_is_not_of_the_contract_is_dropped_and_counted() -> None:
    listener = Listener(None, {"p1": "e1"})
    hub = _hub(listener)
    for subject, payload in (
        ("ui.gossip.e1", b"{}"),
        ("ui.alarm.e1", b"{}\n\nevent: warning"),
        ("live.tick.e1", b"not json"),
        ("live.tick.e1", b'[["p1"]]'),
        ("other", b"{}"),
    ):
        hub.receive(subject, payload)
    assert listener.take() == b""
    assert hub.unreadable == 5


async def test_waiting_ends_as_soon_as_something_comes_and_when_the_process_leaves() -> None:
    listener = Listener(None)
    hub = _hub(listener)
    assert await listener.wait(0.01) is False
    waiting = asyncio.create_task(listener.wait(30))
    await asyncio.sleep(0)
    hub.leave()
    assert await waiting is True
