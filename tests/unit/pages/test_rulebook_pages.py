"""The rulebook's pages, API and command: what counts where and when, and changing it in two steps."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.test import Client
from tests import neighbours
from tests.hats import machine
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.journal.models import Entry
from anlan.apps.org.access import REFUSED
from anlan.apps.rulebook import services
from anlan.apps.rulebook.models import Refinement
from anlan.rules.calendar import civil_day
from anlan.rules.rulebook import Override
from anlan.verbs.rules import main

pytestmark = pytest.mark.django_db
QUOTA = "spot_check.county.daily"
DOCUMENT = "县局〔2024〕示例3号"


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def world(now: datetime) -> World:
    return neighbours.build(now, warn=False)


@pytest.fixture
def tomorrow(now: datetime) -> date:
    return civil_day(now) + timedelta(days=1)


@pytest.fixture
def admin(world: World) -> Client:
    """The administrator of county-a."""
    return as_admin(world, "county")


def as_admin(world: World, who: str) -> Client:
    Grant.objects.filter(user=world.users[who]).update(role="admin")
    return world.client(who)


def fields(day: date, value: Any = 7, **more: Any) -> dict[str, Any]:
    return {"value": value, "effective_from": day.isoformat(), "document": DOCUMENT} | more


def values(client: Client, query: str = "") -> dict[str, str]:
    """Key to value as the list shows them."""
    laws = client.get(f"/rulebook/?{query}").context["laws"]
    return {row.entry.key: row.entry.value_text for _law, rows in laws for row in rows}


@pytest.mark.req("GEN-04")
def test_a_county_s_admin_is_refused_four_and_enters_seven_in_two_steps(admin: Client, tomorrow: date) -> None:
    url = f"/rulebook/{QUOTA}/change/?at=county-a"
    refused = admin.post(url, fields(tomorrow, 4))
    assert refused.status_code == 422
    assert "不得小于 5 家（分级巡查抽查管理办法 第十一条）" in refused.content.decode()
    shown = admin.post(url, fields(tomorrow, 7))
    assert shown.status_code == 200
    assert (shown.context["before"].value, shown.context["after"].value) == (5, 7)
    assert shown.context["enterprises"] == 2
    assert not Refinement.objects.by_the_machine().exists()  # nothing is entered before it is confirmed
    done = admin.post(url, dict(shown.context["posted"]) | {"confirm": "1"})
    assert done.status_code == 302
    row = Refinement.objects.by_the_machine().get()
    assert (row.value, row.effective_from, row.document) == (7, tomorrow, DOCUMENT)
    assert row.entered_by == "示例county值（示例county-a局）"
    entry = Entry.objects.get(chain__key="agency:county-a", act="rule_refined")
    assert (entry.actor, entry.after["value"]) == ("person:officer-county", 7)
    # what is computed for an earlier day, page, workbook, API and command alike, keeps the earlier version
    today = (tomorrow - timedelta(days=1)).isoformat()
    for day, value in ((today, "5 家"), (tomorrow.isoformat(), "7 家")):
        assert values(admin, f"at=county-a&on={day}")[QUOTA] == value
        assert workbook(admin, f"at=county-a&on={day}")[QUOTA]["取值"] == value
        assert f'<div class="val big">{value}</div>' in admin.get(f"/rulebook/{QUOTA}/?on={day}").content.decode()
        found = admin.get(f"/api/v1/rules?at=county-a&on={day}").json()["items"]
        assert {item["key"]: item["value_text"] for item in found}[QUOTA] == value


def workbook(client: Client, query: str) -> dict[str, dict[str, Any]]:
    """Rows of the workbook by key, each by the column's heading."""
    response = client.get(f"/rulebook/?{query}&format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(response.content), read_only=True).worksheets[0]
    heads, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    return {row[heads.index("键")]: dict(zip(heads, row, strict=True)) for row in rows}


@pytest.mark.req("GEN-10")
def test_vague_words_are_shown_and_exported_as_local_settings(world: World) -> None:
    client = world.client("county")
    page = client.get("/rulebook/?q=限期整改").content.decode()
    assert "本地设定" in page
    found = workbook(client, "")
    for key, value in (("finding_limit_immediate_hours", "24 小时"), ("finding_limit_measures_days", "15 日")):
        assert values(client)[key] == value
        assert (found[key]["取值"], found[key]["性质"], found[key]["条文"]) == (value, "本地设定", None)


def test_the_list_stands_by_regulation_and_article_with_words_of_our_own(world: World) -> None:
    response = world.client("county").get("/rulebook/")
    laws = [law for law, _rows in response.context["laws"]]
    assert laws[0] == "预警信息处置管理办法"
    assert laws[-1] == "本地设定"
    page = response.content.decode()
    for words in ("第十二条", "红色预警降级前的推送间隔", "30 分钟", "日期未存", "按这个间隔反复发，直到降级为止"):
        assert words in page


def test_the_model_that_grades_is_shown_as_a_local_setting_with_the_times_in_force(
    world: World, tomorrow: date
) -> None:
    agency = world.agencies["county-a"]
    services.refine(agency, Override("toxic_red_minutes", 5, agency.code, tomorrow), by=machine(agency), at=clock.now())
    client = world.client("county")
    minutes = {}
    for day in ("", tomorrow.isoformat()):
        model = client.get(f"/rulebook/?on={day}").context["model"]
        assert model.source == "本地设定"
        minutes[day] = {rule.id: rule.minutes for rule in model.rules}
    assert minutes[""]["toxic_lasting"] == 10
    assert minutes[tomorrow.isoformat()]["toxic_lasting"] == 5
    assert minutes[""]["limit_crossed"] is None
    assert "单个有毒气体高高报持续超过规定时长" in client.get("/rulebook/").content.decode()


@pytest.mark.parametrize(
    ("query", "key", "others"),
    [
        ("q=抽查企业数 县级", QUOTA, 1),
        ("flag=地方细化", "flap_guard_minutes", 0),
        ("law=信息通报制度", "bulletin.top_places", 3),
    ],
)
def test_search_and_filters_narrow_the_list(world: World, query: str, key: str, others: int) -> None:
    found = values(world.client("county"), query)
    assert (key in found) == bool(others)
    assert len(found) == others


def test_a_bad_question_is_told_and_the_usual_answered(world: World) -> None:
    page = world.client("county").get("/rulebook/?at=county-c&on=gestern&flag=x").content.decode()
    assert page.count('class="note quiet"') == 3
    assert "示例county-a局" in page
    assert "示例county-c局" not in page


def test_a_reader_sees_the_own_place_what_stands_above_and_what_is_below(world: World, tomorrow: date) -> None:
    now = clock.now()
    for code, minutes in (("province", 5), ("city-1", 10), ("county-b", 20)):
        services.refine(
            world.agencies[code],
            Override("flap_guard_minutes", minutes, world.agencies[code].code, tomorrow),
            by=machine(world.agencies[code]),
            at=now,
        )
    day = tomorrow.isoformat()
    seen = {
        ("county", ""): "10 分钟", ("county", "province"): "5 分钟", ("county", "county-b"): "10 分钟",
        ("holder", ""): "10 分钟", ("holder", "city-1"): "10 分钟", ("city", "county-b"): "20 分钟",
        ("stranger", ""): "20 分钟",
    }  # fmt: skip
    for (who, at), value in seen.items():
        assert values(world.client(who), f"at={at}&on={day}")["flap_guard_minutes"] == value, (who, at)
    assert world.client("county").get("/api/v1/rules?at=county-b").status_code == 404


def test_the_history_says_who_entered_what_and_what_no_longer_stands(
    world: World, admin: Client, tomorrow: date
) -> None:
    now = clock.now()
    later = tomorrow + timedelta(days=30)
    for code, value, day in (("county-a", 7, tomorrow), ("city-1", 9, later)):
        services.refine(
            world.agencies[code],
            Override(QUOTA, value, world.agencies[code].code, day, document="甲"),
            by=machine(world.agencies[code]),
            at=now,
        )
    before = admin.get(f"/rulebook/{QUOTA}/?on={tomorrow}").context["versions"]
    assert [(line.where, line.value, line.state) for line in before] == [
        ("规定", "5 家", "现行"), ("示例county-a局", "7 家", "生效"), ("示例city-1局", "9 家", "尚未生效"),
    ]  # fmt: skip
    after = admin.get(f"/rulebook/{QUOTA}/?on={later}").context["versions"]
    assert "不得小于 9 家" in after[1].state
    assert [line.counts for line in after] == [True, False, True]
    assert "已定" in admin.get("/rulebook/").content.decode()


def test_a_city_s_change_names_what_falls_and_what_stands_below(world: World, tomorrow: date) -> None:
    for code, value in (("county-a", 7), ("county-b", 12)):
        services.refine(
            world.agencies[code],
            Override(QUOTA, value, world.agencies[code].code, tomorrow, document="甲"),
            by=machine(world.agencies[code]),
            at=clock.now(),
        )
    city = as_admin(world, "city")
    shown = city.post(f"/rulebook/{QUOTA}/change/?at=city-1", fields(tomorrow, 9))
    assert [row.agency.code for row in shown.context["overtaken"]] == ["county-a"]
    assert [row.agency.code for row in shown.context["standing"]] == ["county-b"]
    # the city administers its counties, too
    assert city.post(f"/rulebook/{QUOTA}/change/?at=county-a", fields(tomorrow, 8)).status_code == 200


def test_an_own_value_is_taken_back(world: World, admin: Client, tomorrow: date) -> None:
    url = "/rulebook/flap_guard_minutes/change/?at=county-a"
    assert "收回本级取值" not in admin.get("/rulebook/flap_guard_minutes/").content.decode()
    admin.post(url, fields(tomorrow, 10, confirm="1"))
    assert "收回本级取值" in admin.get("/rulebook/flap_guard_minutes/").content.decode()
    later = tomorrow + timedelta(days=1)
    shown = admin.post(url, fields(later, withdraw="1"))
    assert (shown.context["before"].value, shown.context["after"].value) == (10, 0)
    assert admin.post(url, dict(shown.context["posted"]) | {"withdraw": "1", "confirm": "1"}).status_code == 302
    assert values(admin, f"on={later}")["flap_guard_minutes"] == "0 分钟"


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("cp_slot", "park_first", "park_first"),
        ("blue_to_cp", "true", True),
        ("commitment.before", "09:30", "09:30"),
        ("spot_check.must_levels", ["red", "orange", "yellow"], ["red", "orange", "yellow"]),
    ],
)
def test_every_kind_of_number_has_its_field(admin: Client, tomorrow: date, key: str, value: Any, stored: Any) -> None:
    response = admin.post(f"/rulebook/{key}/change/?at=county-a", fields(tomorrow, value, confirm="1"))
    assert response.status_code == 302
    assert Refinement.objects.by_the_machine().get().value == stored


