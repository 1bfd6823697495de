"""The acceptance checks of the day's special work (PTW) and of unit states, to the second, through the services."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from PIL import Image
from tests.acceptance.worlds import at, scenario
from tests.hats import holder, officer, staff

from anlan.apps.commitments import services as commitments
from anlan.apps.commitments.models import CommitmentVersion
from anlan.apps.files.models import Attachment
from anlan.apps.files.services import receive
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services.duties import ensure_planned
from anlan.apps.org.scope import Scope
from anlan.apps.permits import selectors, services
from anlan.apps.permits.models import DayReport, SpecialWork
from anlan.apps.unitstates import services as unitstates
from anlan.apps.unitstates.selectors import starts_and_stops
from anlan.drill.days import CALM
from anlan.refused import Refused
from anlan.rules.calendar import civil

pytestmark = pytest.mark.django_db
FIRST = date(2024, 3, 1)
NUMBERS = count(1)


@pytest.fixture
def enterprise() -> Any:
    """One enterprise with one source, whose main holder 甲 is its principal; the morning has been planned."""
    from anlan.drill.world import build

    world = build(scenario())
    found = world.sources["s1"].enterprise
    found.principal_person = world.person(found, "甲")
    ensure_planned(at("00:00"))
    obligations.run_due(at("00:00"))
    return found


def typed(begins: str, ends: str, day: int = 1, until: int | None = None, **more: Any) -> dict[str, Any]:
    said = {
        "kind": "hot", "grade": "first", "content": f"管支架焊接 {next(NUMBERS)}", "place": "冷却器出口",
        "persons": "2", "begins_at": at(begins, day), "ends_at": at(ends, until or day),
    }  # fmt: skip
    return said | more


def add(enterprise: Any, entered: str, begins: str, ends: str, *, on: int = 1, **more: Any) -> SpecialWork:
    return services.add(enterprise, typed(begins, ends, **more), by=staff(enterprise), at=at(entered, on))


def none(enterprise: Any, clock: str, day: int = 1) -> DayReport:
    return services.report_day(enterprise, at(clock, day).date(), nothing=True, by=staff(enterprise), at=at(clock, day))


def commit(enterprise: Any, clock: str, day: int = 1, **said: Any) -> CommitmentVersion:
    by = holder(enterprise, enterprise.principal_person)
    return commitments.commit(enterprise, by=by, at=at(clock, day), typed={**CALM, "risk": "low", **said})


def owed(day: str = "2024-03-01") -> str:
    return Obligation.objects.by_the_machine().get(kind="special_work", payload__turn=day).state


def doubts() -> list[str]:
    rows = Finding.objects.by_the_machine().filter(kind="commitment_doubt").exclude(state="closed")
    return sorted(row.subject.rpartition(":")[2] for row in rows)


@contextmanager
def told(clock: str, *, day: int = 1, reporter: str = "示例乙", picture: bool = True) -> Iterator[services.Relayed]:
    """What somebody said in the work group, with the picture of it."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(content, "PNG")
    content.seek(0)
    with receive(content, "群消息.png", at=at(clock, day)) as received:
        yield services.Relayed(reporter, at(clock, day), (received,) if picture else ())


@pytest.mark.req("PTW-02")
@pytest.mark.parametrize(("clock", "state"), [("09:29:59", "done"), ("09:30:00", "late")])
def test_a_second_before_half_past_nine_is_on_time_and_half_past_is_late(
    enterprise: Any, clock: str, state: str
) -> None:  # fmt: skip
    """09:29:59 on time; 09:30:00 late; no special work → an explicit 无, without which the day is owed."""
    add(enterprise, clock, "10:00", "12:00")
    obligations.run_due(at("09:30"))
    assert owed() == state
    obligations.run_due(at("00:00", 2))
    obligations.run_due(at("09:30", 2))
    assert owed("2024-03-02") == "overdue"
    none(enterprise, "09:40", 2)
    assert owed("2024-03-02") == "late"
    obligations.run_due(at("00:00", 3))
    none(enterprise, "09:29:59", 3)
    assert owed("2024-03-03") == "done"
    assert DayReport.objects.by_the_machine().get(day="2024-03-03").nothing


