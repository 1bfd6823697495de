"""Every address, opened by four people and by nobody: each sees their own and not a word of anybody else's.

The table `ADDRESSES` must name every address of the site; one that is missing fails the first test, so that a new page
cannot be forgotten here. A refused attempt leaves an entry in the owner's journal.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver
from tests import neighbours
from tests.neighbours import PEOPLE, SEES, Plant, World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, Filing, Shelving, SuppressionRule
from anlan.apps.delivery.models import Message
from anlan.apps.files.models import Attachment
from anlan.apps.findings.models import Finding
from anlan.apps.gateways import kinds
from anlan.apps.journal.models import Entry
from anlan.apps.org.access import REFUSED
from anlan.apps.org.actor import of_user
from anlan.apps.warnings.models import Act, Confirmation, Warning

pytestmark = pytest.mark.django_db


def finding_of(plant: Plant) -> Finding:
    """The plant's finding of a lost link."""
    found: Finding = Finding.objects.by_the_machine().get(enterprise=plant.enterprise, kind=kinds.LINK_LOST)
    return found


def told_of(plant: Plant) -> Message:
    """A message about the plant's warning."""
    found = Message.objects.by_the_machine().filter(notice__subject=plant.warning.subject).first()
    assert found is not None
    return found


@dataclass(frozen=True)
class Address:
    """How one address is opened. ``of`` builds the path for a plant when it shows one record, else ``path`` is it."""

    path: str = ""
    of: Callable[[Plant], str] | None = None
    post: Callable[[Plant], dict[str, Any]] | None = None
    """Form of an act on the plant's record; the address is then tried by POST."""
    workbook: bool = False
    fragment: bool = False
    open_to_all: bool = False
    may_be_silent: bool = False
    """The answer names the record only when the engine is there, or goes elsewhere when nothing is owed."""


