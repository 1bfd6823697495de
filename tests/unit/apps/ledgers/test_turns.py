"""Turns of a ledger that are shown by several entries, or owed by an enterprise that has become another meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.hats import staff

from anlan.apps.findings.models import Finding
from anlan.apps.ledgers import services
from anlan.apps.ledgers.declared.risk_log import RISK_LOG
from anlan.apps.ledgers.kinds import Every, Ledger
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import duties
from anlan.apps.registry.models import Enterprise
from anlan.declared import Kind
from anlan.rules.recurrence import Cycle, Daily, Monthly, Once, Recurrence
from anlan.schema import Field, Schema
from anlan.testing.sites import Site

FIRST = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
"""The first of March begins in Beijing."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def producer(world: list[Site]) -> Enterprise:
    """The one enterprise that produces, with the first of March planned."""
    found = Enterprise.objects.by_the_machine().get(code=world[0].enterprise)
    found.kinds = ["production"]
    found.save()
    duties.ensure_planned(FIRST)
    obligations.run_due(FIRST)
    return found


def typed(day: str) -> dict[str, str]:
    return {"day": day, "done": "巡检", "not_done": "无", "risks": "无"}


def keep(producer: Enterprise, at: datetime) -> LedgerEntry:
    return services.add(RISK_LOG, producer, typed("2026-03-01"), by=staff(producer), at=at)


def first_turn() -> Obligation:
    return Obligation.objects.by_the_machine().filter(kind="risk_log").order_by("due_at")[0]


def missing() -> list[str]:
    return [row.subject[-10:] for row in Finding.objects.by_the_machine().filter(kind="risk_log", state="open")]


@pytest.mark.parametrize("moved_at", [FIRST + 3 * HOUR, FIRST + DAY + HOUR], ids=["while it runs", "when it is over"])
def test_a_day_that_a_second_entry_shows_stays_done_when_the_first_is_moved(
    producer: Enterprise, moved_at: datetime
) -> None:
    moved, stays = keep(producer, FIRST + HOUR), keep(producer, FIRST + 2 * HOUR)
    services.change(moved, typed("2026-03-02"), by=staff(producer), at=moved_at)
    row = first_turn()
    assert (row.state, row.evidence, row.done_at) == ("done", stays.about, stays.made_at)
    obligations.run_due(FIRST + DAY + HOUR)
    assert missing() == []


@pytest.mark.parametrize("become", [{"is_active": False}, {"kinds": ["hazard_source"]}], ids=["gone", "produces not"])
def test_who_owes_it_no_more_when_it_is_over_is_not_found_without(
    producer: Enterprise, become: dict[str, object]
) -> None:
    Enterprise.objects.by_the_machine().filter(pk=producer.pk).update(**become)
    obligations.run_due(FIRST + 2 * DAY)
    assert (first_turn().state, missing()) == ("cancelled", [])
    assert Obligation.objects.by_the_machine().filter(kind="risk_log").count() == 1


def test_a_ledger_calls_no_field_as_every_form_calls_its_own() -> None:
    with pytest.raises(ValueError, match="seen"):
        Ledger("x", "X", "X", Schema((Field("seen", "见"),)), called=str, states=(("kept", "已登记"),))


@pytest.mark.parametrize(
    ("recurrence", "key"),
    [
        (Daily(), "2026-03-01"),
        (Monthly(months=12), "2026-01+12"),
        (Cycle(1095, date(2024, 3, 1)), "2024-03-01"),
        (Once(date(2025, 1, 1), date(2026, 3, 1)), "2025-01-01"),
        (Once(date(2025, 1, 1), date(2026, 2, 28)), None),
        (Once(date(2026, 3, 2), date(2026, 3, 3)), None),
    ],
)
def test_a_day_lies_in_its_turn_however_long_that_lasts(recurrence: Recurrence, key: str | None) -> None:
    every = Every(recurrence, "day", Kind("k", "K"), Kind("k", "K"), lambda enterprise: True)
    turn = every.turn_of(date(2026, 3, 1))
    assert (turn.key if turn is not None else None) == key


@pytest.mark.parametrize("months", [0, 5, 36])
def test_months_that_do_not_divide_a_year_are_a_mistake_of_ours(months: int) -> None:
    with pytest.raises(ValueError, match="divide a year"):
        Monthly(months=months)
