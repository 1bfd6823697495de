"""The acceptance checks of the daily commitment (COM), through the services, the pages and the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.acceptance.worlds import at, scenario
from tests.hats import holder, staff

from anlan.apps.commitments import selectors, services
from anlan.apps.commitments.models import CommitmentVersion
from anlan.apps.commitments.services.doubts import Contradiction, register_witness
from anlan.apps.delivery.models import Notice
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.services.duties import ensure_planned
from anlan.apps.org.scope import Scope
from anlan.apps.watchlist.models import Watched
from anlan.drill.days import CALM
from anlan.pages.commitments.weeks import share
from anlan.refused import Refused
from anlan.rules.submission import Timeliness

pytestmark = pytest.mark.django_db


@pytest.fixture
def enterprise() -> Any:
    """One enterprise with one source, whose main holder 甲 is its principal."""
    from anlan.drill.world import build

    world = build(scenario())
    found = world.sources["s1"].enterprise
    found.people = {name: world.person(found, name) for name in ("甲", "乙")}
    return found


def commit(enterprise: Any, clock: str, who: str = "甲", day: int = 1, **typed: Any) -> CommitmentVersion:
    by = holder(enterprise, enterprise.people[who])
    return services.commit(enterprise, by=by, at=at(clock, day), typed={**CALM, "risk": "low", **typed})


@pytest.mark.req("COM-01", "GEN-01")
def test_a_second_before_ten_is_on_time_ten_is_late_and_nobody_else_commits(enterprise: Any) -> None:
    with pytest.raises(Refused) as refused:
        commit(enterprise, "09:30", "乙")
    assert refused.value.reason == "not_principal"
    commit(enterprise, "09:59:59")
    commit(enterprise, "10:00:00", day=2)
    [first] = selectors.days_of([enterprise], at("12:00").date(), at("12:00"))
    [second] = selectors.days_of([enterprise], at("12:00", 2).date(), at("12:00", 2))
    assert (first.state, second.state) == (Timeliness.ON_TIME, Timeliness.LATE)


@pytest.mark.req("COM-02", "COM-03")
@pytest.mark.parametrize("item", ["fire_special", "starting", "measures", "risk", "sources_safe"])
def test_an_item_left_empty_is_refused_beside_it_and_zero_is_an_answer(enterprise: Any, item: str) -> None:
    with pytest.raises(Refused) as refused:
        commit(enterprise, "09:00", **{item: ""})
    assert list(refused.value.fields) == [item]
    assert not CommitmentVersion.objects.by_the_machine().exists()
    assert commit(enterprise, "09:01").held["fire_special"] == 0


def test_what_does_not_add_up_is_refused_beside_the_sum(enterprise: Any) -> None:
    with pytest.raises(Refused) as refused:
        commit(enterprise, "09:00", units="3", running="1", stopped="1", in_repair="0", contractors="2")
    assert set(refused.value.fields) == {"units", "has_contractors"}


@pytest.mark.req("COM-04")
def test_a_workshop_without_an_assessment_is_named_and_must_be_acknowledged(enterprise: Any) -> None:
    by = staff(enterprise)
    handed = services.add_unit(enterprise, "一车间", by=by, at=at("06:00"))
    missing = services.add_unit(enterprise, "二车间", by=by, at=at("06:00"))
    services.assess(handed, risk="low", risks="无", measures="无", by=by, at=at("06:50"))
    with pytest.raises(Refused, match="二车间 今日未交研判"):
        commit(enterprise, "09:00")
    version = services.commit(
        enterprise, by=holder(enterprise, enterprise.people["甲"]), at=at("09:01"), typed={**CALM, "risk": "low"},
        knows=[missing.pk],
    )  # fmt: skip
    assert version.acknowledged == [[str(missing.pk), "二车间"]]


def test_a_record_that_says_otherwise_makes_a_suspicion_with_both_and_a_correction_ends_it(enterprise: Any) -> None:
    def witness(_enterprise: Any, _day: Any, values: Any, _at: Any) -> list[Contradiction]:
        said = values["fire_first"]
        return [] if said else [Contradiction("fire_first", "承诺一级动火 0 处，另有记录 1 处", {"permit": "DH-1"})]

    register_witness("test", witness)
    try:
        commit(enterprise, "09:00")
        finding, clue = Finding.objects.by_the_machine().get(), Clue.objects.by_the_machine().get()
        assert clue.evidence == {
            "commitment": {"version": 1, "item": "一级动火", "value": 0}, "record": {"permit": "DH-1"},
        }  # fmt: skip
        commit(enterprise, "14:00", fire_first="1")
        finding.refresh_from_db()
        assert finding.state == "closed"
    finally:
        register_witness("test", lambda *_: [])


@pytest.mark.req("COM-06")
def test_who_has_not_committed_is_reminded_told_of_and_the_week_counts_six_of_seven(enterprise: Any) -> None:
    """Reminder 09:00 (setting) and 10:00 notice; weekly on-time count 6/7."""
    ensure_planned(at("00:00", 4))  # Monday
    for day in range(4, 11):
        obligations.run_due(at("00:00", day))
        if day != 6:
            commit(enterprise, "08:59:59", day=day)
        obligations.run_due(at("09:00", day))
        obligations.run_due(at("10:00", day))
    commit(enterprise, "10:00:01", day=10)  # a correction
    told = Notice.objects.by_the_machine().order_by("sent_at")
    assert [(row.kind, row.sent_at) for row in told] == [
        ("commit_reminder", at("09:00", 6)), ("uncommitted", at("10:00", 6))
    ]  # fmt: skip
    assert [each.recipient_name for each in told[0].messages.all()] == ["甲"]
    assert {each.recipient for each in told[1].messages.all()} == {f"enterprise:{enterprise.code}", "agency:zz"}
    scope = Scope(agency_paths=(enterprise.supervisor.path,))
    [row] = selectors.of_week(scope, at("12:00", 10).date())
    assert (row.on_time, row.owed, share(row)) == (6, 7, "6/7")
    assert not selectors.of_week(scope, at("12:00", 11).date()).exists()


@pytest.mark.req("COM-07")
def test_a_correction_keeps_both_and_the_day_is_judged_by_the_first(enterprise: Any) -> None:
    commit(enterprise, "09:30")
    second = commit(enterprise, "11:00", fire_second="2")
    [day] = selectors.days_of([enterprise], at("12:00").date(), at("12:00"))
    assert day.state is Timeliness.ON_TIME
    assert CommitmentVersion.objects.by_the_machine().count() == 2
    assert second.changes == [["二级动火", "0 处", "2 处"]]
    found = selectors.board_of(enterprise.code)
    assert found is not None
    assert found[1] == second


@pytest.mark.req("COM-09")
def test_a_day_of_high_risk_is_watched_at_once_and_the_next_day_is_not(enterprise: Any) -> None:
    commit(enterprise, "09:20", risk="larger")
    row = Watched.objects.by_the_machine().get()
    assert (row.at, row.get_reason_display()) == (at("09:20"), "承诺高风险")
    commit(enterprise, "09:00", day=2)
    assert Watched.objects.by_the_machine().count() == 1


@pytest.mark.req("COM-10")
def test_everybody_reads_the_latest_announcement_without_a_telephone(enterprise: Any) -> None:
    person = enterprise.people["甲"]
    person.phone = "13800000001"
    person.save()
    commit(enterprise, "09:30")
    page = Client().get(f"/board/{enterprise.code}/").content.decode()
    assert all(words in page for words in ("安全风险研判与承诺公告", "2024年3月1日", "甲"))
    assert "13800000001" not in page
    assert Client().get("/board/000000000/").status_code == 404


@pytest.mark.req("GEN-08")
def test_late_is_done_and_not_on_time_and_a_day_without_is_missing(enterprise: Any) -> None:
    ensure_planned(at("08:00"))
    obligations.run_due(at("10:00"))
    commit(enterprise, "10:40")
    [day] = selectors.days_of([enterprise], at("12:00").date(), at("12:00"))
    told = selectors.figures([day])
    assert (told.committed, told.on_time, day.judgement.late_by) == (1, 0, timedelta(minutes=40))
    [next_day] = selectors.days_of([enterprise], at("12:00", 2).date(), at("00:00", 3))
    assert next_day.state is Timeliness.MISSING


def test_the_same_form_sent_twice_is_one_version(enterprise: Any) -> None:
    by = holder(enterprise, enterprise.people["甲"])
    services.commit(enterprise, by=by, at=at("09:00"), typed={**CALM, "risk": "low"}, seen=0)
    with pytest.raises(Refused) as refused:
        services.commit(enterprise, by=by, at=at("09:00:01"), typed={**CALM, "risk": "low"}, seen=0)
    assert refused.value.reason == "changed_meanwhile"
    assert CommitmentVersion.objects.by_the_machine().count() == 1


def test_the_figures_of_a_scope_are_those_of_what_was_owed(enterprise: Any) -> None:
    ensure_planned(at("08:00"))
    obligations.run_due(at("08:00"))
    scope, day = Scope(agency_paths=(enterprise.supervisor.path,)), at("08:00").date()
    assert selectors.figures_in(scope, day) == selectors.Figures(1, 0, 0, 1)
    commit(enterprise, "09:00")
    assert selectors.figures_in(scope, day) == selectors.Figures(1, 1, 1, 0)
    assert selectors.figures_in(scope, at("08:00", 2).date()) == selectors.Figures(0, 0, 0, 0)
