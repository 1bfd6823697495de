"""The comparison sees what is missing, what is too much, what went to others, and what a stopped clock excuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.acceptance.worlds import level, outage, scenario

pytestmark = pytest.mark.django_db


def marks(change: Callable[[list[dict[str, Any]]], object], *events: dict[str, Any]) -> dict[str, int]:
    """How often each mark stands when the lines of a drill were tampered with before they are compared."""
    from anlan.drill import play
    from anlan.drill.beside import beside
    from anlan.drill.world import build

    story = scenario(*(events or (level("08:00", "orange"),)), until="2024-03-01T11:00:00+08:00")
    world = build(story)
    lines = play.played(story, world)
    change(lines)
    found = [row["mark"] for row in beside(story, world, lines)["rows"]]
    return {mark: found.count(mark) for mark in found}


def test_what_was_sent_as_demanded_is_on_time() -> None:
    assert marks(lambda lines: None) == {"on_time": 4}


def test_a_line_that_is_missing_is_seen() -> None:
    assert marks(lambda lines: lines.pop(2)) == {"on_time": 3, "absent": 1}


def test_a_line_that_nobody_asked_for_is_seen() -> None:
    extra = {"at": "2024-03-01T08:30:00+08:00", "kind": "notice", "level": "orange", "source": "s1", "step": 1}
    extra |= {"to": ["zz"], "due": "2024-03-01T08:30:00+08:00", "late": False, "missed": []}
    assert marks(lambda lines: lines.append(extra)) == {"on_time": 4, "unasked": 1}


def test_a_line_to_others_is_seen() -> None:
    assert marks(lambda lines: lines[0]["to"].remove("甲")) == {"different": 1, "on_time": 3}


def test_a_late_line_without_an_outage_is_a_fault() -> None:
    assert marks(lambda lines: lines[1].update(at="2024-03-01T09:00:01+08:00")) == {"on_time": 3, "absent": 1}


def test_an_outage_excuses_what_it_delayed() -> None:
    assert marks(lambda lines: None, level("08:00", "orange"), outage("08:30", 100)) == {"on_time": 2, "merged": 2}


def test_a_step_that_lapsed_in_an_outage_is_only_recorded() -> None:
    lapsed = level("08:00", "orange"), outage("08:30", 60), level("09:10", "blue")
    assert marks(lambda lines: None, *lapsed) == {"on_time": 2, "missed": 1}


def test_what_the_services_refuse_is_told_in_their_words_alone() -> None:
    from anlan.drill import play
    from anlan.drill.world import build

    story = scenario({"at": "08:00", "confirm": {"source": "s1", "by": "丙"}})
    told = play.played(story, build(story))
    assert [line["reason"] for line in told if line["kind"] == "refused"] == ["该危险源没有未解除的预警"]
