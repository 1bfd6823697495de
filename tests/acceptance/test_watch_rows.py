"""Who is watched, and what warnings and alarms say of a promise (MON-10, COM-05), by the services and the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.acceptance.worlds import at, scenario
from tests.hats import holder

from anlan.apps.alarms.models import Alarm, AlarmEvent, AlarmSide
from anlan.apps.alarms.services import ensure_watching
from anlan.apps.alarms.services.watching import watch_many
from anlan.apps.commitments import services as commitments
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services.duties import ensure_planned
from anlan.apps.warnings import services as warnings
from anlan.apps.watchlist.models import Watched
from anlan.drill.days import CALM
from anlan.rules.calendar import civil_day, midnight
from anlan.rules.watch import percentile, with_many

pytestmark = pytest.mark.django_db


def alarms(plant: Any, number: int, day: datetime) -> None:
    for n in range(number):
        raised = day + timedelta(minutes=n)
        Alarm.objects.create(
            id=f"{plant.enterprise.code}-{n}", enterprise=plant.enterprise, source=plant.source, point=plant.point,
            side=AlarmSide.HIGH, state="cleared", level="H", worst="H", started_at=raised, raised_at=raised,
            detected_at=raised, changed_at=raised, cleared_at=raised,
        )  # fmt: skip


def test_a_percentile_is_the_nearest_rank() -> None:
    assert percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90) == 9
    assert percentile([0, 0, 0, 5], 90) == 5
    assert percentile([3], 90) == 3
    counts = {"a": 0, "b": 0, "c": 4, "d": 5}
    assert with_many(counts, dict.fromkeys(counts, 90)) == {"d": 5}
    assert with_many(counts, dict.fromkeys(counts, 75)) == {"c": 4, "d": 4}
    assert with_many({"a": 0}, {"a": 90}) == {}
    assert with_many({}, {}) == {}


def test_who_had_many_alarms_yesterday_is_watched_today_and_each_day_plans_the_next() -> None:
    now = at("09:00", 2)
    plants = neighbours.build(now, warn=False).plants
    Alarm.objects.by_the_machine().all().delete()
    Watched.objects.by_the_machine().all().delete()
    alarms(plants["a1"], 5, at("10:00"))
    alarms(plants["a2"], 2, at("10:00"))
    alarms(plants["b1"], 9, at("00:00", 2))  # today's count tomorrow
    ensure_watching(now)
    ensure_watching(now)
    obligations.run_due(now)
    row = Watched.objects.by_the_machine().get()
    assert (row.enterprise, row.get_reason_display(), row.day) == (plants["a1"].enterprise, "报警较多", civil_day(now))
    assert row.text == "03-01 报警 5 次，达到同省企业的第 90 百分位（5 次）"
    assert watch_many(now) == []
    due = Obligation.objects.by_the_machine().get(kind="watch_alarms", state="pending")
    assert due.due_at == midnight(civil_day(at("09:00", 3))) + timedelta(minutes=10)
    obligations.run_due(due.due_at)
    assert list(Watched.objects.by_the_machine().filter(day=civil_day(due.due_at)).values_list("text", flat=True)) == [
        "03-02 报警 9 次，达到同省企业的第 90 百分位（9 次）"
    ]


@pytest.fixture
def enterprise() -> Any:
    from anlan.drill.world import build

    world = build(scenario())
    found = world.sources["s1"].enterprise
    found.source, found.principal_person = world.sources["s1"], world.person(found, "甲")
    ensure_planned(at("08:00"))
    return found


def commit(enterprise: Any, clock: str, **said: Any) -> None:
    by = holder(enterprise, enterprise.principal_person)
    commitments.commit(enterprise, by=by, at=at(clock), typed={**CALM, "risk": "low", **said})


def doubts() -> list[str]:
    rows = Finding.objects.by_the_machine().filter(kind="commitment_doubt").exclude(state="closed")
    return [row.subject.rpartition(":")[2] for row in rows]


def test_slow_handling_is_a_notice_that_went_out_and_is_a_reason_of_its_own(enterprise: Any) -> None:
    warnings.set_level(enterprise.source, "orange", at=at("08:00"))
    obligations.run_due(at("12:00"), grace=timedelta(0))
    commit(enterprise, "12:10", risk="larger")
    rows = Watched.objects.by_the_machine().order_by("reason")
    assert [row.get_reason_display() for row in rows] == ["承诺高风险", "警示通报"]


@pytest.mark.parametrize(("level", "answer", "is_doubted"), [
    ("orange", "是", True), ("red", "是", True), ("yellow", "是", False), ("orange", "否", False),
])  # fmt: skip
def test_sources_promised_safe_under_a_warning_of_orange_or_red_are_a_suspicion(
    enterprise: Any, level: str, answer: str, is_doubted: bool
) -> None:  # fmt: skip
    warnings.set_level(enterprise.source, level, at=at("08:30"))
    commit(enterprise, "09:00", sources_safe=answer)
    assert doubts() == (["sources_safe"] if is_doubted else [])
    if is_doubted:
        clue = Clue.objects.by_the_machine().get()
        assert clue.evidence["record"]["standing"][0]["subject"].startswith("warning:")


def test_a_warning_that_came_or_had_gone_makes_no_promise_false(enterprise: Any) -> None:
    warnings.set_level(enterprise.source, "orange", at=at("08:10"))
    warnings.set_level(enterprise.source, "none", at=at("08:30"))
    commit(enterprise, "09:00")
    warnings.set_level(enterprise.source, "red", at=at("09:00:01"))
    commitments.reconsider(enterprise, civil_day(at("09:00")), civil_day(at("09:00")), at("10:00"))
    assert doubts() == []


@pytest.mark.parametrize(("worsened", "is_doubted"), [("08:59", True), ("09:01", False)])
def test_an_alarm_beyond_its_second_limit_at_the_instant_of_the_promise_is_a_suspicion(
    worsened: str, is_doubted: bool
) -> None:  # fmt: skip
    plant = neighbours.build(at("08:00"), warn=False).plants["a1"]
    Alarm.objects.by_the_machine().exclude(pk=plant.alarm.pk).delete()
    for n, (clock, change, level) in enumerate([("08:00", "raised", "H"), (worsened, "worsened", "HH")]):
        AlarmEvent.objects.create(
            id=f"e{n}", alarm=plant.alarm, enterprise=plant.enterprise, change=change, level=level, at=at(clock),
            detected_at=at(clock),
        )  # fmt: skip
    by = holder(plant.enterprise, plant.enterprise.principal)
    missing = [plant.work_unit.pk]
    typed = {**CALM, "risk": "low", "units": "0"}
    commitments.commit(plant.enterprise, by=by, at=at("09:00"), typed=typed, knows=missing)
    commitments.reconsider(plant.enterprise, civil_day(at("09:00")), civil_day(at("09:00")), at("10:00"))
    assert ("sources_safe" in doubts()) is is_doubted