def test_none_is_not_reported_beside_work_and_what_is_on_record_is_confirmed_by_hand(enterprise: Any) -> None:
    add(enterprise, "08:00", "09:00", "17:00", until=2)
    with pytest.raises(Refused, match="不能报“无”"):
        none(enterprise, "09:00")
    with pytest.raises(Refused, match="不能报“无”"):
        none(enterprise, "09:00", 2)
    obligations.run_due(at("00:00", 2))
    services.report_day(enterprise, at("09:00", 2).date(), nothing=False, by=staff(enterprise), at=at("09:00", 2))
    assert owed("2024-03-02") == "done"
    with pytest.raises(Refused, match="没有登记作业"):
        services.report_day(enterprise, at("09:00", 3).date(), nothing=False, by=staff(enterprise), at=at("09:00", 3))


def test_the_same_work_twice_is_one(enterprise: Any) -> None:
    work = add(enterprise, "08:00", "10:00", "12:00", content="换垫片")
    with pytest.raises(Refused, match=work.number):
        add(enterprise, "08:01", "10:00", "12:00", content="换垫片")


def test_dangerous_work_that_is_no_special_work_stands_beside_none(enterprise: Any) -> None:
    services.add(enterprise, typed("10:00", "12:00", kind="draining", grade=""), by=staff(enterprise), at=at("08:00"))
    DayReport.objects.by_the_machine().all().delete()
    assert none(enterprise, "09:00").nothing


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"grade": ""}, "grade"), ({"kind": "confined_space"}, "grade"), ({"grade": "fourth"}, "grade"),
        ({"content": " "}, "content"), ({"persons": "0"}, "persons"), ({"persons": ""}, "persons"),
        ({"ends_at": at("10:00")}, "ends_at"), ({"begins_at": "昨天"}, "begins_at"), ({"kind": "x"}, "kind"),
    ],
)  # fmt: skip
def test_a_work_that_does_not_fit_together_is_refused_beside_its_field(
    enterprise: Any, more: dict[str, Any], field: str
) -> None:  # fmt: skip
    with pytest.raises(Refused) as refused:
        add(enterprise, "08:00", "10:00", "12:00", **more)
    assert list(refused.value.fields) == [field]
    assert not SpecialWork.objects.by_the_machine().exists()


@pytest.mark.req("PTW-03")
def test_work_at_two_that_is_entered_at_twenty_past_is_a_supplement_and_the_next_day_it_is_late(
    enterprise: Any,
) -> None:
    """Permit 14:00 entered 14:20 → kind 补录, not late; entered next day → late."""
    none(enterprise, "09:00")
    same_day = add(enterprise, "14:20:00", "14:00", "16:00")
    last = add(enterprise, "23:59:59", "14:00", "16:00")
    next_day = add(enterprise, "00:00:00", "14:00", "16:00", on=2)
    ahead = add(enterprise, "13:59:59", "14:00", "16:00")
    found = [(row.get_entry_display(), row.is_late) for row in (same_day, last, next_day, ahead)]
    assert found == [("补录", False), ("补录", False), ("补录", True), ("事前", False)]
    assert owed() == "done"
    report = DayReport.objects.by_the_machine().get(day=FIRST)
    assert (report.nothing, report.reported_at) == (True, at("09:00"))


@pytest.mark.req("PTW-04")
def test_the_county_enters_what_was_told_in_the_group_and_it_counts_as_reported(enterprise: Any) -> None:
    """Proxy entry with channel 微信群, reporter, time, picture; counts as reported."""
    obligations.run_due(at("09:30"))
    assert owed() == "overdue"
    with told("09:29:59") as relayed:
        work = services.add(
            enterprise, typed("10:00", "12:00"), by=officer(enterprise, "王"), at=at("10:15"), relayed=relayed
        )
    assert owed() == "done"
    report = DayReport.objects.by_the_machine().get()
    for row in (work, report):
        found = (row.get_channel_display(), row.reporter, row.reported_at, row.entered_at, row.entered_by)
        assert found == ("微信群", "示例乙", at("09:29:59"), at("10:15"), "王")
    picture = Attachment.objects.by_the_machine().get()
    assert (picture.subject, picture.media) == (work.about, "image/png")


