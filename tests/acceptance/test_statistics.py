"""Rows WRN-17 and WRN-21 as written: the month table per county with its ranking, and the daily figures until done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.test import RequestFactory
from tests.acceptance.worlds import AGENCIES, SOURCE, at, written
from tests.hats import holder, officer, staff

from anlan.apps.delivery.models import Notice
from anlan.apps.obligations import services as obligations
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import NOTHING, Scope, guard
from anlan.apps.registry.models import HazardSource
from anlan.apps.registry.selectors.locality import rules_of_scope
from anlan.apps.registry.selectors.units import UnitKind
from anlan.apps.warnings import selectors
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.drill.scenario import parse
from anlan.drill.world import build, settle
from anlan.pages.statistics.asked import FiguresAsked, read
from anlan.pages.statistics.views import Answer, answer
from anlan.rules.metrics import METRICS, HandlingFacts, tabulate

pytestmark = pytest.mark.django_db
TEXTS = {"result": "已处置", "cause": "阀门内漏", "measures": "更换阀门"}
ANSWER = {"persons": "张某（示例）", "findings": "阀门内漏", "measures": "停用检修", "result": "已整改"}


@dataclass
class Counties:
    """Enterprise e1 in county zz, e2 in park bg of that county and supervised by the park, e3 in county other."""

    sources: dict[str, HazardSource]

    def raised(self, key: str, level: str, when: datetime) -> Warning:
        warning = warnings.set_level(self.sources[key], level, at=when)
        assert warning is not None
        return warning

    def clear(self, key: str, when: datetime) -> None:
        warnings.set_level(self.sources[key], "none", at=when)


@pytest.fixture
def counties() -> Counties:
    plants: list[dict[str, Any]] = [
        {"id": "e1", "name": "示例一厂", "county": "zz", "supervisor": "zz", "sources": [SOURCE]},
        {"id": "e2", "name": "示例二厂", "county": "zz", "supervisor": "bg", "park": "bg",
         "sources": [SOURCE | {"id": "s2"}]},
        {"id": "e3", "name": "示例三厂", "county": "other", "supervisor": "other", "sources": [SOURCE | {"id": "s3"}]},
    ]  # fmt: skip
    raw = {
        "name": "counties",
        "world": {"agencies": AGENCIES, "enterprises": plants},
        "start": "2024-03-01T00:00:00+08:00",
        "until": "2024-03-31T00:00:00+08:00",
        "events": [],
    }
    return Counties(build(parse(written(raw))).sources)


def city() -> Scope:
    return Scope(agency_paths=(Agency.objects.by_the_machine().get(code="jc").path,))


def asked(now: datetime, **query: str) -> FiguresAsked:
    return read(query, now, partial(rules_of_scope, city()), UnitKind.SUPERVISOR)


def shown(found: Answer) -> list[tuple[Any, ...]]:
    """Place, unit and texts of each line, as a reader sees them."""
    metrics = found.asked.metrics
    return [
        (line.place.text, found.units[line.unit].name, *map(lambda m, f: m.text(f), metrics, line.figures))
        for line in found.table.lines
    ]


def fire(*clocks: str, day: int = 1) -> None:
    for clock in clocks:
        obligations.run_due(at(clock, day))


def month(counties: Counties) -> None:
    """The events of March that the table is read from."""
    # park enterprise: orange 08:00–10:30, so two notices, each to park and county; reported in time
    two = counties.raised("s2", "orange", at("08:00", 4))
    fire("09:00", "10:00", day=4)
    counties.clear("s2", at("10:30", 4))
    warnings.submit_report(two, by=staff(two, "x"), at=at("11:30", 4), **TEXTS)
    # county enterprise: red at 08:00, order at 10:00, falls to orange 11:00 (180 min) and is cleared 12:00 (60 min)
    one = counties.raised("s1", "red", at("08:00", 5))
    fire("08:30", "09:00", "09:30", "10:00", "10:30", day=5)
    warnings.set_level(counties.sources["s1"], "orange", at=at("11:00", 5))
    counties.clear("s1", at("12:00", 5))
    order = SiteOrder.objects.by_the_machine().get()
    warnings.answer_site_order(order, by=officer(order, "sx", of=order.tracker), at=at("10:00", 6), **ANSWER)
    fire("13:00", day=5)
    warnings.submit_report(one, by=staff(one, "x"), at=at("13:05", 5), **TEXTS)
    # a blue one in the same county: counted, no clock, no report
    counties.raised("s1", "blue", at("08:00", 10))
    counties.clear("s1", at("09:00", 10))


HEADS = ("预警数", "平均降级用时", "处置报告按时率", "警示通报数", "核查督办按时反馈率")


@pytest.mark.req("WRN-17")
def test_the_month_table_per_county_counts_each_notice_once_and_is_ranked_by_the_configured_key(
    counties: Counties,
) -> None:
    month(counties)
    now = at("00:30", 31) + timedelta(days=1)
    with guard():
        found = answer(city(), asked(now, date="2024-03-15"), now)
    assert tuple(metric.title for metric in found.asked.metrics[:5]) == HEADS
    assert found.asked.period_words == "2024年3月"
    assert [line[:7] for line in shown(found)] == [
        ("1", "化工园区管委会", "1", "150.00", "100.00 %", "2", "—"),
        ("2", "县应急管理局", "2", "120.00", "0.00 %", "5", "100.00 %"),
        ("—", "邻县应急管理局", "0", "—", "—", "0", "—"),
    ]
    orange = Notice.objects.by_the_machine().filter(kind="notice", level="orange")
    received = [notice.messages.count() for notice in orange]
    assert received == [2, 2]  # park and county had each; they count once, for the registered supervisor
    total = [metric.text(figure) for metric, figure in zip(found.asked.metrics, found.table.total, strict=True)]
    assert total[:5] == ["3", "130.00", "50.00 %", "7", "100.00 %"]


@pytest.mark.req("WRN-17")
def test_another_key_in_the_local_setting_ranks_the_table_by_that_key_and_its_own_direction(counties: Counties) -> None:
    month(counties)
    settle({"handling_ranked_by": "report_on_time_rate"}, at("00:00"))
    now = at("00:30", 31) + timedelta(days=1)
    found = answer(city(), asked(now, date="2024-03-15"), now)
    assert [line[:2] for line in shown(found)] == [
        ("1", "化工园区管委会"),
        ("2", "县应急管理局"),
        ("—", "邻县应急管理局"),
    ]
    assert found.asked.ranked_by.id == "report_on_time_rate"
    by_notices = answer(city(), asked(now, date="2024-03-15", rank="notices_sent"), now)
    assert [line[:2] for line in shown(by_notices)][:2] == [("1", "县应急管理局"), ("2", "化工园区管委会")]


@pytest.mark.req("WRN-17")
def test_an_order_counts_as_in_time_up_to_the_local_limit_and_as_due_only_after_it(counties: Counties) -> None:
    month(counties)
    rate = "orders_answered_rate"
    for hours, expected in ((24, "100.00 %"), (23, "0.00 %")):
        settle({"site_order_answer_hours": hours}, at("00:00"))
        found = answer(city(), asked(at("12:00", 20), date="2024-03-15"), at("12:00", 20))
        place = [metric.id for metric in found.asked.metrics].index(rate)
        assert found.asked.metrics[place].text(found.table.total[place]) == expected


@pytest.mark.req("GEN-01")
def test_periods_are_civil_and_half_open(counties: Counties) -> None:
    counties.raised("s1", "blue", at("23:59:59", 4))
    counties.raised("s2", "blue", at("00:00", 5))
    now = at("12:00", 6)
    fourth, fifth = (answer(city(), asked(now, period="day", date=f"2024-03-0{day}"), now) for day in (4, 5))
    assert [line[1] for line in shown(fourth) if line[2] == "1"] == ["县应急管理局"]
    assert [line[1] for line in shown(fifth) if line[2] == "1"] == ["化工园区管委会"]
    week = answer(city(), asked(now, period="week", date="2024-03-10"), now)
    assert week.asked.period_words == "2024-03-04 — 2024-03-10"
    assert week.table.total[0].value == 2


def test_a_higher_level_reads_by_city_and_an_enterprise_by_itself(counties: Counties) -> None:
    counties.raised("s1", "blue", at("08:00", 4))
    counties.raised("s3", "blue", at("08:00", 4))
    now = at("12:00", 6)
    by_city = answer(city(), asked(now, by="city"), now)
    assert [line[1:3] for line in shown(by_city)] == [("市应急管理局", "2")]
    own = Scope(enterprise_ids=(counties.sources["s1"].enterprise_id,))
    alone = answer(own, asked(now, by="enterprise"), now)
    assert [line[1:3] for line in shown(alone)] == [("示例一厂", "1")]


def test_what_an_address_asks_wrongly_is_told_and_not_guessed(counties: Counties) -> None:
    now = at("12:00", 6)
    question = asked(now, table="x", period="hour", date="2024-13-01", rank="y", by="moon")
    assert len(question.problems) == 5
    assert (question.table, question.kind, question.day) == ("handling", "month", now.date())


@pytest.mark.req("WRN-21")
def test_the_county_s_daily_figures_are_alarms_clearings_and_larger_warnings_with_their_state(plant: Any) -> None:
    from anlan.apps.alarms import services as alarms
    from anlan.apps.alarms.models import Alarm
    from anlan.pages.statistics.lists import FACTS

    county = Scope(agency_paths=(Agency.objects.by_the_machine().get(code="zz").path,))

    def daily(day: int, now: datetime) -> tuple[list[str], list[tuple[str, str]]]:
        query = {"table": "daily", "date": f"2024-03-0{day}"}
        question = read(query, now, partial(rules_of_scope, county), UnitKind.SUPERVISOR)
        found = answer(county, question, now)
        texts = [metric.text(figure) for metric, figure in zip(question.metrics, found.table.total, strict=True)]
        listed = FACTS["larger_warnings"]
        rows = listed.join(selectors.ROWS["larger_warnings"](county, question.period))
        state = next(column for column in listed.listing.columns if column.key == "state").value
        assert state is not None
        return texts, [(row.number, str(state(row))) for row in rows]

    plant.alarm("YL001", "raised", "HH", at("08:00"))
    plant.alarm("YW001", "raised", "H", at("08:10"))
    plant.alarm("YW001", "cleared", "H", at("08:20"), since=at("08:10"))
    lone = Alarm.objects.by_the_machine().get(point__tag="YW001")
    number = Warning.objects.by_the_machine().get().number
    assert daily(1, at("09:00")) == (["2", "0", "0.00 %", "2", "1", "0.00 %"], [(number, "未确认")])
    alarms.acknowledge([lone.pk], by={lone.enterprise_id: staff(lone, plant.person("丙"))}, at=at("09:05"))
    assert daily(1, at("09:10"))[0][:4] == ["2", "1", "50.00 %", "1"]
    warning = Warning.objects.by_the_machine().get()
    warnings.confirm(warning, by=holder(warning, plant.person("丙")), at=at("09:15"))
    # the next day nothing new happens, yet both are still watched
    assert daily(2, at("09:00", 2)) == (["0", "0", "—", "1", "1", "0.00 %"], [(number, "处置中")])
    plant.alarm("YL001", "cleared", "HH", at("10:00", 2), since=at("08:00"))
    standing = Alarm.objects.by_the_machine().get(point__tag="YL001")
    alarms.acknowledge(
        [standing.pk], by={standing.enterprise_id: staff(standing, plant.person("丙"))}, at=at("10:05", 2)
    )
    warning.refresh_from_db()
    assert warning.cleared_at is not None
    assert daily(2, at("10:30", 2))[1] == [(number, "待处置报告")]
    warnings.submit_report(warning, by=staff(warning, "x"), at=at("10:40", 2), **TEXTS)
    obligations.run_due(at("10:45", 2))
    for order in SiteOrder.objects.by_the_machine():
        warnings.answer_site_order(order, by=officer(order, "jc", of=order.tracker), at=at("10:50", 2), **ANSWER)
    assert daily(2, at("11:00", 2)) == (["0", "0", "—", "0", "1", "100.00 %"], [(number, "已办结")])
    assert daily(3, at("09:00", 3)) == (["0", "0", "—", "0", "0", "—"], [])


def test_the_query_of_a_page_is_read_as_the_api_reads_it() -> None:
    request = RequestFactory().get("/statistics/?table=daily&period=quarter&date=2024-05-20")
    question = read(request.GET, at("12:00"), partial(rules_of_scope, NOTHING), UnitKind.SUPERVISOR)
    assert (question.period_words, question.title) == ("2024年第2季度", "报警消警与预警处置")


@pytest.mark.req("GEN-07")
def test_places_ties_zero_and_a_top_list_in_the_table_that_is_read() -> None:
    counties = build(parse(written(_four_counties([9, 9, 5, 0])))).sources
    for number, count in enumerate([9, 9, 5, 0]):
        for minute in range(count):
            warnings.set_level(counties[f"s{number}"], "blue", at=at(f"08:{minute:02d}:00"))
            warnings.set_level(counties[f"s{number}"], "none", at=at(f"08:{minute:02d}:30"))
    now = at("12:00", 2)
    ranked = answer(city(), asked(now, rank="warnings_raised"), now)
    assert [(line[0], line[2]) for line in shown(ranked)] == [("1", "9"), ("1", "9"), ("3", "5"), ("—", "0")]
    two = answer(city(), asked(now, rank="warnings_raised", top="2"), now)
    assert [(line[0], line[2]) for line in shown(two)] == [("1", "9"), ("1", "9")]
    assert two.table.total[0].value == 23
    twelve = {f"市{number}": HandlingFacts(warnings=max(0, 10 - number)) for number in range(12)}
    twelve["市9"] = HandlingFacts()
    metric = METRICS["warnings_raised"]
    assert len(tabulate([metric], twelve, metric, 10).lines) == 9


@pytest.mark.req("GEN-07")
def test_of_twelve_cities_three_of_which_have_none_a_top_ten_lists_nine() -> None:
    cities: list[dict[str, Any]] = [
        {"id": f"city{n}", "level": "city", "parent": "sx", "name": f"示例{n}市局"} for n in range(12)
    ]
    counties: list[dict[str, Any]] = [
        {"id": f"c{n}", "level": "county", "parent": f"city{n}", "name": f"示例{n}县局"} for n in range(12)
    ]
    plants = [
        {"id": f"p{n}", "name": f"示例{n}厂", "county": f"c{n}", "sources": [SOURCE | {"id": f"s{n}"}]}
        for n in range(12)
    ]
    raw = _four_counties([]) | {"world": {"agencies": [*AGENCIES, *cities, *counties], "enterprises": plants}}
    sources = build(parse(written(raw))).sources
    for number in range(9):
        warnings.set_level(sources[f"s{number}"], "blue", at=at("08:00"))
    province = Scope(agency_paths=(Agency.objects.by_the_machine().get(code="sx").path,))
    now = at("12:00", 2)
    query = {"by": "city", "rank": "warnings_raised", "top": "10"}
    question = read(query, now, partial(rules_of_scope, province), UnitKind.SUPERVISOR)
    lines = shown(answer(province, question, now))
    assert {line[1] for line in lines} == {f"示例{number}市局" for number in range(9)}
    assert {(line[0], line[2]) for line in lines} == {("1", "1")}


def _four_counties(counts: list[int]) -> dict[str, Any]:
    county = {"level": "county", "parent": "jc"}
    agencies = [*AGENCIES, *(county | {"id": f"c{n}", "name": f"示例{n}县局"} for n in range(len(counts)))]
    plants = [
        {"id": f"p{n}", "name": f"示例{n}厂", "county": f"c{n}", "sources": [SOURCE | {"id": f"s{n}"}]}
        for n in range(len(counts))
    ]
    world = {"agencies": agencies, "enterprises": plants}
    start, until = "2024-03-01T00:00:00+08:00", "2024-03-31T00:00:00+08:00"
    return {"name": "ranking", "world": world, "start": start, "until": until, "events": []}
