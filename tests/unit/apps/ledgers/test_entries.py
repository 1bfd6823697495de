"""A gauge in the ledger: registered, changed, checked, overdue and found, checked again, scrapped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from tests.hats import officer, staff

from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.journal import proof
from anlan.apps.journal.models import Entry
from anlan.apps.ledgers import selectors, services
from anlan.apps.ledgers.declared.monitoring_equipment import EQUIPMENT
from anlan.apps.ledgers.declared.risk_log import RISK_LOG
from anlan.apps.ledgers.declared.safety_training import TRAINING
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import duties
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused
from anlan.roles.auditor.acts import walk
from anlan.testing.sites import Site

GAUGE = {
    "tag": "LT-101", "name": "一号罐液位计", "sort": "液位", "checked_on": "2026-01-05", "next_on": "2026-03-10",
    "maker": "示例仪表厂",
}  # fmt: skip
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
OVER = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
"""The tenth of March is over in Beijing."""


@pytest.fixture
def enterprise(world: list[Site]) -> Enterprise:
    return Enterprise.objects.by_the_machine().get(code=world[0].enterprise)


@pytest.fixture
def gauge(enterprise: Enterprise) -> LedgerEntry:
    return services.add(EQUIPMENT, enterprise, GAUGE, by=staff(enterprise), at=NOON)


def now(gauge: LedgerEntry) -> LedgerEntry:
    return LedgerEntry.objects.by_the_machine().select_related("enterprise").get(pk=gauge.pk)


def findings() -> list[tuple[str, str]]:
    rows = Finding.objects.by_the_machine().filter(kind="equipment_check")
    return [(row.state, row.subject) for row in rows]


def pending() -> list[datetime]:
    rows = Obligation.objects.by_the_machine().filter(kind="equipment_check", state="pending")
    return [row.due_at for row in rows]


def test_what_was_typed_is_kept_as_values_and_falls_due_when_its_day_is_over(gauge: LedgerEntry) -> None:
    row = now(gauge)
    assert (row.name, row.state, row.seq) == ("LT-101 一号罐液位计", "in_use", 1)
    assert (row.held["next_on"], row.due_on) == (date(2026, 3, 10), date(2026, 3, 10))
    assert pending() == [OVER]
    entry = Entry.objects.get(act="entry.add")
    assert entry.after["values"]["maker"] == "示例仪表厂"
    assert list(walk.broken()) == []


def test_wrong_fields_are_refused_each_with_its_reason_and_nothing_is_kept(enterprise: Enterprise) -> None:
    wrong = {**GAUGE, "name": "", "sort": "重量", "next_on": "2026-02-30", "source": "nowhere", "colour": "红"}
    with pytest.raises(Refused) as refused:
        services.add(EQUIPMENT, enterprise, wrong, by=staff(enterprise), at=NOON)
    assert set(refused.value.fields) == {"name", "sort", "next_on", "source", "colour"}
    assert refused.value.fields["name"] == "必须填写"
    assert LedgerEntry.objects.by_the_machine().count() == 0
    assert pending() == []


@pytest.mark.req("ENT-10")
def test_a_day_that_passed_is_found_once_and_closed_by_the_next_check(gauge: LedgerEntry) -> None:
    obligations.run_due(OVER - timedelta(seconds=1))
    assert findings() == []
    obligations.run_due(OVER)
    obligations.run_due(OVER + timedelta(minutes=1))
    assert findings() == [(FindingState.OPEN, f"entry:{gauge.pk}")]
    assert now(gauge).overdue_at == OVER
    assert [row.pk for row in selectors.falling_due(EVERYTHING, [gauge.enterprise_id], date(2026, 3, 11))] == [gauge.pk]
    checked = {"checked_on": "2026-03-11", "checked_by": "示例检定所", "next_on": "2027-03-10"}
    at = OVER + timedelta(hours=10)
    services.take(now(gauge), "check", checked, by=staff(gauge), at=at)
    assert findings() == [(FindingState.CLOSED, f"entry:{gauge.pk}")]
    row = now(gauge)
    assert (row.overdue_at, row.due_on, row.held["maker"]) == (None, date(2027, 3, 10), "示例仪表厂")
    assert pending() == [datetime(2027, 3, 10, 16, 0, tzinfo=UTC)]
    assert list(walk.broken()) == []
    assert list(proof.broken()) == []


def test_a_day_that_is_past_when_it_is_registered_is_found_at_the_next_look(
    enterprise: Enterprise,
) -> None:
    services.add(EQUIPMENT, enterprise, {**GAUGE, "next_on": "2026-02-28"}, by=staff(enterprise), at=NOON)
    obligations.run_due(NOON + timedelta(seconds=1))
    assert [state for state, _ in findings()] == [FindingState.OPEN]


def test_a_change_that_leaves_the_day_does_not_find_it_again(gauge: LedgerEntry) -> None:
    obligations.run_due(OVER)
    services.change(now(gauge), {**GAUGE, "maker": "另一家"}, by=staff(gauge), at=OVER + timedelta(hours=1))
    obligations.run_due(OVER + timedelta(hours=2))
    found = Finding.objects.by_the_machine().get(kind="equipment_check")
    assert (found.times, found.state) == (1, FindingState.OPEN)
    assert now(gauge).overdue_at == OVER


def test_steps_lead_from_state_to_state_and_what_is_scrapped_owes_nothing(gauge: LedgerEntry) -> None:
    with pytest.raises(Refused, match="故障情况"):
        services.take(gauge, "fault", {}, by=staff(gauge), at=NOON, text="—")
    services.take(gauge, "fault", {}, by=staff(gauge), at=NOON, text="无显示")
    with pytest.raises(Refused, match="故障待修"):
        services.take(gauge, "fault", {}, by=staff(gauge), at=NOON, text="还是无显示")
    services.take(gauge, "scrap", {}, by=staff(gauge), at=NOON, text="无法修复")
    assert (now(gauge).state, now(gauge).due_on, pending()) == ("scrapped", None, [])
    with pytest.raises(Refused, match="已报废"):
        services.change(now(gauge), GAUGE, by=staff(gauge), at=NOON)
    assert [step.verb for step in now(gauge).steps.all()] == ["add", "fault", "scrap"]


def test_the_second_of_two_editors_is_told_what_the_first_changed_and_loses_nothing(gauge: LedgerEntry) -> None:
    seen = gauge.seq
    services.change(gauge, {**GAUGE, "maker": "甲厂"}, by=staff(gauge, "甲"), at=NOON, seen=seen)
    with pytest.raises(Refused) as refused:
        services.change(gauge, {**GAUGE, "maker": "乙厂"}, by=staff(gauge, "乙"), at=NOON, seen=seen)
    assert refused.value.reason == "changed_meanwhile"
    assert "甲 修改，生产厂家 现为“甲厂”" in refused.value.detail
    assert now(gauge).held["maker"] == "甲厂"


def test_the_same_values_again_are_no_step(gauge: LedgerEntry) -> None:
    services.change(gauge, GAUGE, by=staff(gauge), at=NOON + timedelta(hours=1))
    assert now(gauge).seq == 1


def test_an_agency_sees_and_does_not_keep_it(gauge: LedgerEntry) -> None:
    with pytest.raises(PermissionDenied):
        services.take(gauge, "stop", {}, by=officer(gauge), at=NOON, text="要求停用")


@pytest.mark.parametrize("private", ["person", "certificate"])
def test_personal_fields_stand_in_no_journal(enterprise: Enterprise, private: str) -> None:
    typed: dict[str, Any] = {
        "person": "示例某人", "certificate": "ZS-0001", "post": "操作工", "course": "特种作业", "result": "合格",
        "trained_on": "2026-01-05", "hours": "8",
    }  # fmt: skip
    row = services.add(TRAINING, enterprise, typed, by=staff(enterprise), at=NOON)
    services.change(row, {**typed, "person": "另一人", "certificate": "ZS-0002"}, by=staff(enterprise), at=NOON)
    for entry in Entry.objects.all():
        assert not any(word in str(entry.after) for word in ("示例某人", "另一人", "ZS-000")), entry.act
    assert row.held["hours"] == 8
    assert private in TRAINING.schema.by_key
    assert list(walk.broken()) == []


def keep(enterprise: Enterprise, day: str, at: datetime) -> LedgerEntry:
    typed = {"day": day, "done": "巡检、研判", "not_done": "无", "risks": "无"}
    return services.add(RISK_LOG, enterprise, typed, by=staff(enterprise), at=at)


def missing() -> list[tuple[str, str]]:
    rows = Finding.objects.by_the_machine().filter(kind="risk_log").order_by("subject")
    return [(row.subject.rpartition(":")[2], row.state) for row in rows]


@pytest.fixture
def producer(enterprise: Enterprise) -> Enterprise:
    """The one enterprise that produces, with the clock at work since the first of March."""
    enterprise.kinds = ["production"]
    enterprise.save()
    duties.ensure_planned(FIRST)
    duties.ensure_planned(FIRST)
    obligations.run_due(FIRST)
    return enterprise


FIRST = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
"""The first of March begins in Beijing."""
DAY = timedelta(days=1)


def states() -> list[tuple[str, str]]:
    rows = Obligation.objects.by_the_machine().filter(kind="risk_log").order_by("due_at")
    return [(row.payload["turn"], row.state) for row in rows]


def test_a_day_that_is_kept_in_time_is_done_and_one_that_is_not_is_found(producer: Enterprise) -> None:
    assert states() == [("2026-03-01", "pending")]
    row = keep(producer, "2026-03-01", FIRST + timedelta(hours=9))
    owed = Obligation.objects.by_the_machine().get(kind="risk_log")
    assert (owed.state, owed.evidence, owed.article) == ("done", row.about, "")
    obligations.run_due(FIRST + DAY)
    obligations.run_due(FIRST + 2 * DAY)
    assert states() == [("2026-03-01", "done"), ("2026-03-02", "overdue"), ("2026-03-03", "pending")]
    assert missing() == [("2026-03-02", "open")]
    keep(producer, "2026-03-02", FIRST + 2 * DAY + timedelta(hours=1))
    assert states()[1] == ("2026-03-02", "late")
    assert missing() == [("2026-03-02", "closed")]
    assert list(walk.broken()) == []


def test_days_without_a_clock_are_planned_and_found_when_one_is_back_and_nothing_twice(producer: Enterprise) -> None:
    for _ in range(2):
        obligations.run_due(FIRST + 3 * DAY + timedelta(hours=1))
    assert [turn for turn, _ in states()] == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    assert missing() == [(f"2026-03-0{day}", "open") for day in (1, 2, 3)]
    assert Obligation.objects.by_the_machine().filter(kind=duties.PLANNING, state="pending").count() == 1


def test_an_entry_that_is_moved_to_another_day_no_longer_shows_the_first(producer: Enterprise) -> None:
    row = keep(producer, "2026-03-01", FIRST + timedelta(hours=9))
    obligations.run_due(FIRST + DAY)
    typed = {"day": "2026-03-02", "done": "巡检", "not_done": "无", "risks": "无"}
    services.change(row, typed, by=staff(producer), at=FIRST + DAY + timedelta(hours=1))
    assert states() == [("2026-03-01", "overdue"), ("2026-03-02", "done")]
    assert missing() == [("2026-03-01", "open")]


def test_who_does_not_produce_owes_no_log(enterprise: Enterprise) -> None:
    duties.ensure_planned(FIRST)
    obligations.run_due(FIRST)
    assert states() == []


def test_what_was_kept_before_its_day_was_planned_is_done_all_the_same(enterprise: Enterprise) -> None:
    enterprise.kinds = ["production"]
    enterprise.save()
    row = keep(enterprise, "2026-03-01", FIRST - timedelta(hours=1))
    duties.ensure_planned(FIRST)
    obligations.run_due(FIRST)
    owed = Obligation.objects.by_the_machine().get(kind="risk_log")
    assert (owed.state, owed.evidence, owed.done_at) == ("done", row.about, row.made_at)