@pytest.mark.req("PTW-04")
def test_none_that_was_told_in_the_group_counts_as_well_and_half_past_is_late_there_too(enterprise: Any) -> None:
    with told("09:30:00") as relayed:
        report = services.report_day(
            enterprise, FIRST, nothing=True, by=officer(enterprise, "王"), at=at("11:00"), relayed=relayed
        )
    assert report.nothing
    assert owed() == "late"
    assert Attachment.objects.by_the_machine().get().subject == report.about


def test_a_report_for_another_says_who_told_it_when_and_shows_it(enterprise: Any) -> None:
    def relay(relayed: services.Relayed, by: Any) -> None:
        services.report_day(enterprise, FIRST, nothing=True, by=by, at=at("10:00"), relayed=relayed)

    with told("09:20", reporter=" ", picture=False) as relayed, pytest.raises(Refused) as refused:
        relay(relayed, officer(enterprise))
    assert set(refused.value.fields) == {"reporter", "files"}
    with told("10:01") as relayed, pytest.raises(Refused) as refused:
        relay(relayed, officer(enterprise))
    assert set(refused.value.fields) == {"reported_at"}
    with told("09:20") as relayed, pytest.raises(PermissionDenied):
        relay(relayed, staff(enterprise))
    with told("09:20") as relayed, pytest.raises(PermissionDenied):
        relay(relayed, officer(enterprise, of=enterprise.supervisor.parent))
    assert not DayReport.objects.by_the_machine().exists()


@pytest.mark.req("PTW-10")
def test_the_county_checks_every_report_each_with_who_looked(enterprise: Any) -> None:
    """Daily check task lists all reports; checked/queried state."""
    scope, near = Scope(agency_paths=(enterprise.supervisor.path,)), [enterprise.supervisor_id]
    report = none(enterprise, "09:00")
    assert list(selectors.to_check(scope, near)) == [report]
    services.query(report, by=officer(enterprise, "王"), at=at("10:00"), note="视频里看见在焊接")
    assert list(selectors.to_check(scope, near)) == []
    assert list(selectors.to_answer(Scope(enterprise_ids=(enterprise.pk,)), [enterprise.pk])) == [report]
    services.answer(report, by=staff(enterprise, "丙"), at=at("10:30"), text="是维修间固定动火区")
    assert list(selectors.to_check(scope, near)) == [report]
    found = services.check(report, by=officer(enterprise, "李"), at=at("11:00"))
    assert (found.get_state_display(), found.decided_by, found.answered_by) == ("已核查", "李", "丙")
    add(enterprise, "14:20", "14:00", "16:00")
    assert list(selectors.to_check(scope, near)) == [report]
    with pytest.raises(PermissionDenied):
        services.check(report, by=staff(enterprise), at=at("15:00"))
    with pytest.raises(Refused, match="疑问"):
        services.query(report, by=officer(enterprise), at=at("15:00"), note=" ")


@pytest.mark.req("COM-05")
def test_hot_work_on_record_and_none_promised_is_a_suspicion_with_both_records(enterprise: Any) -> None:
    """Declares hot work 0 while 1 hot-work permit is active today → suspicion with both records. Permit added at 14:00
    (ad hoc) → no suspicion if supplemented (PTW-03)."""
    work = add(enterprise, "08:00", "09:00", "17:00")
    commit(enterprise, "09:20")
    assert doubts() == ["fire_first"]
    [clue] = Clue.objects.by_the_machine().all()
    assert clue.evidence["commitment"] == {"version": 1, "item": "一级动火", "value": 0}
    [record] = clue.evidence["record"]["works"]
    assert (record["number"], record["begins_at"]) == (work.number, civil(at("09:00")).isoformat())
    commit(enterprise, "09:50", fire_first="1")
    assert doubts() == []
    none(enterprise, "09:00", 2)
    commit(enterprise, "09:20", 2)
    add(enterprise, "14:20", "14:00", "16:00", day=2, on=2)
    assert doubts() == []


