"""What people do about warnings, and what they may not: rows WRN-04, 06 to 08, 15, 18 and 19 as written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.acceptance.conftest import Plant
from tests.acceptance.worlds import at, level, lines, played
from tests.hats import called, holder, officer, staff

from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.warnings import selectors
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Act, ActKind, Confirmation, SiteOrder, Warning
from anlan.drill.world import settle
from anlan.refused import Refused
from anlan.rules.calendar import day_of
from anlan.rules.metrics import METRICS, HandlingFacts

TEXTS = {"result": "已处置", "cause": "阀门内漏", "measures": "更换阀门"}


def raised(plant: Plant, level: str, when: datetime) -> Warning:
    warning = warnings.set_level(plant.source, level, at=when)
    assert warning is not None
    return warning


def desk(code: str) -> Scope:
    """What the duty desk of an agency sees."""
    return Scope(agency_paths=(Agency.objects.by_the_machine().get(code=code).path,))


def figures(code: str, now: datetime) -> HandlingFacts:
    """The facts of 1 March as the duty desk of an agency reads them."""
    return HandlingFacts.total(selectors.handling_facts(desk(code), day_of(at("00:00").date()), now).values())


def run_until(until: datetime, start: datetime, every: timedelta = timedelta(minutes=1)) -> None:
    """Let a clock look once a minute."""
    now = start
    while now <= until:
        obligations.run_due(now)
        now += every


@pytest.mark.req("WRN-04")
def test_orange_goes_to_holders_county_and_city_and_two_enterprises_never_mix(plant: Plant) -> None:
    from anlan.apps.registry.models import DutyHolder, Enterprise, HazardSource

    other = Agency.objects.by_the_machine().get(code="other")
    neighbour = Enterprise.objects.create(
        code="999999002", name="示例邻厂", region=plant.enterprise.region, county=other, supervisor=other
    )
    source = HazardSource.objects.create(code="999999002001", enterprise=neighbour, name="库房", level="1")
    stranger = plant.world.person(neighbour, "丁")
    DutyHolder.objects.create(enterprise=neighbour, source=source, person=stranger, post="main", valid_from=at("00:00"))
    first = raised(plant, "orange", at("08:00"))
    second = warnings.set_level(source, "orange", at=at("08:01"))
    assert second is not None
    assert names(first) == {"甲", "乙", "丙", "县应急管理局", "市应急管理局"}
    assert names(second) == {"丁", "邻县应急管理局", "市应急管理局"}


def names(warning: Warning) -> set[str]:
    return {row.name for row in selectors.recipients_table(warning)}


@pytest.mark.req("WRN-06")
def test_blue_for_three_days_sends_agencies_nothing_and_stands_on_the_enterprise_page(plant: Plant) -> None:
    from anlan.apps.delivery.models import Message, Notice

    raised(plant, "blue", at("08:00"))
    run_until(at("08:00", 4), at("08:00"), timedelta(hours=1))
    assert {message.recipient_kind for message in Message.objects.by_the_machine()} == {"person"}
    assert set(Notice.objects.by_the_machine().values_list("kind", flat=True)) == {"informed"}
    assert not SiteOrder.objects.by_the_machine().exists()
    own = Scope(enterprise_ids=(plant.enterprise.pk,))
    assert [row.level for row in selectors.open_warnings(own)] == ["blue"]
    assert selectors.level_counts(desk("zz"))["blue"] == 1
    assert figures("zz", at("08:00", 4)).warnings == 1


@pytest.mark.req("WRN-06")
@pytest.mark.parametrize(("to_county", "told"), [(False, "丙 乙 甲"), (True, "zz 丙 乙 甲")])
def test_a_local_setting_adds_the_county_to_who_hears_of_blue(db: None, to_county: bool, told: str) -> None:
    found = played(level("08:00", "blue"), settings={"blue_to_cp": to_county}, until="2024-03-02T08:00:00+08:00")
    assert found == lines(f"03-01 08:00 informed blue s1 -> {told}")


@pytest.mark.req("WRN-07")
def test_confirming_records_who_and_when_and_the_time_it_took_is_a_figure(plant: Plant) -> None:
    warning = raised(plant, "orange", at("08:00"))
    warnings.confirm(warning, by=holder(warning, plant.person("丙")), at=at("08:05"), text="现场核实属实")
    row = Confirmation.objects.by_the_machine().get()
    assert (row.name, row.post, row.at, row.automatic) == ("丙", "操作负责人", at("08:05"), False)
    metric = METRICS["confirm_minutes"]
    assert metric.text(metric.compute(figures("zz", at("09:00")))) == "5.00"


@pytest.mark.req("WRN-07")
def test_clearing_without_confirmation_confirms_automatically_with_a_mark(plant: Plant) -> None:
    warning = raised(plant, "orange", at("08:00"))
    warnings.clear(warning, by=staff(warning, plant.person("甲")), at=at("08:30"))
    row = Confirmation.objects.by_the_machine().get()
    assert (row.automatic, row.at, row.person) == (True, at("08:30"), None)
    facts = figures("zz", at("09:00"))
    assert (facts.confirmed_automatically, facts.confirmed) == (1, 0)


@pytest.mark.req("WRN-07")
def test_a_local_setting_refuses_to_clear_what_nobody_confirmed(plant: Plant) -> None:
    settle({"clear_unconfirmed": "refuse"}, at("08:00"))
    warning = raised(plant, "orange", at("08:00"))
    with pytest.raises(Refused) as refusal:
        warnings.clear(warning, by=staff(warning, plant.person("甲")), at=at("08:30"))
    assert refusal.value.reason == "unconfirmed"
    warnings.confirm(warning, by=holder(warning, plant.person("甲")), at=at("08:31"))
    warnings.clear(warning, by=staff(warning, plant.person("甲")), at=at("08:32"))
    assert Warning.objects.by_the_machine().get().cleared_at == at("08:32")


@pytest.mark.req("WRN-07")
def test_clearing_is_refused_with_the_reason_while_the_pressure_stands_above_high_high(plant: Plant) -> None:
    plant.alarm("YL001", "raised", "HH", at("08:00"))
    warning = Warning.objects.by_the_machine().get()
    with pytest.raises(Refused) as refusal:
        warnings.clear(warning, by=staff(warning, plant.person("甲")), at=at("08:30"))
    assert refusal.value.reason == "cause_stands"
    assert "高高限" in refusal.value.detail
    assert Warning.objects.by_the_machine().get().is_open
    assert Act.objects.by_the_machine().get().kind == ActKind.CLEAR_REFUSED


@pytest.mark.req("WRN-07")
def test_a_manual_warning_is_cleared_by_its_issuer_alone(plant: Plant) -> None:
    warning = warnings.raise_manual(
        plant.source, "yellow", by=officer(plant.source, "user:duty"), at=at("08:00"), text="台风来临"
    )
    with pytest.raises(Refused) as refusal:
        warnings.clear(warning, by=staff(warning, plant.person("甲")), at=at("08:30"))
    assert refusal.value.reason == "not_issuer"
    warnings.clear(warning, by=staff(warning, "user:duty"), at=at("08:40"))
    assert Warning.objects.by_the_machine().get().cleared_at == at("08:40")


def test_alarms_that_return_do_not_clear_what_was_raised_by_hand(plant: Plant) -> None:
    warnings.raise_manual(
        plant.source, "yellow", by=officer(plant.source, "user:duty"), at=at("08:00"), text="台风来临"
    )
    plant.alarm("YL001", "raised", "HH", at("08:10"))
    assert Warning.objects.by_the_machine().get().level == "orange"
    plant.alarm("YL001", "cleared", "HH", at("08:20"), since=at("08:10"))
    assert Warning.objects.by_the_machine().get().level == "yellow"


def test_nobody_lowers_by_hand_what_the_data_support(plant: Plant) -> None:
    plant.alarm("YL001", "raised", "HH", at("08:00"))
    with pytest.raises(Refused) as refusal:
        warnings.raise_manual(plant.source, "blue", by=officer(plant.source, "user:duty"), at=at("08:10"), text="误报")
    assert refusal.value.reason == "cause_stands"


def test_a_level_by_hand_has_words_why(plant: Plant) -> None:
    for text in ("", "  ", "——"):
        with pytest.raises(Refused) as refusal:
            warnings.raise_manual(plant.source, "red", by=officer(plant.source, "user:duty"), at=at("08:00"), text=text)
        assert refusal.value.reason == "incomplete"
    assert not Warning.objects.by_the_machine().exists()


@pytest.mark.req("WRN-08")
def test_a_report_is_due_an_hour_after_clearing_complete_or_refused_late_or_overdue(plant: Plant) -> None:
    warning = raised(plant, "orange", at("11:00"))
    warnings.set_level(plant.source, "none", at=at("12:00"))
    step = selectors.next_step(warning, at("12:00"))
    assert step is not None
    assert step.due_at == at("13:00:00")
    with pytest.raises(Refused) as refusal:
        warnings.submit_report(
            warning, by=staff(warning, "x"), at=at("12:59"), result="已处置", cause=" ", measures="更换阀门"
        )
    assert refusal.value.reason == "incomplete"
    obligations.run_due(at("13:00"))
    facts = figures("zz", at("13:01"))
    assert (facts.reports_overdue, facts.reports_late) == (1, 0)
    overdue = [entry for entry in selectors.timeline(warning, at("13:01")) if entry.kind == "report_overdue"]
    assert [name for name, _ in overdue[0].to] == ["县应急管理局"]
    report = warnings.submit_report(warning, by=staff(warning, plant.person("甲")), at=at("13:05"), **TEXTS)
    assert report.is_late
    facts = figures("zz", at("13:06"))
    assert (facts.reports_overdue, facts.reports_late) == (0, 1)


def test_a_second_report_and_one_before_clearing_are_refused(plant: Plant) -> None:
    warning = raised(plant, "yellow", at("11:00"))
    with pytest.raises(Refused) as early:
        warnings.submit_report(warning, by=staff(warning, "x"), at=at("11:30"), **TEXTS)
    assert early.value.reason == "not_cleared"
    warnings.set_level(plant.source, "none", at=at("12:00"))
    warnings.submit_report(warning, by=staff(warning, "x"), at=at("12:30"), **TEXTS)
    with pytest.raises(Refused) as again:
        warnings.submit_report(warning, by=staff(warning, "x"), at=at("12:40"), **TEXTS)
    assert again.value.reason == "already_reported"
    assert Warning.objects.by_the_machine().get().closed_at == at("12:30")


@pytest.mark.req("WRN-15")
def test_an_unanswered_site_order_stays_open_and_counted_after_clearing_and_its_result_is_seen_above(
    plant: Plant,
) -> None:
    warning = raised(plant, "red", at("08:00"))
    run_until(at("10:00"), at("08:30"), timedelta(minutes=30))
    warnings.set_level(plant.source, "none", at=at("10:20"))
    warnings.submit_report(warning, by=staff(warning, "x"), at=at("10:40"), **TEXTS)
    warning.refresh_from_db()
    assert warning.closed_at is None
    assert selectors.open_site_orders(desk("sx")).count() == 1
    assert figures("sx", at("10:41")).orders_open == 1
    order = SiteOrder.objects.by_the_machine().get()
    assert order.tracker.code == "sx"
    city = Agency.objects.by_the_machine().get(code="jc")
    warnings.delegate_site_order(order, city, by=officer(order, "sx", of=order.tracker), at=at("10:50"))
    order.refresh_from_db()
    answer = {"persons": "张某（示例）", "findings": "阀门内漏", "measures": "停用检修", "result": "已整改"}
    warnings.answer_site_order(order, by=officer(order, "jc", of=city), at=at("15:00"), **answer)
    seen = SiteOrder.objects.visible_to(desk("mem")).get()
    assert (seen.result, seen.tracker.code, seen.executor.code) == ("已整改", "sx", "jc")
    warning.refresh_from_db()
    assert warning.closed_at == at("15:00")


def test_a_site_order_is_delegated_downwards_only(plant: Plant) -> None:
    raised(plant, "red", at("08:00"))
    run_until(at("10:00"), at("08:30"), timedelta(minutes=30))
    order = SiteOrder.objects.by_the_machine().get()
    with pytest.raises(Refused) as refusal:
        warnings.delegate_site_order(
            order,
            Agency.objects.by_the_machine().get(code="mem"),
            by=officer(order, "x", of=order.tracker),
            at=at("10:10"),
        )
    assert refusal.value.reason == "not_below"


@pytest.mark.req("WRN-18")
def test_a_warning_unopened_by_its_tracker_until_the_first_step_is_listed_for_the_city(plant: Plant) -> None:
    from anlan.apps.delivery import selectors as delivery

    warning = raised(plant, "yellow", at("08:00"))
    assert selectors.never_opened_by_tracker(desk("jc"), at("08:59:59")) == []
    listed = selectors.never_opened_by_tracker(desk("jc"), at("09:00"))
    assert [(row.tracker_name, row.opened_at) for row in listed] == [("县应急管理局", None)]
    city = delivery.unread_of(desk("jc"), warning.subject)
    assert not city.exists()  # yellow was not sent to the city
    for message in delivery.unread_of(desk("zz"), warning.subject):
        warnings.mark_read(message, by=called("zz"), at=at("09:10"))
    assert [row.opened_at for row in selectors.never_opened_by_tracker(desk("jc"), at("09:20"))] == [at("09:10")]


@pytest.mark.req("WRN-18")
@pytest.mark.parametrize(
    ("level", "setting", "before", "limit", "tracker"),
    [
        ("red", {}, "08:29:59", "08:30", "省应急管理厅"),
        ("orange", {}, "08:59:59", "09:00", "市应急管理局"),
        ("yellow", {}, "08:59:59", "09:00", "县应急管理局"),
        ("red", {"unopened_red_minutes": 10}, "08:09:59", "08:10", "省应急管理厅"),
        ("orange", {"unopened_orange_minutes": 90}, "09:29:59", "09:30", "市应急管理局"),
    ],
)
def test_each_level_has_its_own_time_to_be_opened(
    plant: Plant, level: str, setting: dict[str, int], before: str, limit: str, tracker: str
) -> None:
    if setting:
        settle(setting, at("08:00"))
    raised(plant, level, at("08:00"))
    assert selectors.never_opened_by_tracker(desk("jc"), at(before)) == []
    assert [row.tracker_name for row in selectors.never_opened_by_tracker(desk("jc"), at(limit))] == [tracker]


@pytest.mark.req("WRN-18")
@pytest.mark.parametrize(("read", "listed"), [("08:30", False), ("08:30:01", True)])
def test_opened_at_the_very_limit_is_in_time(plant: Plant, read: str, listed: bool) -> None:
    from anlan.apps.delivery import selectors as delivery

    warning = raised(plant, "red", at("08:00"))
    for message in delivery.unread_of(desk("sx"), warning.subject):
        warnings.mark_read(message, by=called("sx"), at=at(read))
    assert bool(selectors.never_opened_by_tracker(desk("jc"), at("10:00"))) is listed


@pytest.mark.req("WRN-19")
def test_every_notice_and_order_is_one_record_and_the_timeline_is_theirs_in_order(plant: Plant) -> None:
    from anlan.apps.delivery.models import Notice

    warning = raised(plant, "red", at("08:00"))
    run_until(at("10:00"), at("08:00"), timedelta(minutes=30))
    rows: list[Any] = list(Notice.objects.by_the_machine().filter(subject=warning.subject).order_by("sent_at", "pk"))
    message = rows[1].messages.get()
    warnings.mark_read(message, by=called("jc"), at=at("08:33"))
    steps = [(row.kind, row.level, row.step, row.due_at, row.sent_at) for row in rows if row.kind == "notice"]
    times = [at(clock) for clock in ("08:30", "09:00", "09:30", "10:00")]
    assert steps == [("notice", "red", number, due, due) for number, due in enumerate(times, 1)]
    assert [(m.recipient, m.read_at) for m in rows[1].messages.all()] == [("agency:jc", at("08:33"))]
    entries = [entry for entry in selectors.timeline(warning, at("10:01")) if not entry.future]
    assert [(entry.kind, entry.at) for entry in entries] == [
        ("informed", at("08:00")), ("notice", times[0]), ("notice", times[1]), ("notice", times[2]),
        ("notice", times[3]), ("site_order", times[3]),
    ]  # fmt: skip
    assert entries[1].to == (("市应急管理局", at("08:33")),)
    ahead = [entry for entry in selectors.timeline(warning, at("10:01"), ahead=2) if entry.future]
    assert [(entry.kind, entry.step, entry.at) for entry in ahead] == [
        ("notice", 5, at("10:30")),
        ("notice", 6, at("11:00")),
    ]


def test_every_act_stands_in_the_journal_and_the_chain_is_whole(plant: Plant) -> None:
    warning = raised(plant, "orange", at("08:00"))
    warnings.confirm(warning, by=holder(warning, plant.person("甲")), at=at("08:05"))
    warnings.record_measure(warning, by=staff(warning, "甲"), at=at("08:10"), text="已切断进料")
    obligations.run_due(at("09:00"))
    warnings.clear(warning, by=staff(warning, plant.person("甲")), at=at("09:30"))
    warnings.submit_report(warning, by=staff(warning, "x"), at=at("09:50"), **TEXTS)
    acts = list(Entry.objects.filter(subject=warning.subject).order_by("pk").values_list("act", flat=True))
    assert acts == [
        "level_set", "told", "confirmed", "measure", "notice_sent", "clear", "level_set", "cleared", "told", "reported",
        "told",
    ]  # fmt: skip
    assert list(journal.broken()) == []


def test_only_a_present_holder_confirms_and_confirming_again_is_the_first_one(plant: Plant) -> None:
    warning = raised(plant, "orange", at("08:00"))
    with pytest.raises(Refused) as refusal:
        warnings.confirm(warning, by=holder(warning, plant.person("路人")), at=at("08:05"))
    assert refusal.value.reason == "not_holder"
    first = warnings.confirm(warning, by=holder(warning, plant.person("甲")), at=at("08:05"))
    assert warnings.confirm(warning, by=holder(warning, plant.person("甲")), at=at("08:09")) == first


def test_a_holder_owes_confirming_then_handling_then_the_report(plant: Plant) -> None:
    scope = Scope(enterprise_ids=(plant.enterprise.pk,), person_id=plant.person("甲").pk)
    person = plant.person("甲")
    warning = raised(plant, "orange", at("08:00"))
    assert [task.kind for task in selectors.todo_for(scope, person, at("08:01"))] == ["confirm"]
    warnings.confirm(warning, by=holder(warning, person), at=at("08:05"))
    assert [task.kind for task in selectors.todo_for(scope, person, at("08:06"))] == ["handle"]
    warnings.clear(warning, by=staff(warning, person), at=at("08:30"))
    task = selectors.todo_for(scope, person, at("08:31"))[0]
    assert (task.kind, task.due_at, task.overdue) == ("report", at("09:30"), False)
    warnings.submit_report(warning, by=staff(warning, person), at=at("08:50"), **TEXTS)
    assert selectors.todo_for(scope, person, at("08:51")) == []


def test_a_tracker_owes_the_answer_to_its_site_order_and_others_do_not(plant: Plant) -> None:
    raised(plant, "red", at("08:00"))
    run_until(at("10:00"), at("08:30"), timedelta(minutes=30))
    assert [task.kind for task in selectors.todo_for(desk("sx"), None, at("10:01"))] == ["answer"]
    assert selectors.todo_for(desk("zz"), None, at("10:01")) == []


def test_numbers_run_through_the_civil_day_and_start_again_at_midnight(plant: Plant) -> None:
    first = raised(plant, "blue", at("23:50"))
    warnings.set_level(plant.source, "none", at=at("23:55"))
    second = raised(plant, "blue", at("23:59:59"))
    warnings.set_level(plant.source, "none", at=at("23:59:59"))
    third = raised(plant, "blue", at("00:00", 2))
    numbers = [row.number for row in (first, second, third)]
    assert numbers == ["YJ-20240301-0001", "YJ-20240301-0002", "YJ-20240302-0001"]


def test_a_server_clock_that_steps_back_gives_no_negative_stretch(plant: Plant) -> None:
    warning = raised(plant, "orange", at("08:00"))
    warnings.set_level(plant.source, "red", at=at("07:55"))
    assert [(row.started_at, row.ended_at) for row in warning.episodes.order_by("pk")] == [
        (at("08:00"), at("08:00")),
        (at("08:00"), None),
    ]
