"""What the pages of records show: the alarm list, an enterprise, a point, and the state of the machine."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.obligations.models import Obligation, Tick
from anlan.apps.registry.models import DutyHolder
from anlan.apps.warnings import services as warnings
from anlan.pages.enterprises.detail import enterprise_view
from anlan.rules.rulebook import load

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


@pytest.fixture
def county(world: World) -> Client:
    return world.client("county")


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    ("state", "acknowledged", "shown_under"),
    [
        (AlarmState.ACTIVE, False, {"uncleared", "active", "unacknowledged"}),
        (AlarmState.ACTIVE, True, {"uncleared", "active"}),
        (AlarmState.CLEARED, False, {"uncleared", "unacknowledged"}),
        (AlarmState.CLEARED, True, {"settled"}),
    ],
)
def test_an_alarm_is_uncleared_until_it_is_back_and_acknowledged(
    world: World, county: Client, state: str, acknowledged: bool, shown_under: set[str]
) -> None:
    at = world.now
    Alarm.objects.filter(pk=world.plants["a1"].alarm.pk).update(
        state=state,
        cleared_at=at if state == AlarmState.CLEARED else None,
        acknowledged_at=at if acknowledged else None,
        acknowledged_by="示例甲" if acknowledged else "",
    )
    code = world.plants["a1"].enterprise.code
    for asked in ("uncleared", "active", "unacknowledged", "settled"):
        found = county.get(f"/alarms/?enterprise={code}&state={asked}").context["page"].total
        assert found == (asked in shown_under), asked
    uncleared = county.get(f"/enterprises/?q={code}").context["page"].rows[0].uncleared
    assert uncleared == ("uncleared" in shown_under)


def test_the_staff_get_boxes_to_tick_and_the_agencies_do_not(world: World, county: Client) -> None:
    assert 'name="alarm"' in page(world.client("holder"), "/alarms/")
    assert 'name="alarm"' not in page(county, "/alarms/")


def test_acknowledging_leads_back_to_the_filtered_list_and_never_out_of_the_site(world: World) -> None:
    holder, alarm = world.client("holder"), world.plants["a1"].alarm
    back = holder.post("/alarms/acknowledge/", {"alarm": alarm.pk, "next": "/alarms/?state=uncleared"})
    assert back.headers["Location"] == "/alarms/?state=uncleared"
    out = holder.post("/alarms/acknowledge/", {"alarm": alarm.pk, "next": "https://elsewhere.invalid/"})
    assert out.headers["Location"] == "/alarms/"


def test_the_gravest_enterprise_stands_first(world: World, county: Client) -> None:
    warnings.set_level(world.plants["a2"].source, "red", at=world.now, reasons=[], origin="grading")
    rows = county.get("/enterprises/").context["page"].rows
    assert [(row.code, row.risk) for row in rows] == [("990121102", "red"), ("990121101", "orange")]
    warnings.set_level(world.plants["a2"].source, "none", at=world.now + timedelta(seconds=1), reasons=[])
    rows = county.get("/enterprises/").context["page"].rows
    assert [(row.code, row.risk) for row in rows] == [("990121101", "orange"), ("990121102", None)]


@pytest.mark.parametrize(
    ("online", "received", "link"), [(True, True, "online"), (False, True, "offline"), (False, False, "never")]
)
def test_an_enterprise_s_link_is_that_of_its_gateways(
    world: World, county: Client, online: bool, received: bool, link: str
) -> None:
    plant = world.plants["a1"]
    GatewayLink.objects.filter(gateway=plant.gateway).update(
        online=online, last_received_at=world.now if received else None
    )
    assert county.get(f"/enterprises/?q={plant.enterprise.code}").context["page"].rows[0].link == link
    assert county.get(f"/enterprises/?link={link}&q=a1").context["page"].total == 1


def test_an_enterprise_page_names_holders_and_says_which_post_is_empty(world: World, county: Client) -> None:
    plant = world.plants["a1"]
    assert "缺失" not in page(county, f"/enterprises/{plant.enterprise.code}/")
    DutyHolder.objects.filter(source=plant.source, post="technical").update(valid_until=world.now)
    text = page(county, f"/enterprises/{plant.enterprise.code}/")
    assert "缺失" in text
    assert "示例a1technical" not in text


def test_without_the_engine_a_page_says_so_and_shows_no_value(world: World, county: Client) -> None:
    plant = world.plants["a1"]
    text = page(county, f"/enterprises/{plant.enterprise.code}/")
    assert "引擎未应答" in text
    assert "1.62" not in text
    assert "高高报" in text


def test_an_enterprise_is_larger_risk_lately_for_seven_days(world: World) -> None:
    plant = world.plants["a1"]
    scope = world.users["county"].scope(world.now)
    ended = world.now
    warnings.set_level(plant.source, "none", at=ended, reasons=[])
    for days, flagged in ((0, True), (5, True), (8, False)):
        view = enterprise_view(plant.enterprise, scope, ended + timedelta(days=days), load())
        assert view.sources[0].lately is flagged, days
        assert view.level == "none"


def test_a_point_page_shows_limits_alarms_and_the_way_back(world: World, county: Client) -> None:
    plant = world.plants["a1"]
    text = page(county, f"/points/{plant.point.code}/?range=7d")
    assert 'data-range="7d"' in text
    assert "高 1.50 · 高高 1.58" in text
    assert f"/enterprises/{plant.enterprise.code}/" in text
    assert 'data-range="1h"' in page(county, f"/points/{plant.point.code}/?range=forever")


def test_a_point_that_is_someone_s_business_can_be_acknowledged_from_its_page(world: World, county: Client) -> None:
    path = f"/points/{world.plants['a1'].point.code}/"
    assert 'name="alarm"' in page(world.client("holder"), path)
    assert 'name="alarm"' not in page(county, path)


def test_the_machine_s_health_is_for_agencies_and_names_what_is_silent(world: World, county: Client) -> None:
    Tick.objects.create(name="clock", at=clock.now())
    Tick.objects.create(name="auditor", at=clock.now() - timedelta(minutes=6))
    health = county.get("/operations/").context["health"]
    assert {sign.words: sign.silent for sign in health.signs} == {"时钟": False, "审计": True}
    assert health.log is None
    assert "日志服务未应答" in page(county, "/operations/")
    assert world.client("holder").get("/operations/").context["health"] is None


def test_a_step_that_is_due_and_untouched_is_counted(county: Client) -> None:
    assert county.get("/operations/").context["health"].untouched == 0
    step = Obligation.objects.filter(kind="notice", state="pending").first()
    assert step is not None
    Obligation.objects.filter(pk=step.pk).update(due_at=clock.now() - timedelta(minutes=2))
    assert county.get("/operations/").context["health"].untouched == 1


def test_refused_packets_are_shown_with_their_reason_in_words(county: Client) -> None:
    text = page(county, "/operations/quarantine/?reason=future_dated")
    assert "采集时间晚于当前时间" in text
    assert county.get("/operations/quarantine/?reason=malformed").context["page"].total == 0


@pytest.mark.parametrize("path", ["/alarms/", "/enterprises/", "/operations/gateways/", "/operations/quarantine/"])
def test_an_empty_list_says_what_would_stand_here(county: Client, path: str) -> None:
    text = page(county, f"{path}?q=zzzzzz")
    assert "没有" in text
    assert "清除筛选" in text
