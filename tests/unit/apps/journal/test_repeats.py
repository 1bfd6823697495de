"""Whoever is refused a thousand times in a minute makes two entries, and none of the thousand is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.acceptance.worlds import at

from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry, Repeat

pytestmark = pytest.mark.django_db


def refused(when: datetime, actor: str = "user:x", address: str = "/warnings/1/", chain: str = "enterprise:e1") -> None:
    act = journal.Act(chain, "access_refused", when, actor, "warning:1", after={"path": address})
    journal.record_at_most_once_a_minute(act, address)


def entries() -> list[tuple[str, str, int]]:
    rows = Entry.objects.order_by("pk")
    return [(row.act, row.actor, (row.after or {}).get("repeats", 1)) for row in rows]


def test_the_first_is_journaled_at_once_and_the_rest_of_its_minute_as_one_count() -> None:
    for second in range(50):
        refused(at("08:00") + timedelta(seconds=second))
    assert entries() == [("access_refused", "user:x", 1)]
    assert journal.settle_repeats(at("08:00:59")) == 0
    assert journal.settle_repeats(at("08:01")) == 1
    assert entries() == [("access_refused", "user:x", 1), ("access_refused_repeated", "user:x", 49)]
    assert journal.settle_repeats(at("08:02")) == 0
    assert not Repeat.objects.exists()
    assert list(journal.broken()) == []


def test_other_people_other_addresses_and_other_minutes_are_told_apart() -> None:
    refused(at("08:00"))
    refused(at("08:00"), actor="user:y")
    refused(at("08:00"), address="/warnings/2/")
    refused(at("08:00"), chain="enterprise:e2")
    assert len(entries()) == 4
    refused(at("08:01"))  # nothing was repeated in the minute before: no entry of a count
    assert len(entries()) == 5
    assert Repeat.objects.count() == 1


def test_a_further_minute_settles_the_one_before_without_anybody_s_help() -> None:
    for second in (0, 1, 2, 60):
        refused(at("08:00") + timedelta(seconds=second))
    assert entries() == [
        ("access_refused", "user:x", 1),
        ("access_refused", "user:x", 1),
        ("access_refused_repeated", "user:x", 2),
    ]


def test_what_is_counted_while_it_is_settled_waits_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    refused(at("08:00"))
    refused(at("08:00:01"))
    hold = journal.hold

    def meanwhile(chains: list[str]) -> object:
        monkeypatch.undo()
        refused(at("08:00:02"))
        return hold(chains)

    monkeypatch.setattr(journal, "hold", meanwhile)
    assert journal.settle_repeats(at("08:01")) == 0
    assert journal.settle_repeats(at("08:01")) == 1
    assert entries()[-1] == ("access_refused_repeated", "user:x", 2)