@pytest.mark.parametrize(
    ("entered", "on", "begins", "is_doubted"),
    [
        ("11:00", 1, "08:00", True),  # it went on when none was promised
        ("13:30", 1, "14:00", False),  # came up afterwards, entered ahead
        ("23:59:59", 1, "14:00", False),  # supplemented the same day
        ("00:00:00", 2, "14:00", True),  # and a day later no more
        ("09:20:00", 1, "14:00", True),  # known when it was promised
        ("09:20:01", 1, "09:20:01", False),
        ("09:20:01", 1, "09:20:00", True),
    ],
)
def test_what_was_known_or_had_begun_belongs_in_the_promise(
    enterprise: Any, entered: str, on: int, begins: str, is_doubted: bool
) -> None:
    if at(entered, on) <= at("09:20"):
        add(enterprise, entered, begins, "18:00", on=on)
        commit(enterprise, "09:20")
    else:
        commit(enterprise, "09:20")
        add(enterprise, entered, begins, "18:00", on=on)
    assert doubts() == (["fire_first"] if is_doubted else [])


def test_a_suspicion_ends_with_its_reason_and_what_a_person_has_judged_is_not_found_again(enterprise: Any) -> None:
    planned = add(enterprise, "08:00", "10:00", "17:00")
    commit(enterprise, "09:20")
    services.end(planned, by=staff(enterprise), at=at("09:30"), note="改期")
    assert doubts() == []
    add(enterprise, "09:40", "09:10", "17:00", contractor="示例建安")
    assert doubts() == ["contractors", "fire_first"]
    for row in Finding.objects.by_the_machine().exclude(state="closed"):
        findings.refute(row, by=officer(row), at=at("11:00"), text="作业票时间填错，当时没有作业")
    add(enterprise, "14:20", "14:00", "16:00", kind="lifting", grade="third")
    assert doubts() == []


def test_a_work_is_ended_called_off_with_a_reason_and_not_after_its_time(enterprise: Any) -> None:
    work = add(enterprise, "08:00", "10:00", "12:00")
    with pytest.raises(Refused, match="取消的原因"):
        services.end(work, by=staff(enterprise), at=at("09:59:59"))
    services.end(work, by=staff(enterprise), at=at("10:00"))
    work.refresh_from_db()
    assert (work.state, work.until) == ("ended", at("10:00"))
    over = add(enterprise, "08:00", "10:00", "12:00")
    with pytest.raises(Refused, match="已到登记的结束时间"):
        services.end(over, by=staff(enterprise), at=at("12:00"))
    assert len(selectors.works_of(enterprise, FIRST)) == 2


@pytest.mark.req("PTW-12")
def test_the_form_proposes_the_counts_on_record_and_a_person_confirms_them(enterprise: Any) -> None:
    """Commitment form proposes today's counts from permits; user confirms."""
    from anlan.apps.commitments.selectors import of_day

    add(enterprise, "08:00", "09:00", "17:00")
    add(enterprise, "08:00", "09:00", "17:00")
    add(enterprise, "08:10", "13:00", "15:00", kind="lifting", grade="second", contractor="示例建安")
    shown = {key: each.value for key, each in commitments.proposals(of_day(enterprise, FIRST)).items()}
    assert (shown["fire_first"], shown["lifting"], shown["height"], shown["contractors"]) == ("2", "1", "0", "1")
    assert "draining" not in shown
    row = of_day(enterprise, FIRST)
    assert row.pk is None  # nothing enters itself
    with pytest.raises(Refused) as refused:
        commit(enterprise, "09:10", **dict.fromkeys(shown, ""))
    assert set(refused.value.fields) == set(shown)
    with pytest.raises(Refused, match="已变"):
        commitments.confirm_proposed(
            row, {}, {**shown, "lifting": "0"}, by=staff(enterprise), at=at("09:11"), seen=0
        )  # fmt: skip
    row = commitments.confirm_proposed(row, {"height": 1}, shown, by=staff(enterprise), at=at("09:12"), seen=0)
    assert (row.held["fire_first"], row.held["height"], row.held["lifting"], row.version) == (2, 1, 1, 0)
    assert commitments.proposals(row) == {}


