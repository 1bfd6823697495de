"""WRN-18 on screen: what its tracker never opened, and what is long open, for the city and the levels above."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.warnings import selectors
from anlan.drill.world import settle
from anlan.rules.rulebook import load
from anlan.rules.unopened import long_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Four orange warnings that are 70 minutes old; their tracker is the city."""
    made = neighbours.build(clock.now() - timedelta(minutes=60))
    Agency.objects.by_the_machine().filter(code="city-1").update(duty_phone="0000-1234567")
    return made


@pytest.mark.req("WRN-18")
def test_the_city_sees_what_its_trackers_never_opened_with_since_who_contact_and_link(world: World) -> None:
    page = world.client("city").get("/warnings/neglected/").content.decode()
    for key in ("a1", "a2", "b1"):
        assert f"/warnings/{world.plants[key].warning.number}/" in page
    assert "示例city-1局" in page
    assert "0000-1234567" in page
    assert "未查看" in page
    assert world.plants["c1"].warning.number not in page
    overview = world.client("city").get("/").content.decode()
    assert "3 条跟踪单位未按时查看" in overview
    assert "/warnings/neglected/?fault=unopened" in overview


def test_the_workbook_has_the_same_rows(world: World) -> None:
    answer = world.client("city").get("/warnings/neglected/?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("预警编号", "级别", "企业", "危险源", "起", "跟踪单位", "值班电话", "查看")
    assert {row[0] for row in rows[1:]} == {world.plants[key].warning.number for key in ("a1", "a2", "b1")}


@pytest.mark.case("G10")
def test_telephones_are_for_those_who_ring_people_up(world: World) -> None:
    """An administrator of the city sees the lists, on the page and in the workbook, without a number."""
    Grant.objects.filter(user=world.users["city"]).update(role=Role.ADMIN)
    client = world.client("city")
    page = client.get("/warnings/neglected/").content.decode()
    assert world.plants["a1"].warning.number in page
    assert "0000-1234567" not in page
    answer = client.get("/warnings/neglected/?format=xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(min_row=2, values_only=True))
    assert rows
    assert not any("1234567" in str(cell) for row in rows for cell in row)


def test_who_opens_in_time_is_not_listed_and_who_opens_late_stays_with_the_time(world: World) -> None:
    world.client("city").post(f"/warnings/{world.plants['a1'].warning.number}/read/")
    late = world.client("city").get("/warnings/neglected/").content.decode()
    assert "才查看" in late
    fresh = neighbours.plant(
        "n1", "990121109", world.plants["a1"].enterprise.region, world.agencies["county-a"], clock.now()
    )
    assert fresh.warning.number not in world.client("city").get("/warnings/neglected/").content.decode()


def test_long_open_is_a_local_setting_up_to_and_with_its_limit(world: World) -> None:
    rules, opened = load(), clock.now()
    assert not long_open(opened, opened + timedelta(hours=24) - timedelta(seconds=1), rules)
    assert long_open(opened, opened + timedelta(hours=24), rules)
    now = clock.now()
    assert selectors.long_open_warnings(EVERYTHING, now) == []
    settle({"long_open_hours": 1}, now)
    rows = selectors.long_open_warnings(EVERYTHING, now)
    assert {row.episode.warning.number for row in rows} == {plant.warning.number for plant in world.plants.values()}
    assert {row.tracker_name for row in rows} == {"示例city-1局", "示例city-2局"}


def test_an_unknown_list_is_told(world: World) -> None:
    assert "没有“x”这份清单" in world.client("city").get("/warnings/neglected/?fault=x").content.decode()