ADDRESSES: dict[str, Address] = {
    "login": Address("/login/", open_to_all=True),
    "logout": Address("/logout/", open_to_all=True),
    "overview": Address("/", fragment=True),
    "wall": Address("/wall/", fragment=True),
    "todo": Address("/todo/", fragment=True),
    "todo-read": Address(of=lambda plant: f"/todo/read/{told_of(plant).pk}/", post=lambda plant: {}),
    "todo-report": Address(of=lambda plant: f"/todo/{plant.warning.number}/report/", may_be_silent=True),
    "search": Address("/search/?q=厂"),
    "warnings": Address("/warnings/", workbook=True, fragment=True),
    "warning": Address(of=lambda plant: f"/warnings/{plant.warning.number}/"),
    "warning-read": Address(of=lambda plant: f"/warnings/{plant.warning.number}/read/", post=lambda plant: {}),
    "neglected": Address("/warnings/neglected/?fault=long"),
    "warning-act": Address(
        of=lambda plant: f"/warnings/{plant.warning.number}/confirm/", post=lambda plant: {"text": "已到现场"}
    ),
    "alarms": Address("/alarms/", workbook=True, fragment=True),
    "alarms-acknowledge": Address(
        of=lambda plant: "/alarms/acknowledge/", post=lambda plant: {"alarm": [plant.alarm.pk]}
    ),
    "alarms-acknowledge-all": Address("/alarms/acknowledge/all/", open_to_all=False, may_be_silent=True),
    "shelve": Address(of=lambda plant: "/alarms/shelve/", post=lambda plant: {"alarm": [plant.alarm.pk]}),
    "shelvings": Address("/alarms/shelvings/", workbook=True, fragment=True),
    "shelving": Address(of=lambda plant: f"/alarms/shelvings/{plant.shelving.pk}/"),
    "shelving-act": Address(
        of=lambda plant: f"/alarms/shelvings/{plant.shelving.pk}/approve/", post=lambda plant: {"text": "同意"}
    ),
    "filings": Address("/alarms/filings/", workbook=True, fragment=True),
    "filing-new": Address("/alarms/filings/new/"),
    "filing": Address(of=lambda plant: f"/alarms/filings/{plant.filing.pk}/"),
    "filing-act": Address(
        of=lambda plant: f"/alarms/filings/{plant.filing.pk}/confirm/", post=lambda plant: {"text": "同意"}
    ),
    "suppressions": Address("/alarms/suppressions/", workbook=True, fragment=True),
    "suppression-new": Address("/alarms/suppressions/new/"),
    "suppression": Address(of=lambda plant: f"/alarms/suppressions/{plant.suppression.pk}/"),
    "suppression-act": Address(
        of=lambda plant: f"/alarms/suppressions/{plant.suppression.pk}/approve/", post=lambda plant: {"text": "同意"}
    ),
    "performance": Address("/alarms/performance/"),
    "enterprises": Address("/enterprises/", workbook=True, fragment=True),
    "enterprise": Address(of=lambda plant: f"/enterprises/{plant.enterprise.code}/", fragment=True),
    "points": Address("/points/", workbook=True, fragment=True),
    "retrospectives": Address("/alarms/late/", workbook=True),
    "points-trends": Address("/points/trends/"),
    "quality": Address("/quality/", workbook=True, fragment=True),
    "quality-of": Address(of=lambda plant: f"/quality/{plant.enterprise.code}/"),
    "revisions": Address("/changes/history/", workbook=True, fragment=True),
    "changes": Address("/changes/", workbook=True, fragment=True),
    "change": Address(of=lambda plant: f"/changes/{plant.change.pk}/"),
    "change-act": Address(of=lambda plant: f"/changes/{plant.change.pk}/approve/", post=lambda plant: {"text": "同意"}),
    "identifications": Address("/identifications/", workbook=True, fragment=True),
    "identification-new": Address("/identifications/new/"),
    "identification": Address(of=lambda plant: f"/identifications/{plant.identification.pk}/"),
    "identification-act": Address(
        of=lambda plant: f"/identifications/{plant.identification.pk}/confirm/", post=lambda plant: {"text": "同意"}
    ),
    "point-limits": Address(
        of=lambda plant: f"/points/{plant.point.code}/limits/", post=lambda plant: {"hh": "99", "reason": "复核"}
    ),
    "point": Address(of=lambda plant: f"/points/{plant.point.code}/", fragment=True),
    "operations": Address("/operations/", fragment=True),
    "alive": Address("/alive", open_to_all=True),
    "gateways": Address("/operations/gateways/", workbook=True, fragment=True),
    "outages": Address("/operations/outages/", workbook=True, fragment=True),
    "clocks": Address("/operations/clocks/", workbook=True, fragment=True),
    "channels": Address("/operations/channels/", fragment=True),
    "channels-act": Address("/operations/channels/enable/"),
    "calls": Address("/calls/"),
    "home": Address("/home/"),
    "way": Address("/operations/way/", fragment=True),
    "way-act": Address("/operations/way/start/"),
    "my-contacts": Address("/me/contacts/"),
    "demo-phone": Address("/demo/phone/"),
    "my-contacts-act": Address("/me/contacts/add/"),
    "gaps": Address("/operations/gaps/", workbook=True, fragment=True),
    "pauses": Address("/operations/pauses/", workbook=True, fragment=True),
    "pause-lift": Address(
        of=lambda plant: f"/operations/pauses/{plant.enterprise.suspensions.get().pk}/lift/", post=lambda plant: {}
    ),
    "quarantine": Address("/operations/quarantine/", workbook=True, fragment=True),
    "findings": Address("/findings/", workbook=True, fragment=True),
    "clues": Address("/clues/", fragment=True),
    "clue": Address("/clues/1/"),
    "finding": Address(of=lambda plant: f"/findings/{finding_of(plant).pk}/"),
    "finding-act": Address(
        of=lambda plant: f"/findings/{finding_of(plant).pk}/rectify/", post=lambda plant: {"text": "已修复"}
    ),
    "theme": Address("/theme/"),
    "commitments": Address("/commitments/", workbook=True, fragment=True),
    "commitment-weeks": Address("/commitments/weeks/", workbook=True, fragment=True),
    "watched": Address("/commitments/watched/", workbook=True, fragment=True),
    "commitment": Address(of=lambda plant: f"/commitments/day/{plant.commitment.pk}/"),
    "commitment-today": Address(of=lambda plant: f"/commitments/{plant.enterprise.code}/"),
    "commitment-today-act": Address(
        of=lambda plant: f"/commitments/{plant.enterprise.code}/enter/", post=lambda plant: {"units": "2"}
    ),
    "work-unit": Address(of=lambda plant: f"/commitments/unit/{plant.work_unit.pk}/"),
    "work-unit-act": Address(
        of=lambda plant: f"/commitments/unit/{plant.work_unit.pk}/assess/",
        post=lambda plant: {"risk": "low", "risks": "无", "measures": "无"},
    ),
    "commitment-board": Address("/board/990000000/", open_to_all=True),
    "special-work": Address("/special-work/", workbook=True, fragment=True),
    "special-works": Address("/special-work/works/", workbook=True, fragment=True),
    "special-today": Address(of=lambda plant: f"/special-work/{plant.enterprise.code}/"),
    "special-today-act": Address(
        of=lambda plant: f"/special-work/{plant.enterprise.code}/add/", post=lambda plant: {"content": "x"}
    ),
    "special_work": Address(of=lambda plant: f"/special-work/works/{plant.special_work.pk}/"),
    "special_work-act": Address(
        of=lambda plant: f"/special-work/works/{plant.special_work.pk}/end/", post=lambda plant: {"text": "做完了"}
    ),
    "special_work_day": Address(of=lambda plant: f"/special-work/days/{plant.special_report.pk}/"),
    "special_work_day-act": Address(
        of=lambda plant: f"/special-work/days/{plant.special_report.pk}/check/", post=lambda plant: {"text": "相符"}
    ),
    "unit-states": Address("/unit-states/", workbook=True, fragment=True),
    "unit-state-new": Address("/unit-states/new/"),
    "unit-state": Address(of=lambda plant: f"/unit-states/{plant.unit_state.pk}/"),
    "unit-state-act": Address(
        of=lambda plant: f"/unit-states/{plant.unit_state.pk}/complete/", post=lambda plant: {"ended_at": ""}
    ),
    "ledgers": Address("/ledgers/"),
    "entries": Address("/ledgers/monitoring_equipment/", workbook=True, fragment=True),
    "entry-new": Address("/ledgers/monitoring_equipment/new/"),
    "entry": Address(of=lambda plant: f"/ledgers/entries/{plant.entry.pk}/", may_be_silent=True),
    "ledger-entry": Address(of=lambda plant: f"/ledgers/monitoring_equipment/{plant.entry.pk}/"),
    "ledger-entry-act": Address(
        of=lambda plant: f"/ledgers/monitoring_equipment/{plant.entry.pk}/fault/", post=lambda plant: {"text": "无显示"}
    ),
    "file": Address(of=lambda plant: f"/files/{plant.file.pk}/"),
    "file-content": Address(of=lambda plant: f"/files/{plant.file.pk}/content/"),
    "file-act": Address(of=lambda plant: f"/files/{plant.file.pk}/withdraw/", post=lambda plant: {"text": "交错了"}),
    "statistics": Address("/statistics/"),
    "statistics-facts": Address("/statistics/larger_warnings/", workbook=True),
    "register": Address("/register/"),
    "register-template": Address("/register/template/"),
    "register-export": Address("/register/export/"),
    "register-key": Address("/register/key/"),
    "register-handed": Address("/register/1/"),
    "password": Address("/password/"),
    "drills": Address("/drills/"),
    "external": Address("/external/", fragment=True),
    "external-refused": Address("/external/refused/", fragment=True),
    "external-alert": Address("/external/1/"),
    "cap": Address("/api/v1/cap/", open_to_all=True),
    "receipts": Address("/api/v1/receipts/sms/", open_to_all=True),
    "drill": Address("/drills/01-yellow-day-and-night/"),
    "drill-upload": Address("/drills/upload/"),
    "drill-run": Address("/drills/runs/1/"),
    "rulebook": Address("/rulebook/", fragment=True),
    "rule": Address("/rulebook/spot_check.county.daily/"),
    "rule-change": Address("/rulebook/spot_check.county.daily/change/"),
    "api-1:openapi-json": Address("/api/v1/openapi.json"),
    "api-1:openapi-view": Address("/api/v1/docs"),
    "api-1:api-root": Address("/api/v1/"),
    "api-1:enterprises": Address("/api/v1/enterprises"),
    "api-1:rules": Address("/api/v1/rules"),
    "api-1:alarms": Address("/api/v1/alarms"),
    "api-1:warnings": Address("/api/v1/warnings"),
    "api-1:ledgers": Address("/api/v1/ledgers"),
    "api-1:entries": Address("/api/v1/ledgers/monitoring_equipment"),
    "api-1:metrics": Address("/api/v1/metrics?by=enterprise"),
    "api-1:warning": Address(of=lambda plant: f"/api/v1/warnings/{plant.warning.number}"),
    "api-1:trend": Address(of=lambda plant: f"/api/v1/points/{plant.point.code}/trend"),
    "api-1:samples": Address(of=lambda plant: f"/api/v1/points/{plant.point.code}/samples"),
    "api-1:day_of_history": Address(
        of=lambda plant: f"/api/v1/history/{plant.enterprise.code}/2026-03-01", may_be_silent=True
    ),
    "api-1:trends": Address(of=lambda plant: f"/api/v1/points/trends?points={plant.point.code}"),
    "api-1:statistics": Address(of=lambda plant: f"/api/v1/points/statistics?points={plant.point.code}"),
    "api-1:live": Address(of=lambda plant: f"/api/v1/points/live?points={plant.point.code}", may_be_silent=True),
}
PAGES = {name: each for name, each in ADDRESSES.items() if each.path and not each.open_to_all}
RECORDS = {name: each for name, each in ADDRESSES.items() if each.of and not each.post}
ACTS = {name: each for name, each in ADDRESSES.items() if each.post}


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def existing() -> set[str]:
    """Names of every address of the site; one without a name would be reported as its pattern."""
    return set(_names(get_resolver(), ""))