def test_before_the_day_is_reported_no_zero_is_proposed(enterprise: Any) -> None:
    from anlan.apps.commitments.selectors import of_day

    assert commitments.proposals(of_day(enterprise, FIRST)) == {}
    none(enterprise, "09:00")
    assert {each.value for each in commitments.proposals(of_day(enterprise, FIRST)).values()} == {"0"}


def workshop(enterprise: Any, name: str = "合成车间") -> Any:
    return commitments.add_unit(enterprise, name, by=staff(enterprise), at=at("06:00"))


def start(enterprise: Any, unit: Any, declared: str, begins: str, change: str = "start") -> Any:
    return unitstates.declare(
        enterprise, unit, change=change, begins_at=at(begins), by=staff(enterprise), at=at(declared)
    )  # fmt: skip


def test_a_start_at_seven_is_among_the_city_s_starts_and_stops_of_the_day(enterprise: Any) -> None:
    start(enterprise, workshop(enterprise, "U"), "07:00", "07:00")
    start(enterprise, workshop(enterprise, "V"), "07:00", "08:00", "overhaul")
    city = Scope(agency_paths=(enterprise.supervisor.parent.path,))
    assert starts_and_stops(city, FIRST).words == "1（U）"
    assert starts_and_stops(city, date(2024, 3, 2)).words == "无"


@pytest.mark.parametrize(
    ("change", "items"),
    [
        ("start", ["in_start_or_stop", "starting"]),
        ("stop", ["in_start_or_stop", "stopping"]),
        ("overhaul", ["in_repair"]),
    ],
)
def test_a_unit_that_was_declared_and_is_not_promised_is_a_suspicion(
    enterprise: Any, change: str, items: list[str]
) -> None:
    by = holder(enterprise, enterprise.principal_person)
    unit = workshop(enterprise)
    commitments.assess(unit, risk="low", risks="无", measures="无", by=staff(enterprise), at=at("06:30"))
    row = start(enterprise, unit, "07:00", "07:30", change)
    commitments.commit(enterprise, by=by, at=at("09:00"), typed={**CALM, "risk": "low"})
    assert doubts() == items
    unitstates.cancel(row, by=staff(enterprise), at=at("09:30"), note="不开了")
    assert doubts() == []
    start(enterprise, unit, "14:20", "14:00", change)
    assert doubts() == []


def test_a_unit_is_declared_once_until_it_is_over(enterprise: Any) -> None:
    unit = workshop(enterprise)
    row = start(enterprise, unit, "07:00", "07:30")
    with pytest.raises(Refused) as refused:
        start(enterprise, unit, "07:10", "07:40")
    assert list(refused.value.fields) == ["unit"]
    with pytest.raises(Refused, match="完成时间"):
        unitstates.complete(row, by=staff(enterprise), at=at("07:20"))
    unitstates.complete(row, by=staff(enterprise), at=at("12:00"), ended_at=at("11:30"))
    assert start(enterprise, unit, "13:00", "14:00").pk != row.pk
    with pytest.raises(PermissionDenied):
        unitstates.declare(
            enterprise, unit, change="stop", begins_at=at("15:00"), by=officer(enterprise), at=at("14:00")
        )


def test_an_outage_of_the_clock_leaves_the_report_judged_by_its_instant(enterprise: Any) -> None:
    none(enterprise, "09:45")
    obligations.run_due(at("10:30"))
    assert owed() == "late"


def test_a_place_that_asks_for_no_report_owes_none() -> None:
    from anlan.drill.world import build

    build(scenario(settings={"special_work_report": False}))
    ensure_planned(at("00:00"))
    obligations.run_due(at("09:30"))
    assert not Obligation.objects.by_the_machine().filter(kind="special_work").exists()


def test_an_instant_is_read_as_the_civil_clock_shows_it(enterprise: Any) -> None:
    row = add(enterprise, "08:00", "10:00", "12:00", begins_at="2024-03-01 10:00", ends_at="2024-03-01 12:00")
    assert row.begins_at == at("10:00")
    assert isinstance(row.ends_at, datetime)
