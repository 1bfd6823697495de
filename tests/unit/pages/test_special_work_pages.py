"""Special work and unit states on screen: reported from a phone, relayed by the county, checked, confirmed in the
commitment; reading changes nothing and odd addresses are answered in words."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.commitments.models import Commitment
from anlan.apps.commitments.selectors import of_day
from anlan.apps.org.models import Role
from anlan.apps.permits.models import DayReport, SpecialWork
from anlan.apps.unitstates.models import UnitState
from anlan.rules.calendar import CIVIL_ZONE, civil, civil_day, midnight

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    found = neighbours.build(clock.now(), warn=False)
    Grant.objects.filter(user=found.users["holder"]).update(role=Role.SAFETY_OFFICER)
    return found


@pytest.fixture
def holder(world: World) -> Client:
    return world.client("holder")


@pytest.fixture
def county(world: World) -> Client:
    return world.client("county")


def empty(world: World) -> Any:
    """The enterprise of the holder, without any work and report."""
    DayReport.objects.by_the_machine().all().delete()
    SpecialWork.objects.by_the_machine().all().delete()
    return world.plants["a1"].enterprise


def lately() -> datetime:
    """A few minutes ago, today."""
    now = clock.now()
    return max(midnight(civil_day(now)), now - timedelta(minutes=5))


def typed(**more: Any) -> dict[str, Any]:
    begins = civil(lately())
    return {
        "kind": "lifting", "grade": "second", "content": "管束吊装", "place": "合成装置二层", "persons": "5",
        "begins_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{begins + timedelta(hours=3):%Y-%m-%dT%H:%M}",
    } | more  # fmt: skip


def picture() -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(content, "PNG")
    return SimpleUploadedFile("群消息.png", content.getvalue(), "image/png")


def test_a_work_is_put_on_record_in_a_workshop_and_what_is_wrong_is_said_beside_its_field(
    world: World, holder: Client
) -> None:  # fmt: skip
    enterprise = empty(world)
    here = f"/special-work/{enterprise.code}/"
    answer = holder.post(f"{here}add/", typed(persons="0"))
    assert answer.status_code == 422
    assert "不在1～1000之内" in answer.content.decode()
    answer = holder.post(f"{here}add/", typed(unit=str(world.plants["a1"].work_unit.pk)), follow=True)
    assert "已登记" in answer.content.decode()
    work = SpecialWork.objects.by_the_machine().get()
    assert (work.unit, work.get_entry_display()) == (world.plants["a1"].work_unit, "补录")
    assert holder.post(f"{here}add/", typed(unit=str(world.plants["b1"].work_unit.pk))).status_code == 422


def test_none_is_reported_once_and_offered_only_while_nothing_is_on_record(world: World, holder: Client) -> None:
    enterprise = empty(world)
    here = f"/special-work/{enterprise.code}/"
    assert "今日无特殊作业" in holder.get(here).content.decode()
    assert holder.post(f"{here}none/").status_code == 302
    report = DayReport.objects.by_the_machine().get()
    assert (report.nothing, report.day) == (True, civil_day(clock.now()))
    page = holder.get(here).content.decode()
    assert "报“无”：今日无特殊作业" in page
    assert f"{here}none/" not in page


@pytest.mark.req("PTW-04")
def test_the_county_relays_what_was_told_in_the_group_with_its_picture(world: World, county: Client) -> None:
    """Proxy entry with channel 微信群, reporter, time, picture; counts as reported."""
    enterprise = empty(world)
    here = f"/special-work/{enterprise.code}/"
    told = {"reporter": "示例甲", "reported_at": f"{civil(lately()):%Y-%m-%dT%H:%M}"}
    answer = county.post(f"{here}relay-none/", told)
    assert answer.status_code == 422
    assert "请附上群里报告的图片" in answer.content.decode()
    assert county.post(f"{here}relay-none/", {**told, "files": picture()}).status_code == 302
    report = DayReport.objects.by_the_machine().get()
    assert (report.get_channel_display(), report.reporter, report.nothing) == ("微信群", "示例甲", True)
    page = county.get(f"/special-work/days/{report.pk}/").content.decode()
    assert "群消息.png" in page
    assert county.post(f"{here}relay-add/", {**typed(), **told, "files": picture()}).status_code == 302
    work = SpecialWork.objects.by_the_machine().get()
    page = county.get(f"/special-work/works/{work.pk}/").content.decode()
    assert "微信群" in page
    assert "群消息.png" in page


@pytest.mark.req("PTW-10")
def test_the_daily_check_is_a_list_and_a_to_do_and_the_answer_comes_back(
    world: World, county: Client, holder: Client
) -> None:  # fmt: skip
    """Daily check task lists all reports; checked/queried state."""
    report = world.plants["a1"].special_report
    assert holder.post(f"/special-work/{report.enterprise.code}/add/", typed()).status_code == 302
    here = f"/special-work/days/{report.pk}/"
    assert here in county.get("/todo/").content.decode()
    page = county.get("/special-work/?check=reported").content.decode()
    assert here in page
    assert county.get("/special-work/").content.decode().count("data-href") == 2
    assert county.post(f"{here}query/", {"text": "人数与视频不符"}).status_code == 302
    assert here in holder.get("/todo/").content.decode()
    assert holder.post(f"{here}answer/", {"text": "换班，共五人"}).status_code == 302
    assert county.post(f"{here}check/", {"text": ""}).status_code == 302
    report.refresh_from_db()
    assert (report.state, report.decided_by, report.note) == ("checked", "示例county值", "")


@pytest.mark.req("PTW-12")
def test_the_form_of_the_commitment_proposes_and_a_person_confirms_what_they_saw(world: World, holder: Client) -> None:
    """Commitment form proposes today's counts from permits; user confirms."""
    enterprise = world.plants["a1"].enterprise
    here = f"/commitments/{enterprise.code}/"
    page = holder.get(here)
    assert "核对后确认拟填" in page.content.decode()
    sent = page.context["proposed"]
    row = of_day(enterprise, civil_day(clock.now()))
    assert row.held["fire_first"] is None
    assert holder.post(f"{here}propose/", {"seen": row.seq, "proposed": sent, "units": "3"}).status_code == 302
    row = Commitment.objects.by_the_machine().get(enterprise=enterprise)
    assert (row.held["fire_first"], row.held["height"], row.held["stopping"], row.held["units"]) == (1, 0, 1, 3)
    assert (row.version, row.held["in_start_or_stop"]) == (0, True)
    assert "核对后确认拟填" not in holder.get(here).content.decode()