def _names(resolver: Any, namespace: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern):
            yield namespace + (pattern.name or str(pattern.pattern))


def here(addresses: dict[str, Address]) -> list[str]:
    """The names among ``addresses`` that the site has."""
    return sorted(set(addresses) & existing())


def text_of(response: HttpResponseBase) -> str:
    """Everything that an answer says, also inside a workbook or a table of samples."""
    body = response.content  # type: ignore[attr-defined]
    if "spreadsheet" in response.headers["Content-Type"]:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True)
        return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    if "parquet" in response.headers["Content-Type"]:
        return str(pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist())
    if "json" in response.headers["Content-Type"]:
        return json.dumps(json.loads(body), ensure_ascii=False)
    return body.decode()


def named_in(text: str) -> set[str]:
    """Which of the enterprises a text betrays, by any of their own words or codes."""
    marks = {
        key: [f"示例{key}", f"{key}厂", f"{key}罐", f"PT-{key}", f"{key}网关", code]
        for key, code in neighbours.CODES.items()
    }
    marks["b1"].append("示例county-b局")
    marks["c1"] += ["示例county-c局", "示例city-2局"]
    return {key for key, words in marks.items() if any(word in text for word in words)}


def test_every_address_of_the_site_stands_in_this_table() -> None:
    unknown = existing() - set(ADDRESSES)
    assert not unknown, f"say in ADDRESSES who may open: {sorted(unknown)}"


