"""The quality rows of the matrix, played through the register, its checks, the findings and the pages."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from openpyxl import load_workbook
from tests import neighbours
from tests.hats import officer, staff
from tests.neighbours import Plant, World

from anlan import now as clock
from anlan.apps.alarms.models import Filing
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.gateways.services import Sign, check_coverage, record_signs
from anlan.apps.history.services import Batch, Piece, write
from anlan.apps.quality import services
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Camera, Device, DutyPost, Employment, Point
from anlan.refused import Refused
from anlan.rules.patrol import Rectification
from anlan.stream.blocks import encode
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable

pytestmark = pytest.mark.django_db
MINUTE_US = 60_000_000


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


@pytest.fixture
def plant(world: World) -> Plant:
    """A plant whose register has no fault to begin with."""
    plant = world.plants["a1"]
    Device.objects.filter(pk=plant.device.pk).update(
        name="东罐区 T-101 苯储罐", medium="苯", medium_state="液态", location="东罐区北侧"
    )
    Camera.objects.create(code="V-room", enterprise=plant.enterprise, name="中控室", is_control_room=True, is_key=False)
    assert services.check_register(plant.enterprise, world.now) == []
    return plant


def device(plant: Plant, number: int, **values: Any) -> Device:
    told: dict[str, Any] = {"kind": "tank", "medium": "苯", "medium_state": "液态", "location": "东罐区南侧"}
    code = f"{plant.source.code}G{number:04d}"
    return Device.objects.create(code=code, enterprise=plant.enterprise, source=plant.source, **(told | values))


def point(plant: Plant, number: int, of: Device, **values: Any) -> Point:
    told: dict[str, Any] = {
        "tag": f"TT-{number}", "name": "温度", "kind": "WD", "unit": "℃", "range_min": 0, "range_max": 200, "h": 80,
        "hh": 90, "registered_at": clock.now(),
    }  # fmt: skip
    code = f"{of.code}WD{number:03d}"
    return Point.objects.create(
        code=code, enterprise=plant.enterprise, source=plant.source, device=of, gateway=plant.gateway, **(told | values)
    )


def found(plant: Plant) -> dict[str, list[str]]:
    """Look, and tell what stands unclosed by kind."""
    services.check_register(plant.enterprise, clock.now())
    rows = Finding.objects.by_the_machine().filter(enterprise=plant.enterprise, kind__startswith="q_")
    told: dict[str, list[str]] = {}
    for row in rows.exclude(state="closed").order_by("pk"):
        told.setdefault(row.kind, []).append(row.text)
    return told


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.req("DQ-01")
def test_findings_are_counted_by_property_and_each_names_its_property_and_article(world: World, plant: Plant) -> None:
    device(plant, 2, name="储罐")
    Point.objects.filter(pk=plant.point.pk).update(hh=9999)
    services.check_register(plant.enterprise, world.now)
    county = world.client("county")
    shown = page(county, "/quality/")
    for title, number in (("真实", 0), ("规范", 1), ("准确", 1)):
        assert f'<div class="k">{title}</div><div class="v">{number}</div>' in shown
    sheet = load_workbook(io.BytesIO(county.get("/quality/?format=xlsx").content)).active
    assert sheet is not None
    lines = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    head = next(line for line in lines if "性质" in line)
    rows = [dict(zip(head, line, strict=False)) for line in lines[lines.index(head) + 1 :] if len(line) > 5 and line[0]]
    told = {row["为什么列出"]: (row["性质"], row["依据"]) for row in rows if row.get("为什么列出")}
    assert told["名称不规范"] == ("规范", "数据质量管理办法 第四条")
    assert told["限值是占位数"] == ("准确", "数据质量管理办法 第五条")


@pytest.mark.req("DQ-02")
def test_each_gap_is_one_finding_and_a_point_switched_off_without_a_filing_is_one(world: World, plant: Plant) -> None:
    head = device(plant, 2, name="苯泵房 1# 探头", kind="gas_point")
    gas = {"name": "可燃气体", "gas": "combustible", "unit": "%LEL", "range_max": 100, "h": 25, "hh": 50}
    for number in (1, 2, 3):
        point(plant, number, head, tag=f"AT-{number}", **{**gas, "name": f"可燃气体{number}"})
    Point.objects.filter(tag="AT-3").update(is_active=False)
    type(plant.enterprise).objects.filter(pk=plant.enterprise.pk).update(declared_sources=1, declared_gas_points=4)
    plant.enterprise.refresh_from_db()
    record_signs([Sign(plant.gateway.code, world.now, world.now)])

    def gaps(at: datetime) -> list[str]:
        check_coverage(plant.enterprise, at)
        rows = Finding.objects.by_the_machine().filter(kind="point_missing", enterprise=plant.enterprise, state="open")
        return [row.text for row in rows.order_by("text")]

    assert [text.split()[-2:] for text in gaps(world.now)] == [
        ["AT-3", "可燃气体3"],
        ["未接入：未登记的气体监测点", "4"],
    ]
    shown = page(world.client("holder"), f"/quality/{plant.enterprise.code}/")
    assert "50.00 %" in shown
    assert "应接 4，已接 2" in shown
    Filing.objects.create(
        enterprise=plant.enterprise, reach="device", device=head, kind="overhaul", reason="检修", state="confirmed",
        starts_at=world.now, ends_at=world.now + timedelta(hours=8), effective_at=world.now, filed_at=world.now,
    )  # fmt: skip
    assert len(gaps(world.now + timedelta(hours=1))) == 1, "with a confirmed filing it is none"
    assert len(gaps(world.now + timedelta(hours=8))) == 2, "and is again when the filing is over"


@pytest.mark.req("DQ-03")
def test_names_that_tell_nobody_which_one_is_meant_and_missing_places_are_findings(plant: Plant) -> None:
    device(plant, 2, name="储罐")
    device(plant, 3, name="罐1")
    Device.objects.create(
        code="990121101G0009", enterprise=plant.enterprise, name="罐1", kind="tank", medium="苯", medium_state="液态"
    )
    told = found(plant)
    assert len(told["q_name"]) == len(told["q_same_name"]) == len(told["q_place"]) == 1
    assert "“储罐”" in told["q_name"][0]
    assert "“罐1”同名" in told["q_same_name"][0]


@pytest.mark.req("DQ-04")
def test_a_tank_without_the_state_of_its_medium_is_a_finding(plant: Plant) -> None:
    device(plant, 2, name="东罐区 T-102 苯储罐", medium_state="")
    assert found(plant) == {"q_medium": ["东罐区 T-102 苯储罐 没有写介质形态"]}


@pytest.mark.req("DQ-05")
@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        ({"l": 80, "h": 80}, "q_limits"),
        ({"ll": 20, "l": 10}, "q_limits"),
        ({"h": 90, "hh": 80}, "q_limits"),
        ({"hh": 201}, "q_range"),
        ({"hh": 9999}, "q_placeholder"),
        ({"h": 0, "hh": None}, "q_placeholder"),
        ({"h": None, "hh": None}, "q_no_limit"),
        ({"unit": ""}, "q_unit"),
    ],
)
def test_limits_that_show_no_safety_state_are_findings(plant: Plant, limits: dict[str, Any], kind: str) -> None:
    row = point(plant, 1, plant.device)
    assert found(plant) == {}
    Point.objects.filter(pk=row.pk).update(**limits)  # as an older release or another hand may have left it
    assert list(found(plant)) == [kind]
    with pytest.raises(Refused):
        registry.register_point(
            {name: getattr(row, name) for name in ("enterprise", "source", "device", "gateway", "kind")}
            | {"code": f"{row.code[:-1]}9", "tag": "TT-9", "name": "温度九", "unit": "℃", "h": 90, "hh": 80}
            | {"range_min": 0, "range_max": 200},
            by=staff(plant.enterprise).actor, at=clock.now(),
        )  # fmt: skip


@pytest.mark.req("DQ-06")
def test_like_data_of_a_device_are_told_apart_or_found(plant: Plant) -> None:
    reactor = device(plant, 2, name="反应釜 R-101")
    point(plant, 1, reactor, tag="T-101A")
    point(plant, 2, reactor, tag="T-101B", name="温 度")
    point(plant, 3, reactor, tag="T-101 A", name="夹套温度")
    told = found(plant)["q_like"]
    assert told[0].startswith("反应釜 R-101 有两个“温 度”")
    assert "位号“T-101 A”与“T-101A”只差空格" in told[1]


@pytest.mark.req("DQ-07")
def test_a_gas_point_without_a_position_is_a_finding(plant: Plant) -> None:
    head = device(plant, 2, name="苯泵房 1# 探头", kind="gas_point", location="")
    point(plant, 1, head, tag="AT-1", name="可燃气体", gas="combustible", unit="%LEL", range_max=100, h=25, hh=50)
    assert found(plant) == {"q_gas_place": ["AT-1 可燃气体 没有写检测位置"]}
    Device.objects.filter(pk=head.pk).update(location="苯泵房北墙 0.4 m")
    assert found(plant) == {}


@pytest.mark.req("DQ-08")
def test_a_source_and_a_control_room_without_a_camera_are_findings(plant: Plant) -> None:
    Camera.objects.filter(enterprise=plant.enterprise).delete()
    told = found(plant)
    assert told == {
        "q_no_camera": [f"{plant.source.name} 没有关键部位的视频"],
        "q_control_room": ["没有中控室值班的视频"],
    }


def recorded(plant: Plant, values: list[float], until: datetime) -> None:
    """A sample every five seconds, the last one before an instant; each value for as many samples as it is given."""
    table = PointTable(point_specs())
    row = table.row(plant.point.code)
    assert row is not None
    pieces: list[Piece] = []
    frames: list[Frame] = []
    minute = -1
    first = round(until.timestamp()) - 5 * len(values)
    for number, value in enumerate(values):
        at_us = (first + 5 * number) * 1_000_000
        if frames and at_us // MINUTE_US != minute:
            pieces.append(_piece(plant, frames, table, len(pieces) + 1))
            frames = []
        minute = at_us // MINUTE_US
        frames.append(
            Frame(
                gateway=plant.gateway.code, collected_at_us=at_us, received_at_us=at_us + 500_000,
                index=np.array([row], np.int32), value=np.array([value]), quality=np.zeros(1, np.uint8),
                sampled_at_us=np.array([at_us], np.int64), unknown=[],
            )
        )  # fmt: skip
    pieces.append(_piece(plant, frames, table, len(pieces) + 1))
    write(Batch(pieces, {0: len(pieces)}), lambda: None)


def _piece(plant: Plant, frames: list[Frame], table: PointTable, seq: int) -> Piece:
    start = frames[0].collected_at_us // MINUTE_US * MINUTE_US
    body = encode(plant.gateway.code, frames, table)
    return Piece(plant.gateway.code, plant.enterprise.code, start, seq, len(frames), body, None)


@pytest.mark.req("DQ-09")
def test_a_value_that_does_not_move_is_a_suspicion_until_a_person_has_judged_it(world: World, plant: Plant) -> None:
    until = world.now.replace(second=0, microsecond=0)
    wave = [1 + 0.01 * (n % 13) for n in range(120)]
    recorded(plant, [*wave, *[1.237] * 240, *wave], until)
    services.check_data(plant.enterprise, until)
    row = Finding.objects.by_the_machine().get(kind="q_frozen")
    assert row.state == "suspected"
    assert "同为 1.237" in row.text
    assert not Clue.objects.by_the_machine().exists(), "no violation"
    county = officer(plant.enterprise)
    with pytest.raises(Refused, match="待判定"):
        findings.assign(row, by=county, at=until, how=Rectification.IMMEDIATE)
    with pytest.raises(Refused, match="依据"):
        findings.judge(row, by=county, at=until, text=" ")
    assert "疑点待判定" in page(world.client("county"), "/todo/")
    row = findings.judge(row, by=county, at=until, text="现场核对：浮子卡住")
    assert row.state == "open"
    findings.assign(row, by=county, at=until, how=Rectification.IMMEDIATE)


@pytest.mark.req("DQ-09")
def test_a_suspicion_that_was_none_is_not_listed_again_for_its_days(world: World, plant: Plant) -> None:
    until = world.now.replace(second=0, microsecond=0)
    recorded(plant, [1.237] * 480, until)
    services.check_data(plant.enterprise, until)
    row = Finding.objects.by_the_machine().get(kind="q_frozen")
    findings.refute(row, by=officer(plant.enterprise), at=until, text="罐停用，液位本来不动")
    services.check_data(plant.enterprise, until + timedelta(minutes=5))
    row.refresh_from_db()
    assert (row.state, row.times) == ("closed", 1)
    recorded_later = until + timedelta(days=31)
    recorded(plant, [1.237] * 480, recorded_later)
    services.check_data(plant.enterprise, recorded_later)
    row.refresh_from_db()
    assert (row.state, row.times) == ("suspected", 2)
    assert [step.kind for step in row.steps.all()] == ["refuted", "reopened"]


@pytest.mark.req("DQ-14")
def test_a_fault_is_assigned_put_right_seen_by_the_machine_and_closed_and_comes_back_with_its_count(
    world: World, plant: Plant
) -> None:
    county, now = officer(plant.enterprise), world.now
    row = device(plant, 2, name="储罐")
    assert list(found(plant)) == ["q_name"]
    finding = Finding.objects.by_the_machine().get(kind="q_name")
    findings.assign(finding, by=county, at=now, how=Rectification.IMMEDIATE, due_at=now + timedelta(hours=48))
    findings.rectify(finding, by=staff(plant.enterprise), at=now + timedelta(hours=1), text="已改名")
    services.check_register(plant.enterprise, now + timedelta(hours=2))
    finding.refresh_from_db()
    assert finding.state == "assigned", "said to be put right, and is there all the same"
    Device.objects.filter(pk=row.pk).update(name="东罐区 T-102 苯储罐")
    services.check_register(plant.enterprise, now + timedelta(hours=3))
    finding.refresh_from_db()
    assert finding.state == "verified"
    findings.close(finding, by=county, at=now + timedelta(hours=4))
    Device.objects.filter(pk=row.pk).update(name="储罐")
    services.check_register(plant.enterprise, now + timedelta(days=1))
    finding.refresh_from_db()
    assert (finding.state, finding.times) == ("open", 2)
    assert [step.kind for step in finding.steps.all()] == [
        "assigned", "rectified", "sent_back", "verified", "closed", "reopened",
    ]  # fmt: skip
    Device.objects.filter(pk=row.pk).update(name="东罐区 T-102 苯储罐")
    services.check_register(plant.enterprise, now + timedelta(days=2))
    finding.refresh_from_db()
    assert finding.state == "closed", "nobody had taken it up"


@pytest.mark.req("DQ-15")
def test_the_focus_shows_wrong_limits_lost_data_and_missing_video_alone(world: World, plant: Plant) -> None:
    device(plant, 2, name="储罐")
    Point.objects.filter(pk=plant.point.pk).update(hh=9999)
    Camera.objects.filter(enterprise=plant.enterprise).delete()
    services.check_register(plant.enterprise, world.now)
    shown = page(world.client("county"), "/quality/?focus=yes&state=unclosed")
    for words in ("限值是占位数", "没有关键部位的视频", "没有中控室值班的视频", "网关断联"):
        assert words in shown
    assert "说不清是哪一台" not in shown
    assert "说不清是哪一台" in page(world.client("county"), "/quality/")


@pytest.mark.req("DQ-16")
def test_a_holder_who_left_is_a_finding_until_another_holds_the_post(world: World, plant: Plant) -> None:
    person = plant.holders[DutyPost.TECHNICAL]
    Employment.objects.filter(person=person).update(valid_until=world.now - timedelta(days=1))
    told = found(plant)["q_holder_left"]
    assert len(told) == 1
    assert person.name in told[0]
    registry.replace_holder(
        plant.source, DutyPost.TECHNICAL, plant.holders[DutyPost.OPERATIONS], by=staff(plant.enterprise).actor,
        at=world.now,
    )  # fmt: skip
    assert found(plant) == {}


@pytest.mark.req("ENT-03")
def test_an_enterprise_sees_coverage_its_findings_by_property_and_thirty_days_of_them(
    world: World, plant: Plant
) -> None:
    path, holder = f"/quality/{plant.enterprise.code}/", world.client("holder")
    device(plant, 2, name="储罐")
    services.check_register(plant.enterprise, world.now - timedelta(days=3))
    shown = page(holder, path)
    assert "达标" not in shown
    assert "1 条未销" in shown or "2 条未销" in shown
    assert f'aria-label="{"，".join(["0"] * 26 + ["1"] * 4)}"' in shown
    assert world.client("stranger").get(path).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_register_is_looked_at_as_soon_as_it_is_committed(world: World, plant: Plant) -> None:
    row = point(plant, 1, plant.device)
    registry.change_point(row, by=staff(plant.enterprise).actor, at=clock.now(), tag="TT 1", unit="℃")
    Device.objects.filter(pk=plant.device.pk).update(medium="")
    registry.change_limits(row, by=staff(plant.enterprise).actor, at=clock.now(), hh=95)
    assert Finding.objects.by_the_machine().get(kind="q_medium", enterprise=plant.enterprise).state == "open"


def test_the_last_moments_of_history_are_looked_at_device_by_device(world: World, plant: Plant) -> None:
    until = datetime(2026, 3, 1, 16, tzinfo=UTC)
    for number in range(2, 5):
        tank = device(plant, number, name=f"东罐区 T-10{number} 苯储罐")
        for each in range(60):
            point(plant, 100 * number % 900 + each, tank, tag=f"TT-{number}-{each}", name=f"温度{each}")
    seen, after = [], ""
    while True:
        after = services.check_data(plant.enterprise, until, after)
        seen.append(after)
        if not after:
            break
    assert len(seen) == 3
    assert seen[:-1] == sorted(seen[:-1])
