"""From found to closed by people: each step in its order, with its limit, its words and its journal entry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario
from tests.hats import officer, staff

from anlan.apps.findings import services
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.warnings import kinds
from anlan.refused import Refused
from anlan.rules.patrol import Rectification

pytestmark = pytest.mark.django_db


@pytest.fixture
def finding() -> Finding:
    from anlan.drill.world import build

    source = build(scenario()).sources["s1"]
    return services.found(
        kinds.HIDDEN_DANGER,
        enterprise=source.enterprise,
        subject="x:1",
        text="阀门内漏",
        at=at("08:00"),
    )


def assign(finding: Finding, when: str = "08:30", **values: Any) -> Finding:
    how = values.pop("how", Rectification.IMMEDIATE)
    return services.assign(finding, by=officer(finding, "张某（示例）"), at=at(when), how=how, **values)


@pytest.mark.req("GEN-10")
@pytest.mark.parametrize(
    ("how", "due"),
    [(Rectification.IMMEDIATE, at("08:30", 2)), (Rectification.WITH_MEASURES, at("08:30", 16))],
)
def test_an_assigned_problem_without_a_limit_gets_the_local_default_and_says_so(
    finding: Finding, how: Rectification, due: Any
) -> None:
    row = assign(finding, how=how, measures="停用该阀门")
    assert (row.state, row.due_at, row.limit_source) == (FindingState.ASSIGNED, due, "本地设定")
    assert Obligation.objects.by_the_machine().get(kind="rectify").due_at == due


def test_a_limit_that_was_set_is_kept_and_is_not_called_local(finding: Finding) -> None:
    row = assign(finding, due_at=at("18:00"))
    assert (row.due_at, row.limit_source) == (at("18:00"), "")


def test_what_cannot_be_put_right_at_once_needs_measures_and_a_limit_in_the_future(finding: Finding) -> None:
    for values in ({"how": Rectification.WITH_MEASURES}, {"due_at": at("08:30")}):
        with pytest.raises(Refused):
            assign(finding, **values)
    assert Finding.objects.by_the_machine().get().state == FindingState.OPEN
    assert not Obligation.objects.by_the_machine().exists()


def test_the_whole_way_is_on_record_with_names_words_and_times(finding: Finding) -> None:
    assign(finding)
    services.rectify(finding, by=staff(finding, "甲"), at=at("10:00"), text="已更换阀门")
    services.verify(finding, at=at("11:00"), text="现场核验属实", by=officer(finding, "张某（示例）"))
    row = services.close(finding, at=at("11:30"), by=officer(finding, "张某（示例）"))
    assert (row.state, row.closed_at, row.overdue_at) == (FindingState.CLOSED, at("11:30"), None)
    steps = [(step.kind, step.at, step.text) for step in row.steps.all()]
    assert steps == [
        ("assigned", at("08:30"), "立即整改"),
        ("rectified", at("10:00"), "已更换阀门"),
        ("verified", at("11:00"), "现场核验属实"),
        ("closed", at("11:30"), ""),
    ]
    assert Obligation.objects.by_the_machine().get(kind="rectify").state == "done"
    acts = list(Entry.objects.filter(subject=f"finding:{row.pk}").order_by("pk").values_list("act", flat=True))
    assert acts == ["finding_opened", "finding_assigned", "finding_rectified", "finding_verified", "finding_closed"]
    assert list(journal.broken()) == []


def test_the_clock_marks_what_is_not_rectified_in_time_and_it_stays_owed(finding: Finding) -> None:
    assign(finding)
    assert obligations.run_due(at("08:30", 2) - timedelta(seconds=1)) == 0
    obligations.run_due(at("08:30", 2))
    row = Finding.objects.by_the_machine().get()
    assert (row.state, row.overdue_at) == (FindingState.ASSIGNED, at("08:30", 2))
    assert obligations.run_due(at("09:00", 2)) == 0
    services.rectify(finding, by=staff(finding, "甲"), at=at("10:00", 2), text="已更换阀门")
    assert Obligation.objects.by_the_machine().get(kind="rectify").state == "late"
    row.refresh_from_db()
    assert [step.kind for step in row.steps.all()] == ["assigned", "overdue", "rectified"]


@pytest.mark.parametrize(("seconds", "state"), [(0, "done"), (1, "late")])
def test_rectified_at_the_very_limit_is_in_time_and_a_second_later_is_not(
    finding: Finding, seconds: int, state: str
) -> None:
    due = assign(finding).due_at
    assert due is not None
    when = due + timedelta(seconds=seconds)
    row = services.rectify(finding, by=staff(finding, "甲"), at=when, text="已更换阀门")
    assert Obligation.objects.by_the_machine().get(kind="rectify").state == state
    assert row.overdue_at == (due if seconds else None)


def test_sent_back_it_is_owed_anew_with_a_new_limit(finding: Finding) -> None:
    assign(finding)
    services.rectify(finding, by=staff(finding, "甲"), at=at("10:00"), text="已更换阀门")
    row = services.send_back(finding, at=at("11:00"), text="仍有渗漏", by=officer(finding, "张某（示例）"))
    assert (row.state, row.due_at, row.rectified_at) == (FindingState.ASSIGNED, at("11:00", 2), None)
    states = [each.state for each in Obligation.objects.by_the_machine().filter(kind="rectify").order_by("pk")]
    assert states == ["done", "pending"]


@pytest.mark.case("E7")
def test_sent_back_after_it_was_overdue_it_is_not_overdue_until_the_new_limit_has_passed(finding: Finding) -> None:
    assign(finding)
    obligations.run_due(at("08:30", 2))
    services.rectify(finding, by=staff(finding, "甲"), at=at("09:00", 2), text="已更换阀门")
    row = services.send_back(
        finding, at=at("10:00", 2), text="仍有渗漏", due_at=at("12:00", 2), by=officer(finding, "张某（示例）")
    )
    assert (row.state, row.overdue_at, row.due_at, row.limit_source) == ("assigned", None, at("12:00", 2), "")
    obligations.run_due(at("12:00", 2))
    row.refresh_from_db()
    assert row.overdue_at == at("12:00", 2)


@pytest.mark.case("E7")
def test_a_new_limit_lies_after_the_sending_back_and_not_at_it(finding: Finding) -> None:
    assign(finding)
    services.rectify(finding, by=staff(finding, "甲"), at=at("10:00"), text="已更换阀门")
    with pytest.raises(Refused):
        services.send_back(
            finding, at=at("11:00"), text="仍有渗漏", due_at=at("11:00"), by=officer(finding, "张某（示例）")
        )
    row = services.send_back(
        finding, at=at("11:00"), text="仍有渗漏", due_at=at("11:00:01"), by=officer(finding, "张某（示例）")
    )
    assert row.due_at == at("11:00:01")


def test_steps_out_of_order_and_blank_words_are_refused(finding: Finding) -> None:
    attempts = [
        lambda: services.verify(finding, at=at("09:00"), text="属实", by=officer(finding, "张某（示例）")),
        lambda: services.close(finding, at=at("09:00"), by=officer(finding, "张某（示例）")),
        lambda: services.send_back(finding, at=at("09:00"), text="退回", by=officer(finding, "张某（示例）")),
        lambda: services.rectify(finding, by=staff(finding, "甲"), at=at("09:00"), text=" "),
    ]
    for attempt in attempts:
        with pytest.raises(Refused):
            attempt()
    assert Finding.objects.by_the_machine().get().state == FindingState.OPEN


def test_what_the_machine_sees_put_right_is_closed_wherever_it_stands_and_owed_no_more(finding: Finding) -> None:
    assign(finding)
    code = finding.enterprise.code
    assert services.closed(kinds.HIDDEN_DANGER, subject="x:1", enterprise_code=code, at=at("09:00"))
    assert Obligation.objects.by_the_machine().get(kind="rectify").state == "cancelled"
    assert obligations.run_due(at("08:30", 3)) == 0


def test_found_again_on_its_way_it_counts_up_and_keeps_its_state(finding: Finding) -> None:
    assign(finding)
    again = services.found(
        kinds.HIDDEN_DANGER,
        enterprise=finding.enterprise,
        subject="x:1",
        text="阀门内漏",
        at=at("09:00"),
    )
    again.refresh_from_db()
    assert (again.pk, again.times, again.state) == (finding.pk, 2, FindingState.ASSIGNED)