def test_nothing_opens_without_a_log_in(world: World) -> None:
    nobody = world.client("")
    plant = world.plants["a1"]
    for name in here({**PAGES, **RECORDS, **ACTS}):
        address = ADDRESSES[name]
        path = address.of(plant) if address.of else address.path
        response = nobody.post(path, address.post(plant)) if address.post else nobody.get(path)
        assert response.status_code in (302, 401), name
        if response.status_code == 302:
            assert response.headers["Location"].startswith("/login/"), name
        assert not named_in(text_of(response).replace(path, "")), name
        fragment = nobody.get(path, headers={"HX-Request": "true"})
        assert fragment.status_code in (401, 405), name


@pytest.mark.req("ORG-01")
@pytest.mark.parametrize("who", PEOPLE)
def test_lists_show_the_own_subtree_and_nothing_else(world: World, who: str) -> None:
    client = world.client(who)
    for name in here(PAGES):
        address = PAGES[name]
        shapes = [(address.path, {})]
        if address.fragment:
            shapes.append((address.path, {"HX-Request": "true"}))
        if address.workbook:
            shapes.append((f"{address.path}?format=xlsx", {}))
        for path, headers in shapes:
            response = client.get(path, headers=headers)
            assert response.status_code in (200, 302, 403, 404), (name, path)
            betrayed = named_in(text_of(response))
            assert betrayed <= SEES[who], f"{name} {path}: {who} sees {betrayed - SEES[who]}"
            if address.workbook:
                assert betrayed == SEES[who], f"{name} {path}: {who} misses {SEES[who] - betrayed}"