@pytest.mark.parametrize("sent", ["", "x", "[]", "{}", '{"fire_first": "9"}', '{"fire_first": 1'])
def test_what_was_not_shown_is_not_confirmed(world: World, holder: Client, sent: str) -> None:
    enterprise = world.plants["a1"].enterprise
    seq = of_day(enterprise, civil_day(clock.now())).seq
    answer = holder.post(f"/commitments/{enterprise.code}/propose/", {"seen": seq, "proposed": sent})
    assert answer.status_code == 422
    assert "请核对新的拟填值" in answer.content.decode()
    assert of_day(enterprise, civil_day(clock.now())).held["fire_first"] is None


def test_a_unit_is_declared_and_completed_and_those_above_see_it(world: World, holder: Client, county: Client) -> None:
    plant = world.plants["a1"]
    begins = civil(clock.now()).replace(hour=0, minute=0, second=0, tzinfo=CIVIL_ZONE)
    form = {"unit": f"workshop:{plant.work_unit.pk}", "change": "start", "begins_at": f"{begins:%Y-%m-%dT%H:%M}"}
    here = f"/unit-states/new/?enterprise={plant.enterprise.code}"
    assert holder.post(here, {**form, "unit": ""}).status_code == 422
    assert holder.post(here, form).status_code == 302
    row = UnitState.objects.by_the_machine().get(change="start")
    page = county.get("/unit-states/?change=start").content.decode()
    assert "今日装置开停车：3（a1车间、a1车间、a2车间）" in page
    assert str(row.unit_name) in page
    assert "a1车间" not in world.client("stranger").get("/unit-states/").content.decode()
    assert holder.post(f"/unit-states/{row.pk}/complete/", {"ended_at": ""}).status_code == 302
    row.refresh_from_db()
    assert row.state == "done"


@pytest.mark.parametrize(
    "query",
    [
        "?state=x&check=x&from=x&sort=x&page=x",
        "?check=queried&state=missing&q=%25&page=99999",
        "?sort=-check&format=xlsx",
    ],
)
@pytest.mark.parametrize("path", ["/special-work/", "/special-work/works/", "/unit-states/", "/commitments/weeks/"])
def test_odd_addresses_are_answered_and_reading_changes_nothing(
    world: World, county: Client, path: str, query: str
) -> None:  # fmt: skip
    before = (SpecialWork.objects.by_the_machine().count(), DayReport.objects.by_the_machine().count())
    assert county.get(path + query).status_code == 200
    assert county.get(f"/special-work/{world.plants['a1'].enterprise.code}/{'x' * 50}/").status_code == 404
    assert county.get("/special-work/999999999/").status_code == 404
    assert (SpecialWork.objects.by_the_machine().count(), DayReport.objects.by_the_machine().count()) == before


@pytest.mark.req("COM-06")
def test_the_week_is_a_list_whose_rows_open_the_days(world: World, county: Client) -> None:
    """Weekly on-time count, here of the one day that has come to its hour."""
    page = county.get("/commitments/weeks/").content.decode()
    assert "1/1" in page
    assert f"enterprise={world.plants['a1'].enterprise.code}" in page
    assert "1/1" in county.get("/commitments/weeks/?week=1999-01-04").content.decode()  # not offered: this week
