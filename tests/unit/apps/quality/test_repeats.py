"""What comes again and again: links that fall out, points that keep alarming; and the rows that stand beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests import neighbours
from tests.hats import officer, staff
from tests.neighbours import Plant, World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import CameraOutage, OfflineSpell
from anlan.apps.gateways.services.cameras import Report, record_cameras
from anlan.apps.quality.repeats import check_repeats
from anlan.apps.registry.models import Camera, Device, Point
from anlan.refused import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


@pytest.fixture
def plant(world: World) -> Plant:
    return world.plants["a1"]


def outages(plant: Plant, now: datetime, hours: list[int]) -> None:
    for each in hours:
        start = now - timedelta(hours=each)
        OfflineSpell.objects.create(
            gateway=plant.gateway, enterprise=plant.enterprise, started_at=start, detected_at=start,
            ended_at=start + timedelta(minutes=40),
        )  # fmt: skip


def alarm(plant: Plant, point: Point, at: datetime, **values: Any) -> Alarm:
    """One alarm of a point at its high limit."""
    told: dict[str, Any] = {"side": "high", "level": "H", "worst": "H", "value": 1.6, "limit": 1.5, "extreme": 1.6}
    if values.get("state") == "cleared":
        told["cleared_at"] = at
    return Alarm.objects.create(
        id=uuid4().hex, enterprise=plant.enterprise, source=point.source, point=point, started_at=at, raised_at=at,
        detected_at=at, changed_at=at, **(told | values),
    )  # fmt: skip


def found(kind: str) -> list[Finding]:
    return list(Finding.objects.by_the_machine().filter(kind=kind))


@pytest.mark.req("MON-14")
@pytest.mark.req("ENT-01")
def test_links_that_fall_out_three_times_a_week_must_be_upgraded_and_only_a_person_says_that_they_were(
    world: World, plant: Plant
) -> None:
    now = world.now
    outages(plant, now, [200, 40])  # one before the week, beside the one of the world
    check_repeats(plant.enterprise, now)
    assert found("upgrade") == []
    outages(plant, now, [100])
    check_repeats(plant.enterprise, now)
    check_repeats(plant.enterprise, now + timedelta(hours=1))
    (row,) = found("upgrade")
    assert (row.state, row.times) == ("open", 1)
    assert "七天内离线 3 次" in row.text
    check_repeats(plant.enterprise, now + timedelta(days=30))
    row.refresh_from_db()
    assert row.state == "open", "that it is quiet proves nothing"
    with pytest.raises(Refused):
        findings.close(row, by=officer(plant.enterprise), at=now)
    row = findings.rectify(row, by=staff(plant.enterprise), at=now, text="改为双链路")
    row = findings.verify(row, by=officer(plant.enterprise), at=now, text="现场核验双链路")
    assert findings.close(row, by=officer(plant.enterprise), at=now).state == "closed"


def test_ten_cameras_behind_one_switch_are_one_trouble(world: World, plant: Plant) -> None:
    for number in range(10):
        camera = Camera.objects.create(code=f"S{number}", enterprise=plant.enterprise, name=f"摄像头{number}")
        CameraOutage.objects.create(
            camera=camera, enterprise=plant.enterprise, cause="offline", started_at=world.now, detected_at=world.now
        )
    check_repeats(plant.enterprise, world.now)
    assert found("upgrade") == []


@pytest.mark.req("ENT-08")
def test_a_point_that_alarms_three_times_in_seven_days_gives_a_root_cause_task(world: World, plant: Plant) -> None:
    def raised(days: float, side: str = "high") -> None:
        alarm(plant, plant.point, world.now - timedelta(days=days), side=side, state="cleared")

    Alarm.objects.by_the_machine().filter(enterprise=plant.enterprise).delete()
    for days in (8, 6, 4):
        raised(days)
    raised(2, side="no_data")
    check_repeats(plant.enterprise, world.now)
    assert found("root_cause") == []
    raised(1)
    check_repeats(plant.enterprise, world.now)
    (row,) = found("root_cause")
    assert row.source_id == plant.source.pk
    assert f"{plant.point.tag} {plant.point.name} 七天内报警 3 次" in row.text


@pytest.mark.req("MON-02")
def test_five_classes_of_data_are_each_present_or_absent_with_their_last_update(world: World, plant: Plant) -> None:
    county, path = world.client("county"), f"/quality/{plant.enterprise.code}/"
    told = {each.title: each.at for each in county.get(path).context["five"]}
    assert list(told) == ["企业基础数据", "实时监测数据", "视频", "安全承诺公告", "包保责任人"]
    assert told["视频"] is None
    assert told["安全承诺公告"] is None
    assert told["包保责任人"] is not None
    moment = clock.now()
    camera = Camera.objects.by_the_machine().filter(enterprise=plant.enterprise).first()
    assert camera is not None
    record_cameras([Report(camera.code, "online", moment)], moment)
    again = {each.title: each.at for each in county.get(path).context["five"]}
    assert again["视频"] == moment
    assert again["企业基础数据"] == told["企业基础数据"]


@pytest.mark.req("MON-12")
def test_a_process_unit_outside_any_source_takes_points_and_stands_in_the_county_s_view(
    world: World, plant: Plant
) -> None:
    unit = Device.objects.create(
        code=f"{plant.enterprise.code}000P0001", enterprise=plant.enterprise, name="过氧化反应装置",
        kind="process_unit", medium="双氧水", medium_state="液态", location="西区",
    )  # fmt: skip
    row = Point.objects.create(
        code=f"{unit.code}WD001", enterprise=plant.enterprise, device=unit, gateway=plant.gateway, tag="TT-9",
        name="反应温度", kind="WD", unit="℃", range_min=0, range_max=200, h=80, registered_at=clock.now(),
    )  # fmt: skip
    alarm(plant, row, clock.now(), state="active")
    shown = world.client("county").get(f"/enterprises/{plant.enterprise.code}/").content.decode()
    assert "过氧化反应装置" in shown
    assert "TT-9" in world.client("county").get("/alarms/").content.decode()
