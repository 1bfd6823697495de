"""The board says how a warning stands now, and keeps apart what is over and only owes its report."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests import neighbours
from tests.hats import staff
from tests.neighbours import World
from tests.reading import plain

from anlan import now as clock
from anlan.apps.alarms.models import Alarm
from anlan.apps.gateways.selectors import LiveValue
from anlan.apps.warnings import services
from anlan.apps.warnings.models import Warning
from anlan.pages.board.rows import Row

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def row(world: World, value: float | None, *, level: str = "H", old: bool = False, **limits: float) -> Row:
    """The board's row of the first plant: limits 高 1.50, 高高 1.58, and what ``limits`` sets."""
    plant = world.plants["a1"]
    point = plant.point
    for name, limit in limits.items():
        setattr(point, name, limit)
    plant.warning.first_out |= {"level": level, "value": 1.604}
    at = world.now - timedelta(minutes=30 if old else 0)
    live = LiveValue(code=point.code, value=value, quality=0, sampled_at=at, received_at=at, alarm_bits=0, trend=0.0)
    return Row(plant.warning, world.now, point, live)


@pytest.mark.case("F8")
@pytest.mark.parametrize(
    ("value", "level", "limits", "says"),
    [
        (1.604, "H", {}, "高于高高报 1.58，平稳；首发 高报 1.60"),
        (1.58, "H", {}, "高于高高报 1.58，平稳；首发 高报 1.60"),
        (1.55, "HH", {}, "高于高报 1.50，平稳；首发 高高报 1.60"),
        (1.2, "HH", {}, "在限内，平稳；首发 高高报 1.60"),
        (0.1, "LL", {"l": 0.5, "ll": 0.2}, "低于低低报 0.20，平稳；首发 低低报 1.60"),
        (0.4, "LL", {"l": 0.5, "ll": 0.2}, "低于低报 0.50，平稳；首发 低低报 1.60"),
        (None, "H", {}, "没有现值，所示为首发时的值；首发 高报 1.60"),
    ],
)
def test_the_sentence_beside_a_live_value_says_how_that_value_stands(
    world: World, value: float | None, level: str, limits: dict[str, float], says: str
) -> None:
    assert row(world, value, level=level, **limits).since_words == says


@pytest.mark.case("F8")
def test_the_first_alarm_is_told_with_its_value_and_with_the_limit_of_that_time(world: World) -> None:
    shown = row(world, 1.2, level="HH", hh=1.9)
    shown.warning.first_out |= {"limit": 1.58}
    assert shown.first_words == "首发 高高报 1.60（限值 1.58）"


def test_a_limit_is_said_once_where_it_is_still_the_one_that_is_passed(world: World) -> None:
    shown = row(world, 1.61, level="HH")
    shown.warning.first_out |= {"limit": 1.58}
    assert shown.since_words == "高于高高报 1.58，平稳；首发 高高报 1.60"


@pytest.mark.case("F8")
def test_an_old_value_is_not_said_to_stand_anywhere(world: World) -> None:
    said = row(world, 1.604, old=True).since_words
    assert re.fullmatch(r"数据陈旧，停在 (\d+-\d+ )?\d\d:\d\d；首发 高报 1.60", said)


@pytest.mark.case("F7")
def test_a_cleared_red_warning_waits_for_its_report_in_its_own_group_and_in_red(world: World) -> None:
    """It came down to blue before it was cleared; its time stands still from the clearing on."""
    now = clock.now()
    Alarm.objects.by_the_machine().update(state="cleared", cleared_at=now, acknowledged_at=now)
    plant = world.plants["a1"]
    for minutes, level in ((9, "red"), (5, "blue")):
        services.set_level(plant.source, level, at=now - timedelta(minutes=minutes), reasons=[], origin="grading")
    cleared = now - timedelta(minutes=3)
    services.clear(
        Warning.objects.by_the_machine().get(pk=plant.warning.pk), by=staff(plant.warning, "示例"), at=cleared
    )
    warning = Warning.objects.by_the_machine().get(pk=plant.warning.pk)
    assert (warning.level, warning.highest, warning.shown_level) == ("blue", "red", "red")
    client = world.client("county")
    page = client.get("/")
    assert {each.level: each.count for each in page.context["levels"]}["blue"] == 0
    assert [(title, len(rows)) for title, rows in page.context["board"].groups] == [("", 1), ("已消警待报告", 1)]
    html = page.content.decode()
    [mine] = re.findall(rf'<tr [^>]*class="([^"]*)" data-href="/warnings/{warning.number}/">(.*?)</tr>', html, re.S)
    assert mine[0] == "lv l-red over"
    assert "曾达 红色 重大" in plain(mine[1])
    lasting = int((cleared - warning.opened_at).total_seconds()) // 60
    assert f"0:0{lasting}</span>" in mine[1]
    assert "data-age" not in mine[1], "nothing ticks"
    listed = client.get("/warnings/?level=red")
    assert [each.number for each in listed.context["page"].rows] == [warning.number]
    assert "lv l-red over" in listed.content.decode()
    assert client.get("/warnings/?level=blue").context["page"].total == 0
    for path in ("/wall/", f"/warnings/{warning.number}/"):
        shown = client.get(path).content.decode()
        assert "l-red over" in shown, path
        assert "l-blue over" not in shown, path


@pytest.mark.case("F7")
def test_those_that_wait_for_a_report_stand_by_the_highest_level_that_they_reached(world: World) -> None:
    """The red one came down to blue and was cleared last; the orange one is cleared since longer and due sooner."""
    now = clock.now()
    Alarm.objects.by_the_machine().update(state="cleared", cleared_at=now, acknowledged_at=now)
    for key, levels, minutes in (("a2", ("orange",), 5), ("a1", ("red", "blue"), 3)):
        source = world.plants[key].source
        for step, level in enumerate(levels):
            services.set_level(source, level, at=now - timedelta(minutes=9 - step), reasons=[], origin="grading")
        open_now = Warning.objects.by_the_machine().get(source=source, cleared_at__isnull=True)
        services.clear(open_now, by=staff(open_now, "示例"), at=now - timedelta(minutes=minutes))
    [(_title, rows)] = [each for each in world.client("county").get("/").context["board"].groups if each[0]]
    assert [row.warning.shown_level for row in rows] == ["red", "orange"]