@pytest.mark.parametrize(
    ("key", "changes", "words"),
    [
        (QUOTA, {"effective_from": ""}, "这一项不能空着"),
        (QUOTA, {"effective_from": "2020-01-01"}, "最早为明日"),
        (QUOTA, {"document": ""}, "须注明依据文件"),
        (QUOTA, {"value": ""}, "这一项不能空着"),
        ("flap_guard_minutes", {"value": "61"}, "不得大于 60 分钟"),
        ("spot_check.must_levels", {"value": ["red"]}, "不得少于"),
    ],
)
def test_what_cannot_stand_comes_back_with_its_reason(
    admin: Client, tomorrow: date, key: str, changes: dict[str, Any], words: str
) -> None:
    response = admin.post(f"/rulebook/{key}/change/?at=county-a", fields(tomorrow) | changes | {"confirm": "1"})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Refinement.objects.by_the_machine().exists()


@pytest.mark.parametrize("key", ["warning.red.recipients", "future_tolerance_seconds"])
def test_what_nobody_may_move_has_no_form(admin: Client, tomorrow: date, key: str) -> None:
    assert admin.get(f"/rulebook/{key}/").context["form"] is None
    assert admin.post(f"/rulebook/{key}/change/", fields(tomorrow, confirm="1")).status_code == 422


