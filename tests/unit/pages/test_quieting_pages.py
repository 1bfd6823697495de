"""Filings, shelves and suppression rules on the pages: asked, decided, refused, and on whose 我的待办 they stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests import neighbours
from tests.hats import machine
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.alarms.models import Alarm, Filing, FilingState, Shelving, SuppressionRule
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.org.models import Role
from anlan.apps.registry.models import Point
from anlan.apps.rulebook.services import refine
from anlan.rules.calendar import civil, civil_day, midnight
from anlan.rules.rulebook import Override

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    """Everything that waits is decided already, so that only what a test asks for waits."""
    world = neighbours.build(clock.now(), warn=False)
    Filing.objects.update(state=FilingState.WITHDRAWN)
    Shelving.objects.update(state="withdrawn")
    SuppressionRule.objects.update(state="refused")
    return world


def page(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def decisions(client: Client) -> int:
    """How many decisions about alarms the to-do page asks its reader for, beside everything else that waits."""
    waiting = client.get("/todo/").context["asked"].waiting
    return sum(not each.url.startswith("/changes/") for each in waiting)


def filed(world: World, hours: int = 8) -> Filing:
    """What the holder files by the form: the tank of a1, from now on."""
    asked = {
        "kind": "overhaul", "scope": f"device:{world.plants['a1'].device.code}", "reason": "清罐检修，现场专人监护",
        "starts_at": f"{civil(world.now):%Y-%m-%dT%H:%M}",
        "ends_at": f"{civil(world.now + hours * HOUR):%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    answer = world.client("holder").post("/alarms/filings/new/", asked)
    assert answer.status_code == 302, answer.content.decode()
    return Filing.objects.latest("pk")


def may(world: World, who: str, role: str) -> None:
    """``who`` holds another role where they hold one."""
    held = Grant.objects.filter(user=world.users[who]).get()
    Grant.objects.create(
        user=held.user, role=role, valid_from=held.valid_from, agency=held.agency, enterprise=held.enterprise
    )


@pytest.mark.req("MON-06")
def test_a_filing_waits_on_the_list_of_those_who_confirm_and_tells_the_one_who_filed(world: World) -> None:
    assert decisions(world.client("county")) == 0
    row = filed(world)
    for who in ("county", "holder"):
        assert f"/alarms/filings/{row.pk}/" in page(world.client(who), "/todo/")
    assert decisions(world.client("county")) == 1
    county = page(world.client("county"), "/todo/")
    assert "报备待确认" in county
    assert "清罐检修，现场专人监护" in county
    assert "逾期未确认" not in county
    assert "待县（园区）确认，未确认前照常报警" in page(world.client("holder"), "/todo/")
    for who in ("city", "stranger"):
        assert f"/alarms/filings/{row.pk}/" not in page(world.client(who), "/todo/")
    answer = world.client("county").post(f"/alarms/filings/{row.pk}/confirm/", {"text": "同意"})
    assert answer.status_code == 302
    assert decisions(world.client("county")) == 0
    assert "示例county-a局已确认" in page(world.client("holder"), "/todo/")
    assert "已确认" in page(world.client("city"), f"/alarms/filings/{row.pk}/")
    alarm = world.plants["a1"].alarm
    alarm.refresh_from_db()
    assert alarm.filing_id == row.pk
    assert "停用（已报备）" in page(world.client("city"), "/alarms/")


@pytest.mark.req("MON-06")
def test_a_filing_that_waited_for_a_day_is_said_to_be_overdue_and_the_park_may_confirm_it(world: World) -> None:
    row = filed(world, hours=72)
    obligations.run_due(row.filed_at + 24 * HOUR - timedelta(seconds=1))
    assert "逾期未确认" not in page(world.client("county"), "/todo/")
    obligations.run_due(row.filed_at + 24 * HOUR)
    assert "逾期未确认" in page(world.client("county"), "/todo/")
    park = world.users["stranger"]
    assert f"/alarms/filings/{row.pk}/" not in page(world.client("stranger"), "/todo/")
    Grant.objects.create(
        user=park, role=Role.DUTY_OFFICER, valid_from=world.now - HOUR, agency=world.agencies["park-a"]
    )
    assert f"/alarms/filings/{row.pk}/" in page(world.client("stranger"), "/todo/")


@pytest.mark.parametrize(("verb", "words"), [("refuse", "不予确认：没有写明监护人"), ("lapse", "时段已过，未获确认")])
def test_the_filer_is_told_what_became_of_it_and_after_some_days_no_longer(world: World, verb: str, words: str) -> None:
    row = filed(world)
    if verb == "refuse":
        county = world.client("county")
        blank = county.post(f"/alarms/filings/{row.pk}/refuse/", {"text": " "})
        assert blank.status_code == 422
        assert "请写明不予确认的原因" in blank.content.decode()
        for again in ("refuse", "confirm"):  # from the page that says so the act is open as before
            assert f'action="/alarms/filings/{row.pk}/{again}/"' in blank.content.decode()
        county.post(f"/alarms/filings/{row.pk}/refuse/", {"text": "没有写明监护人"})
    else:
        obligations.run_due(row.ends_at)
    assert words in page(world.client("holder"), "/todo/")
    long_ago = world.now - timedelta(days=4)
    moved = {"ended_at" if verb == "lapse" else "decided_at": long_ago}
    Filing.objects.filter(pk=row.pk).update(**moved)
    assert words not in page(world.client("holder"), "/todo/")


def test_a_window_that_is_backward_or_without_a_reason_is_refused_beside_the_form(world: World) -> None:
    asked: dict[str, Any] = {"kind": "stop", "scope": "enterprise", "reason": "停用", "starts_at": "2030-01-02T08:00"}
    answer = world.client("holder").post("/alarms/filings/new/", asked | {"ends_at": "2030-01-02T08:00"})
    assert answer.status_code == 422
    assert "结束时间须晚于开始时间" in answer.content.decode()
    answer = world.client("holder").post("/alarms/filings/new/", asked | {"ends_at": "2030-01-03T08:00", "reason": ""})
    assert answer.status_code == 422
    assert "请写明报备的事项" in answer.content.decode()
    nowhere = world.client("holder").post("/alarms/filings/new/", asked | {"ends_at": "2030-01-03T08:00", "scope": ""})
    assert nowhere.status_code == 422
    assert "请选择范围，或在下面选测点" in nowhere.content.decode()
    answer = world.client("county").get("/alarms/filings/new/")
    assert answer.status_code == 403
    assert "报备由企业主要负责人、包保责任人或安全管理人员提出" in answer.content.decode()


def test_what_is_typed_is_kept_and_everything_that_is_missing_is_said_beside_its_field(world: World) -> None:
    may(world, "holder", Role.SAFETY_OFFICER)
    typed = {"name": "停泵时低压", "condition": "", "comparison": "at_or_below", "threshold": "", "side": "low"}
    answer = world.client("holder").post("/alarms/suppressions/new/", typed | {"reason": "测" * 200_000})
    shown = answer.content.decode()
    assert answer.status_code == 422
    for said in (
        "请选择由哪个测点判断条件",
        "请填写数字，零也要填",
        "请至少选择一个被抑制的测点",
        "最多 200 字，现在有 200000 字",
    ):
        assert said in shown
    assert "停泵时低压" in shown
    assert "测" * 200_000 in shown


@pytest.mark.parametrize("garbage", ["9" * 40, "x", "1 or 1", "-1"])
def test_garbage_in_the_place_of_a_key_is_refused_in_words(world: World, garbage: str) -> None:
    may(world, "holder", Role.SAFETY_OFFICER)
    holder = world.client("holder")
    assert holder.get("/alarms/shelve/", {"alarm": garbage}).status_code == 404
    wrong = {
        "name": "停泵",
        "condition": garbage,
        "comparison": "x",
        "threshold": "1e999",
        "side": "x",
        "reason": "依据",
    }
    answer = holder.post("/alarms/suppressions/new/", wrong | {"points": [garbage]})
    assert answer.status_code == 422
    assert "请填写数字" in answer.content.decode()


def test_a_nul_is_refused_before_any_database_sees_it(world: World) -> None:
    holder = world.client("holder")
    for answer in (
        holder.get("/alarms/shelve/", {"alarm": "\x00"}), holder.get("/alarms/", {"q": "\x00"}),
        holder.get("/points/%00/"), holder.post("/alarms/filings/new/", {"reason": "a\x00b"}),
        Client().post("/login/", {"username": "a\x00", "password": "b"}),
    ):  # fmt: skip
        assert answer.status_code == 400
        assert "什么都没有改动" in answer.content.decode()


def test_who_may_not_do_a_thing_is_told_who_may(world: World) -> None:
    """The lists say who asks, a record whose decision it waits for; nobody is offered what they may not do."""
    row = filed(world)
    county = world.client("county")
    for kind, who in (("filings", "报备由企业"), ("shelvings", "报警由企业"), ("suppressions", "规则由企业")):
        assert who in page(county, f"/alarms/{kind}/")
    holder = world.client("holder")
    assert "规则由企业主要负责人或安全管理人员提出" in page(holder, "/alarms/suppressions/")
    assert "报备由企业" not in page(holder, "/alarms/filings/")
    mine = page(holder, f"/alarms/filings/{row.pk}/")
    assert "等待县（园区）的值班员、处置人员或审批人确认" in mine
    assert "撤回报备" in mine
    assert "提前结束" not in mine
    assert "等待县（园区）" not in page(county, f"/alarms/filings/{row.pk}/")
    assert county.post(f"/alarms/filings/{row.pk}/confirm/", {"text": ""}).status_code == 302
    mine = page(holder, f"/alarms/filings/{row.pk}/")
    assert "提前结束" in mine
    assert "撤回报备" not in mine


def test_nobody_is_offered_to_approve_their_own_request(world: World) -> None:
    """Where the setting has the principal approve: the one who asked waits for another."""
    alarm = world.plants["a1"].alarm
    Point.objects.filter(pk=alarm.point_id).update(gas="toxic")
    refine(
        world.agencies["county-a"],
        Override(
            "shelving_gas_approver",
            "principal",
            world.agencies["county-a"].code,
            civil_day(world.now),
            document="示例局〔2026〕1号",
        ),
        by=machine(world.agencies["county-a"]),
        at=world.now - 24 * HOUR,
    )
    may(world, "holder", Role.PRINCIPAL)
    holder = world.client("holder")
    answer = holder.post("/alarms/shelve/", {"alarm": alarm.pk, "minutes": 60, "reason": "标定"}, follow=True)
    assert "已提交企业主要负责人批准" in answer.content.decode()
    row = Shelving.objects.latest("pk")
    assert "申请人不能批准自己的申请" in page(holder, f"/alarms/shelvings/{row.pk}/")
    assert "批准搁置" not in page(holder, f"/alarms/shelvings/{row.pk}/")
    assert holder.post(f"/alarms/shelvings/{row.pk}/approve/", {"text": ""}).status_code == 403
    assert "气体报警搁置待批准" not in page(holder, "/todo/")


def test_alarms_chosen_in_the_list_come_to_the_form_without_a_secret_in_the_address(world: World) -> None:
    alarm = world.plants["a1"].alarm
    answer = world.client("holder").post("/alarms/shelve/", {"alarm": alarm.pk, "csrfmiddlewaretoken": "x"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/alarms/shelve/?alarm={alarm.pk}"


def test_a_form_that_is_no_longer_good_says_so_in_chinese(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["holder"])
    answer = client.post("/alarms/filings/new/", {})
    assert answer.status_code == 403
    assert "表单已失效" in answer.content.decode()


def test_a_plain_alarm_is_shelved_for_the_enterprise_alone(world: World) -> None:
    alarm = world.plants["a1"].alarm
    holder = world.client("holder")
    assert alarm.point.tag in page(holder, f"/alarms/shelve/?alarm={alarm.pk}")
    blank = holder.post("/alarms/shelve/", {"alarm": alarm.pk, "minutes": 60, "reason": ""})
    assert blank.status_code == 422
    assert "请写明搁置的原因" in blank.content.decode()
    assert holder.post("/alarms/shelve/", {"alarm": alarm.pk, "minutes": 60, "reason": "换表"}).status_code == 302
    assert f'href="/points/{alarm.point.code}/"' not in page(holder, "/alarms/")
    assert "另有 1 条已搁置" in page(holder, "/alarms/")
    assert "没有其他报警" in page(holder, "/alarms/")
    assert alarm.point.tag in page(holder, "/alarms/?state=shelved")
    for who in ("county", "city"):
        seen = page(world.client(who), "/alarms/")
        assert alarm.point.tag in seen
        assert "企业已搁置" in seen
    too_long = holder.post("/alarms/shelve/", {"alarm": alarm.pk, "minutes": 4320, "reason": "换表"})
    assert too_long.status_code == 422
    assert world.client("county").post("/alarms/shelve/", {"alarm": alarm.pk}).status_code == 403
    assert world.client("stranger").post("/alarms/shelve/", {"alarm": alarm.pk}).status_code == 404


def test_a_gas_alarm_is_shown_until_somebody_higher_agreed_and_a_duty_officer_may_not(world: World) -> None:
    alarm = world.plants["a1"].alarm
    Point.objects.filter(pk=alarm.point_id).update(gas="toxic")
    holder = world.client("holder")
    asked = page(holder, f"/alarms/shelve/?alarm={alarm.pk}")
    assert "气体报警须经县（园区）处置人员或审批人批准，批准前照常显示" in asked
    assert "提交批准" in asked
    holder.post("/alarms/shelve/", {"alarm": alarm.pk, "minutes": 60, "reason": "标定"})
    row = Shelving.objects.latest("pk")
    assert (row.state, row.approver) == ("asked", "county")
    assert alarm.point.tag in page(holder, "/alarms/")
    assert holder.post(f"/alarms/shelvings/{row.pk}/approve/", {"text": ""}).status_code == 403
    county = world.client("county")
    assert decisions(county) == 0
    assert county.post(f"/alarms/shelvings/{row.pk}/approve/", {"text": ""}).status_code == 403
    assert Entry.objects.filter(act="access_refused", subject=f"shelving:{row.pk}").exists()
    may(world, "county", Role.APPROVER)
    assert "气体报警搁置待批准" in page(county, "/todo/")
    assert county.post(f"/alarms/shelvings/{row.pk}/refuse/", {"text": "标定期间须专人监护"}).status_code == 302
    assert "未批准" in page(holder, f"/alarms/shelvings/{row.pk}/")
    assert "标定期间须专人监护" in page(holder, f"/alarms/shelvings/{row.pk}/")
    assert alarm.point.tag in page(holder, "/alarms/")
    holder.post("/alarms/shelve/", {"alarm": alarm.pk, "minutes": 60, "reason": "标定，专人监护"})
    again = Shelving.objects.latest("pk")
    assert county.post(f"/alarms/shelvings/{again.pk}/approve/", {"text": "同意"}).status_code == 302
    assert "另有 1 条已搁置" in page(holder, "/alarms/")


def test_a_rule_of_suppression_is_proposed_by_the_enterprise_and_stands_once_approved(world: World) -> None:
    plant = world.plants["a1"]
    pump = Point.objects.create(
        code=f"{plant.device.code}LL001", enterprise=plant.enterprise, source=plant.source, device=plant.device,
        gateway=plant.gateway, tag="FT-9", name="流量", kind="LL", unit="m³/h", range_min=0.0, range_max=9.0,
        registered_at=world.now,
    )  # fmt: skip
    gas = Point.objects.create(
        code=f"{plant.device.code}QT001", enterprise=plant.enterprise, source=plant.source, device=plant.device,
        gateway=plant.gateway, tag="GT-9", name="硫化氢", kind="QT", gas="toxic", unit="ppm", range_min=0.0,
        range_max=100.0, h=10.0, registered_at=world.now,
    )  # fmt: skip
    holder = world.client("holder")
    asked = {
        "name": "停泵时低压", "condition": pump.pk, "comparison": "at_or_below", "threshold": "0.5", "side": "low",
        "points": [plant.point.pk], "reason": "设计文件 3.2",
    }  # fmt: skip
    assert holder.post("/alarms/suppressions/new/", asked).status_code == 403
    may(world, "holder", Role.SAFETY_OFFICER)
    shown = page(holder, "/alarms/suppressions/new/")
    assert "气体报警不得设计抑制" in shown
    refused = holder.post("/alarms/suppressions/new/", asked | {"points": [gas.pk]})
    assert refused.status_code == 422
    assert holder.post("/alarms/suppressions/new/", asked).status_code == 302
    row = SuppressionRule.objects.latest("pk")
    may(world, "county", Role.HANDLER)
    county = world.client("county")
    assert "设计抑制待批准" in page(county, "/todo/")
    assert county.post(f"/alarms/suppressions/{row.pk}/approve/", {"text": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.agency) == ("approved", world.agencies["county-a"])
    assert decisions(county) == 0
    assert Alarm.objects.filter(suppression__isnull=False).count() == 0


@pytest.mark.req("MON-06")
def test_filed_offline_time_is_listed_as_filed_and_left_out_of_the_ranking_as_the_setting_has_it(world: World) -> None:
    """Two enterprises offline for two hours, one of them filed: the other leads the ranking."""
    day = f"{civil(world.now - 24 * HOUR):%Y-%m-%d}"
    began = midnight(civil_day(world.now) - timedelta(days=1)) + 9 * HOUR
    for name in ("a1", "a2"):
        plant = world.plants[name]
        Alarm.objects.create(
            id=f"{name}-silent", enterprise=plant.enterprise, source=plant.source, point=plant.point, side="no_data",
            state="cleared", level="no_data", worst="no_data", started_at=began, raised_at=began + HOUR / 2,
            detected_at=began + HOUR / 2, changed_at=began + 2 * HOUR, cleared_at=began + 2 * HOUR,
        )  # fmt: skip
    mine = {"starts_at": began - HOUR, "effective_at": began - HOUR, "ends_at": began + 9 * HOUR}
    Filing.objects.filter(pk=world.plants["a1"].filing.pk).update(state=FilingState.ENDED, **mine)
    asked = f"table=offline&by=enterprise&date={day}"

    def told() -> dict[str, Any]:
        units = world.client("county").get(f"/api/v1/metrics?{asked}").json()["units"]
        return {unit["name"]: (unit["place"], unit["figures"]["offline_minutes"]["value"],
                unit["figures"]["offline_filed_minutes"]["value"]) for unit in units}  # fmt: skip

    assert told() == {"示例a2厂": (1, 120.0, 0.0), "示例a1厂": (None, 0.0, 120.0)}
    shown = page(world.client("county"), f"/statistics/?{asked}")
    assert "离线与报备" in shown
    listed = page(world.client("county"), f"/statistics/offline_filed/?{asked}")
    assert "PT-a1" in listed
    assert "已报备" in listed
    assert "PT-a2" not in listed
    counted = page(world.client("county"), f"/statistics/offline_outages/?{asked}")
    assert "PT-a2" in counted
    assert "PT-a1" not in counted
    county = world.agencies["county-a"]
    refine(
        county,
        Override(
            "filed_excluded_from_offline",
            False,
            county.code,
            civil_day(world.now) - timedelta(days=1),
            document="示例局〔2026〕1号",
        ),
        by=machine(county),
        at=world.now - 48 * HOUR,
    )
    assert told() == {"示例a1厂": (1, 120.0, 120.0), "示例a2厂": (1, 120.0, 0.0)}
    assert "PT-a1" in page(world.client("county"), f"/statistics/offline_outages/?{asked}")
