"""One count with one definition: navigation, overview, wall, chart, lists and programs say the same number."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from tests import neighbours
from tests.neighbours import Plant, World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, AlarmSide, AlarmState, Shelving
from anlan.apps.journal.models import Entry
from anlan.pages.alarms import views

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def add(
    plant: Plant, number: int, side: AlarmSide, now: datetime, *, active: bool = False, acknowledged: bool = False
) -> list[Alarm]:
    """Alarms of one kind, all but one of them on points of their own side and time, begun eight minutes ago."""
    began = now - timedelta(minutes=8)
    return Alarm.objects.bulk_create(
        Alarm(
            id=f"{side}{active:d}{acknowledged:d}{n:04}", enterprise=plant.enterprise, source=plant.source,
            point=plant.point, side=side, state=AlarmState.ACTIVE if active else AlarmState.CLEARED,
            level="H" if side == AlarmSide.HIGH else side, worst="H" if side == AlarmSide.HIGH else side,
            started_at=began, raised_at=began, detected_at=began, changed_at=began,
            cleared_at=None if active else began + timedelta(minutes=1),
            acknowledged_at=began if acknowledged else None,
        )
        for n in range(number)
    )  # fmt: skip


@pytest.mark.case("F4")
def test_data_faults_of_a_slow_start_are_counted_apart_and_every_page_says_the_same(world: World) -> None:
    """One excursion stands (of the world), two came back unacknowledged, one is settled; 60 short silences are over."""
    plant = world.plants["a1"]
    add(plant, 60, AlarmSide.NO_DATA, world.now)
    add(plant, 1, AlarmSide.FLATLINE, world.now, active=True)
    add(plant, 2, AlarmSide.HIGH, world.now)
    add(plant, 1, AlarmSide.HIGH, world.now, acknowledged=True)
    client = world.client("holder")
    overview = client.get("/")
    figure = overview.context["uncleared"]
    assert (figure.total, figure.returned, figure.faulty, figure.shelved) == (3, 2, 1, 0)
    assert overview.context["shell"].uncleared_alarms == 3
    assert client.get("/wall/").context["uncleared"].total == 3
    assert sum(each.count for each in overview.context["bins"]) == 4, "excursions alone, settled or not"
    assert client.get("/wall/").context["ten"].count <= 4
    for state, number in {"uncleared": 3, "returned": 2, "faulty": 1, "settled": 1}.items():
        assert client.get(f"/alarms/?state={state}").context["page"].total == number, state
        assert client.get(f"/api/v1/alarms?state={state}").json()["total"] == number, state
    assert client.get("/enterprises/").context["page"].rows[0].uncleared == 3
    assert client.get(f"/enterprises/{plant.enterprise.code}/").context["view"].uncleared == 3
    assert client.get("/api/v1/enterprises").json()["items"][0]["uncleared_alarms"] == 3
    head = client.get("/alarms/").content.decode()
    assert re.search(r"未消警 3.*数据异常 1", head, re.S)
    assert "数据异常 1 处另计" in overview.content.decode()


@pytest.mark.case("F4")
def test_what_an_enterprise_has_shelved_is_left_out_of_its_own_count_everywhere(world: World) -> None:
    plant = world.plants["a1"]
    Shelving.objects.create(
        enterprise=plant.enterprise, point=plant.point, side=AlarmSide.HIGH, state="in_force", reason="校表",
        minutes=60, asked_at=world.now, ends_at=world.now + timedelta(hours=1), asked_by="示例",
    )  # fmt: skip
    for who, number in (("holder", 0), ("county", 2)):
        client = world.client(who)
        figure = client.get("/").context["uncleared"]
        assert (figure.total, figure.shelved) == (number, 1 if who == "holder" else 0)
        page = client.get("/alarms/?state=uncleared")
        assert (page.context["page"].total, page.context["shell"].uncleared_alarms) == (number, number)
        assert sum(row.uncleared for row in client.get("/enterprises/").context["page"].rows) == number


@pytest.mark.case("F4")
def test_all_that_a_filter_finds_is_acknowledged_after_a_question_and_nothing_else(world: World) -> None:
    plant = world.plants["a1"]
    add(plant, 60, AlarmSide.NO_DATA, world.now)
    returned = add(plant, 2, AlarmSide.HIGH, world.now)
    client = world.client("holder")
    address = "/alarms/acknowledge/all/?side=no_data"
    assert address in client.get("/alarms/?side=no_data").content.decode()
    asked = client.get(address)
    assert (asked.context["count"], Alarm.objects.filter(acknowledged_at__isnull=False).count()) == (60, 0)
    assert "类型：无数据" in asked.content.decode()
    late = add(plant, 1, AlarmSide.NO_DATA, world.now + timedelta(hours=1), acknowledged=False, active=True)
    said = {"until": asked.context["until"].isoformat(), "comment": "启动时断数"}
    response = client.post(address, said, follow=True)
    assert response.redirect_chain[-1][0] == "/alarms/?side=no_data"
    assert "已确认 60 条报警。" in response.content.decode()
    done = Alarm.objects.filter(acknowledged_at__isnull=False)
    assert set(done.values_list("side", "acknowledgement")) == {("no_data", "启动时断数")}
    assert done.count() == 60
    assert not done.filter(pk__in=[each.pk for each in [*late, *returned]]).exists(), "nobody was asked about these"
    assert Entry.objects.filter(act="alarm.acknowledged").count() == 60
    assert "已确认 0 条" in client.post(address, said, follow=True).content.decode()


@pytest.mark.case("F4")
def test_one_act_is_bounded_and_says_what_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    add(world.plants["a1"], 5, AlarmSide.NO_DATA, world.now)
    monkeypatch.setattr(views, "MOST_AT_ONCE", 3)
    client = world.client("holder")
    said = {"until": clock.now().isoformat()}
    answer = client.post("/alarms/acknowledge/all/?side=no_data", said, follow=True).content.decode()
    assert "已确认 3 条报警。一次最多 3 条，还有 2 条符合筛选" in answer
    assert Alarm.objects.filter(acknowledged_at__isnull=False).count() == 3


@pytest.mark.case("F4")
@pytest.mark.parametrize("query", ["from=gestern", "from=2026-13-40"])
def test_a_filter_that_cannot_be_read_acknowledges_nothing(world: World, query: str) -> None:
    client = world.client("holder")
    answer = client.post(f"/alarms/acknowledge/all/?{query}", {"until": clock.now().isoformat()}, follow=True)
    assert "没有确认任何报警" in answer.content.decode()
    assert not Alarm.objects.filter(acknowledged_at__isnull=False).exists()


@pytest.mark.case("F4")
def test_an_agency_acknowledges_no_enterprises_alarms_in_bulk(world: World) -> None:
    client = world.client("county")
    assert client.get("/alarms/acknowledge/all/").status_code == 403
    assert client.post("/alarms/acknowledge/all/", {"until": clock.now().isoformat()}).status_code == 403
    assert not Alarm.objects.filter(acknowledged_at__isnull=False).exists()
