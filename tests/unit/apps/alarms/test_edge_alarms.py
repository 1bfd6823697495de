"""Alarms of an enterprise's own system: a second source, marked, never merged, the same however often they come."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.apps.conftest import NOON

from anlan.apps.alarms.models import Alarm, AlarmEvent, AlarmOrigin
from anlan.apps.alarms.selectors import active_alarms_of, uncleared_count
from anlan.apps.alarms.services import apply_edge_alarms, apply_events
from anlan.apps.registry.models import HazardSource
from anlan.stream.alarm import Change
from anlan.stream.edge_alarm import EdgeAlarm, read
from anlan.stream.envelope import Record
from anlan.stream.packet import PacketError
from anlan.testing.sender import collect_time
from anlan.testing.sites import Site

from .test_alarms import Excursion


def told(
    site: Site, *alarms: dict[str, Any], codes: str = "level", received: datetime = NOON + timedelta(hours=1)
) -> list[EdgeAlarm]:
    report = {"gatewayId": site.gateway, "alarmCodes": codes, "alarms": list(alarms)}
    record = Record(site.enterprise, site.gateway, "p", round(received.timestamp() * 1e6), json.dumps(
        {"enterpriseId": site.enterprise, "report": report}).encode(), "alarms")  # fmt: skip
    return read(record)[0]


def alarm(site: Site, at: datetime, start: str, **more: Any) -> dict[str, Any]:
    return {"targetCode": site.points[0], "alarmTime": collect_time(at), "alarmValue": "85.5", "threshold": "80",
            "startStatus": start, **more}  # fmt: skip


@pytest.mark.django_db
def test_the_enterprises_own_alarm_stands_beside_ours_and_counts_nowhere(world: list[Site]) -> None:
    site = world[0]
    source = HazardSource.objects.get(code=site.source)
    ours = Excursion(site, NOON)
    apply_events([ours.event(Change.RAISED, 1, 85.0, NOON)], NOON)
    before = uncleared_count(source.pk)
    records = told(site, alarm(site, NOON, "2"), alarm(site, NOON, "1", currentStatus="1"))
    for _ in range(3):
        apply_edge_alarms(records, NOON)
    assert Alarm.objects.filter(origin=AlarmOrigin.EDGE).count() == 1
    (theirs,) = Alarm.objects.filter(origin=AlarmOrigin.EDGE)
    assert (theirs.side, theirs.level, theirs.worst, theirs.value, theirs.limit) == ("high", "HH", "HH", 85.5, 80.0)
    assert uncleared_count(source.pk) == before == 1
    assert [graded.level for graded in active_alarms_of(source.pk)] == ["H"]
    assert sorted(graded.level for graded in active_alarms_of(source.pk, with_edge=True)) == ["H", "HH"]
    apply_events([ours.event(Change.CLEARED, 1, 50.0, NOON + timedelta(minutes=1))], NOON)
    theirs.refresh_from_db()
    assert theirs.state == "active"


@pytest.mark.django_db
@pytest.mark.case("A20")
@pytest.mark.parametrize("code", ["\0", "990\n000", "\u202e", "", "9" * 65])
def test_a_code_that_is_none_costs_its_own_alarm_alone(world: list[Site], code: str) -> None:
    """The engine writes these beside the alarms of everybody: PostgreSQL takes no NUL, not even in a question."""
    site = world[0]
    odd = alarm(site, NOON, "2") | {"targetCode": code}
    found = told(site, odd, alarm(site, NOON, "2"))
    assert [each.point for each in found] == [site.points[0]]
    assert apply_edge_alarms(found, NOON) == 1


@pytest.mark.django_db
def test_the_newest_word_stands_and_what_is_over_stays_over(world: list[Site]) -> None:
    site = world[0]
    later, over = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    steps = [
        alarm(site, NOON, "2"),
        alarm(site, NOON, "2", worstStatus="1", currentStatus="1", statusChangedTime=collect_time(later)),
        alarm(site, NOON, "2", worstStatus="1", isDispel="1", dispelType="人工", statusChangedTime=collect_time(over)),
    ]
    for step in (steps[0], steps[1], steps[0], steps[2], steps[1], steps[2]):
        apply_edge_alarms(told(site, step), NOON)
    (row,) = Alarm.objects.all()
    assert (row.state, row.worst, row.cleared_at, row.started_at) == ("cleared", "HH", over, NOON)
    assert list(AlarmEvent.objects.order_by("at").values_list("change", "level")) == [
        ("raised", "H"), ("worsened", "HH"), ("cleared", "HH"),
    ]  # fmt: skip
    assert apply_edge_alarms(told(site, *steps), NOON) == 0


@pytest.mark.case("A7")
@pytest.mark.django_db
@pytest.mark.parametrize("off", [timedelta(hours=8), timedelta(days=365 * 70), -timedelta(days=365 * 56)])
def test_a_clock_that_nobody_can_mean_keeps_no_alarm_open_and_dates_none(world: list[Site], off: timedelta) -> None:
    site, wrong = world[0], NOON + off
    late = collect_time(wrong + timedelta(minutes=1))
    rises = alarm(site, wrong, "2", worstStatus="1", currentStatus="1", statusChangedTime=late)
    over = alarm(site, wrong, "2", worstStatus="1", isDispel="1", statusChangedTime=collect_time(NOON))
    apply_edge_alarms(told(site, rises, received=NOON), NOON)
    (row,) = Alarm.objects.all()
    assert (row.started_at, row.changed_at, row.level) == (NOON, NOON, "HH")
    for minutes in (1, 2):  # the clock was set right meanwhile
        apply_edge_alarms(told(site, over, received=NOON + timedelta(minutes=minutes)), NOON)
    (row,) = Alarm.objects.all()
    assert row.state == "cleared"
    assert NOON <= row.cleared_at <= NOON + timedelta(minutes=1)
    assert AlarmEvent.objects.filter(change="cleared").count() == 1


@pytest.mark.case("A7")
@pytest.mark.django_db
def test_an_alarm_is_over_although_the_senders_clock_went_back(world: list[Site]) -> None:
    site, later, back = world[0], NOON + timedelta(minutes=3), NOON - timedelta(minutes=5)
    rises = alarm(site, NOON, "2", worstStatus="1", currentStatus="1", statusChangedTime=collect_time(later))
    over = alarm(site, NOON, "2", worstStatus="1", isDispel="1", statusChangedTime=collect_time(back))
    apply_edge_alarms(told(site, over, rises, received=NOON + timedelta(minutes=9)), NOON)
    (row,) = Alarm.objects.all()
    assert (row.state, row.worst, row.cleared_at) == ("cleared", "HH", later)


@pytest.mark.django_db
def test_a_point_of_another_gateway_is_left_out(world: list[Site]) -> None:
    foreign = alarm(world[1], NOON, "2")
    assert apply_edge_alarms(told(world[0], foreign), NOON) == 0
    assert not Alarm.objects.exists()


@pytest.mark.django_db
def test_whether_they_grade_is_a_local_setting_and_no_as_shipped() -> None:
    from anlan.rules import rulebook

    assert rulebook.load(on_date=date(2026, 3, 2)).flag("edge_alarms_grade") is False


def test_codes_of_vendors_are_mapped_at_the_border_and_unreadable_entries_are_counted() -> None:
    site = Site("990000001", "990000001001", "99000000101", "k", ("990000001001G0001YW001",))
    assert [each.started for each in told(site, alarm(site, NOON, "3"), alarm(site, NOON, "高高"))] == ["L", "HH"]
    assert [each.started for each in told(site, alarm(site, NOON, "4"), codes="point")] == ["H"]
    with pytest.raises(PacketError):
        told(site, alarm(site, NOON, "3"), codes="vendor")
    broken = [alarm(site, NOON, "9"), {"targetCode": "x"}, 5, alarm(site, NOON, "2", alarmValue="hot")]
    body = json.dumps({"report": {"alarms": [*broken, alarm(site, NOON, "2")]}}).encode()
    found, damaged = read(Record(site.enterprise, site.gateway, "p", 0, body, "alarms"))
    assert ([each.value for each in found], damaged) == ([None, 85.5], 3), "without its figure it is an alarm still"