def test_only_an_admin_of_the_place_or_above_changes_it(world: World, admin: Client, tomorrow: date) -> None:
    url = f"/rulebook/{QUOTA}/change/"
    for client, at in ((world.client("city"), "county-a"), (world.client("holder"), "county-a"), (admin, "city-1")):
        response = client.post(f"{url}?at={at}", fields(tomorrow, confirm="1"))
        assert response.status_code == 403
        assert Entry.objects.filter(chain__key=f"agency:{at}", act=REFUSED).last().after["path"] == url
        assert client.get(f"/rulebook/{QUOTA}/?at={at}").context["form"] is None
    assert not Refinement.objects.by_the_machine().exists()
    # a place out of sight is answered by the reader's own place, never by the foreign one
    as_admin(world, "stranger").post(f"{url}?at=county-a", fields(tomorrow, confirm="1"))
    assert [row.agency.code for row in Refinement.objects.by_the_machine()] != ["county-a"]


def test_reading_the_address_of_a_change_changes_nothing(admin: Client) -> None:
    assert admin.get(f"/rulebook/{QUOTA}/change/").status_code == 302
    assert admin.get("/rulebook/no.such/").status_code == 404


def test_the_api_names_article_flag_validity_and_locality(world: World, tomorrow: date) -> None:
    agency = world.agencies["county-a"]
    services.refine(
        agency, Override(QUOTA, 7, agency.code, tomorrow, document=DOCUMENT), by=machine(agency), at=clock.now()
    )
    client = world.client("county")
    answer = client.get(f"/api/v1/rules?on={tomorrow}&q={QUOTA}").json()
    assert (answer["at"], answer["on"]) == ("county-a", tomorrow.isoformat())
    [item] = answer["items"]
    assert (item["value"], item["shipped"], item["flag"], item["locality"]) == (7, 5, "地方细化", "county-a")
    assert (item["document"], item["article"]) == ("分级巡查抽查管理办法", "第十一条")
    assert item["valid_from"] == tomorrow.isoformat()
    local = client.get("/api/v1/rules?flag=本地设定").json()["items"]
    assert local
    assert all(item["article"] is None and item["kind"] == "local_setting" for item in local)
    assert client.get("/api/v1/rules?on=gestern").status_code == 422