@pytest.mark.req("ORG-01")
@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("who", PEOPLE)
def test_a_record_opens_inside_the_scope_and_is_refused_and_logged_outside(world: World, who: str) -> None:
    client = world.client(who)
    for name in here(RECORDS):
        address = RECORDS[name]
        assert address.of
        for key, plant in world.plants.items():
            path = address.of(plant)
            before = refusals(plant)
            response = client.get(path)
            if key in SEES[who]:
                expected = (200, 302) if address.may_be_silent else (200,)
                assert response.status_code in expected, (name, who, key)
                betrayed = named_in(text_of(response))
                assert betrayed == {key} or (address.may_be_silent and not betrayed), (name, who, key)
                assert refusals(plant) == before, (name, who, key)
            else:
                assert response.status_code in (403, 404), (name, who, key)
                words = text_of(response).replace(path, "").replace(path.split("?")[0], "")
                assert not named_in(words) - SEES[who], (name, who, key)
                entry = refusals(plant)[-1]
                assert refusals(plant)[:-1] == before, (name, who, key)
                assert entry.actor == of_user(world.users[who]).id
                assert entry.after["path"] == path.split("?")[0]


def test_what_is_foreign_and_what_does_not_exist_are_answered_alike(world: World) -> None:
    client = world.client("county")
    foreign, absent = world.plants["c1"].enterprise.code, "990999999"
    answers = [client.get(f"/enterprises/{code}/") for code in (foreign, absent)]
    words = [text_of(answer).replace(code, "…") for answer, code in zip(answers, (foreign, absent), strict=True)]
    assert answers[0].status_code == answers[1].status_code == 404
    assert without_clock(words[0]) == without_clock(words[1])


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("who", PEOPLE)
def test_an_act_on_a_foreign_record_changes_nothing_and_is_logged(world: World, who: str) -> None:
    client = world.client(who)
    for name in here(ACTS):
        address = ACTS[name]
        assert address.of
        assert address.post
        for key in set(world.plants) - SEES[who]:
            plant = world.plants[key]
            before, logged = state_of(plant), refusals(plant)
            response = client.post(address.of(plant), address.post(plant))
            assert response.status_code in (403, 404), (name, who, key)
            assert state_of(plant) == before, (name, who, key)
            assert len(refusals(plant)) == len(logged) + 1, (name, who, key)


def test_an_alarm_is_acknowledged_by_staff_of_its_enterprise_and_by_nobody_above(world: World) -> None:
    plant = world.plants["a1"]
    for who in ("county", "city"):
        response = world.client(who).post("/alarms/acknowledge/", {"alarm": [plant.alarm.pk]})
        assert response.status_code == 403
        assert Alarm.objects.get(pk=plant.alarm.pk).acknowledged_at is None
        assert refusals(plant)[-1].actor == of_user(world.users[who]).id
    response = world.client("holder").post("/alarms/acknowledge/", {"alarm": [plant.alarm.pk]})
    assert response.status_code == 302
    kept = Alarm.objects.get(pk=plant.alarm.pk)
    assert kept.acknowledged_by == plant.holders["operations"].name
    first = kept.acknowledged_at
    world.client("holder").post("/alarms/acknowledge/", {"alarm": [plant.alarm.pk]})
    assert Alarm.objects.get(pk=plant.alarm.pk).acknowledged_at == first


def test_one_foreign_alarm_among_own_ones_refuses_the_whole_act(world: World) -> None:
    mine, foreign = world.plants["a1"].alarm, world.plants["a2"].alarm
    response = world.client("holder").post("/alarms/acknowledge/", {"alarm": [mine.pk, foreign.pk]})
    assert response.status_code == 404
    assert Alarm.objects.get(pk=mine.pk).acknowledged_at is None


@pytest.mark.parametrize("who", PEOPLE)
def test_a_filter_on_a_foreign_enterprise_finds_nothing(world: World, who: str) -> None:
    client = world.client(who)
    lists = ["/alarms/", "/warnings/"]
    lists += [f"/operations/{name}/" for name in ("gateways", "outages", "clocks", "gaps", "pauses", "quarantine")]
    for key, plant in world.plants.items():
        code = plant.enterprise.code
        for path in lists:
            rows = client.get(f"{path}?enterprise={code}").context["page"]
            assert bool(rows.total) == (key in SEES[who]), (path, who, key)
        found = client.get(f"/api/v1/alarms?enterprise={code}").json()
        assert (found["total"] > 0) == (key in SEES[who])
        searched = client.get(f"/enterprises/?q={code}").context["page"]
        assert searched.total == (1 if key in SEES[who] else 0)


@pytest.mark.parametrize("who", PEOPLE)
def test_counts_are_of_the_own_rows(world: World, who: str) -> None:
    client, mine = world.client(who), len(SEES[who])
    for path in ("/alarms/", "/warnings/", "/enterprises/", "/operations/gateways/", "/operations/quarantine/"):
        assert client.get(path).context["page"].total == mine, path
    for name in ("alarms", "warnings", "enterprises"):
        assert client.get(f"/api/v1/{name}").json()["total"] == mine, name
    shell = client.get("/alarms/").context["shell"]
    assert (shell.open_warnings, shell.uncleared_alarms, shell.enterprises) == (mine, mine, mine)


def test_a_person_without_a_grant_sees_nothing(world: World) -> None:
    world.users["county"].grants.all().delete()  # type: ignore[attr-defined]
    client = world.client("county")
    for path in ("/alarms/", "/enterprises/", "/warnings/"):
        assert client.get(path).context["page"].total == 0
    assert client.get(f"/enterprises/{world.plants['a1'].enterprise.code}/").status_code == 404


@pytest.mark.parametrize(("who", "shown"), [("holder", True), ("county", True), ("city", True), ("viewer", False)])
def test_phones_are_shown_to_those_who_must_ring_up_and_to_nobody_else(world: World, who: str, shown: bool) -> None:
    if who == "viewer":
        world.users["county"].grants.update(role="viewer")  # type: ignore[attr-defined]
        who = "county"
    page = text_of(world.client(who).get(f"/enterprises/{world.plants['a1'].enterprise.code}/"))
    assert ("000-a1-operations" in page) is shown
    assert "示例a1operations" in page


def test_no_list_export_or_api_answer_holds_a_phone_number(world: World) -> None:
    client = world.client("city")
    for name in here(PAGES):
        address = PAGES[name]
        if name in ("todo", "overview"):
            continue
        paths = [address.path, *([f"{address.path}?format=xlsx"] if address.workbook else [])]
        assert not any("000-" in text_of(client.get(path)) for path in paths), name


def refusals(plant: Plant) -> list[Entry]:
    """The refused attempts in the enterprise's journal, oldest first."""
    chain = f"enterprise:{plant.enterprise.code}"
    return list(Entry.objects.filter(chain__key=chain, act=REFUSED).order_by("seq"))


def state_of(plant: Plant) -> Any:
    """Everything that an act could have changed."""
    alarm = Alarm.objects.get(pk=plant.alarm.pk)
    warning = Warning.objects.get(pk=plant.warning.pk)
    return (
        alarm.acknowledged_at,
        warning.level,
        warning.confirmed_at,
        warning.cleared_at,
        Confirmation.objects.filter(warning=warning).count(),
        Act.objects.filter(warning=warning).count(),
        finding_of(plant).state,
        Filing.objects.get(pk=plant.filing.pk).state,
        list(Shelving.objects.filter(enterprise=plant.enterprise).values_list("pk", "state")),
        SuppressionRule.objects.get(pk=plant.suppression.pk).state,
        list(Attachment.objects.filter(enterprise=plant.enterprise).values_list("pk", "withdrawn_at")),
    )


def without_clock(page: str) -> str:
    """The page without what differs from one answer to the next."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken": "[^"]*"', "", page)
    return re.sub(r'data-now="\d+"|\d\d:\d\d:\d\d', "", page)