def test_the_command_prints_what_counts(world: World, tomorrow: date, capsys: pytest.CaptureFixture[str]) -> None:
    agency = world.agencies["county-a"]
    services.refine(
        agency, Override(QUOTA, 7, agency.code, tomorrow, document=DOCUMENT), by=machine(agency), at=clock.now()
    )
    assert main(["--on", tomorrow.isoformat(), "--locality", "county-a", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {item["key"]: item["value"] for item in answer["items"]}[QUOTA] == 7
    assert main(["--on", tomorrow.isoformat()]) == 0
    assert f"规定  {QUOTA}  县级每日抽查企业数：5 家（分级巡查抽查管理办法 第十一条）" in capsys.readouterr().out
    assert main(["--locality", "nowhere"]) == 2
    assert main(["--on", "gestern"]) == 2
    assert "不是日期" in capsys.readouterr().err


def test_a_place_above_is_read_where_the_database_has_no_agency_at_all(client: Client, db: None) -> None:
    from anlan.apps.accounts.models import User

    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")
    response = client.get("/rulebook/")
    assert response.status_code == 200
    assert response.context["asked"].place.agency is None
    assert client.get(f"/rulebook/{QUOTA}/").context["form"] is None


def test_the_hint_beside_clearing_speaks_in_the_numbers_of_the_place(now: datetime) -> None:
    world = neighbours.build(now - timedelta(days=2))
    county = world.agencies["county-a"]
    path = f"/warnings/{world.plants['a1'].warning.number}/"
    shipped = "消警后 60 分钟（1 小时）内须上报处置报告（第九条）；未经确认的自动确认并标注（本地设定）"
    assert shipped in world.client("holder").get(path).content.decode()
    for key, value in (("warning.report.minutes", 30), ("clear_unconfirmed", "refuse")):
        services.refine(
            county,
            Override(key, value, county.code, civil_day(now), document="甲"),
            by=machine(county),
            at=now - timedelta(days=2),
        )
    refined = "消警后 30 分钟内须上报处置报告（第九条，地方细化：甲）；未经确认的不予消警（本地设定（甲））"
    assert refined in world.client("holder").get(path).content.decode()
