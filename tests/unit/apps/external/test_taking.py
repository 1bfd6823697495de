"""Alerts of other systems: taken once, in their chains, seen by their divisions; the rest kept apart."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.unit.apps.external.test_cap import ALERT

from anlan import now as clock
from anlan.apps.accounts.models import Grant, User
from anlan.apps.external import selectors, services
from anlan.apps.external.models import AlertSender, ExternalAlert, RefusedAlert, region_prefix
from anlan.apps.journal.models import Entry
from anlan.apps.org.models import Agency, AgencyLevel, Person, Region, Role
from anlan.apps.org.scope import EVERYTHING, Scope

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 7, 1, 8, 0, tzinfo=UTC)
REFERENCE = "<references>met@city.example,met-140500-0017,2024-07-01T15:00:00+08:00</references>"


@pytest.fixture
def agencies() -> dict[str, Agency]:
    """Two cities of a province with a county each, and the ministry above."""
    made: dict[str, Agency] = {}
    for code, level, parent, region in (
        ("mem", AgencyLevel.MINISTRY, None, None),
        ("province", AgencyLevel.PROVINCE, "mem", "990000"),
        ("city", AgencyLevel.CITY, "province", "990100"),
        ("county", AgencyLevel.COUNTY, "city", "990121"),
        ("other-city", AgencyLevel.CITY, "province", "990200"),
    ):
        place = Region.objects.create(code=region, name=region) if region else None
        agency = Agency(code=code, name=f"示例{code}", level=level, region=place, parent=made.get(parent or ""))
        agency.save()
        made[code] = agency
    return made


@pytest.fixture
def sender(agencies: dict[str, Agency]) -> AlertSender:
    services.register("met", "气象台", "city", now=NOW)
    return AlertSender.objects.select_related("agency__region").get(code="met")


def message(kind: str, identifier: str, reference: str = REFERENCE) -> bytes:
    """The alert as an update or a cancellation of the one in ``reference``."""
    text = ALERT.replace("<msgType>Alert", f"<msgType>{kind}").replace("met-140500-0017", identifier)
    return text.replace("<scope>Public</scope>", f"<scope>Public</scope>{reference}").encode()


def states() -> dict[str, str]:
    return dict(ExternalAlert.objects.values_list("identifier", "state"))


def sees(agency: Agency) -> int:
    return selectors.alerts(Scope(agency_paths=(agency.path,)), NOW).count()


@pytest.mark.case("G13")
def test_a_reference_longer_than_any_name_is_refused_in_words(sender: AlertSender) -> None:
    reference = f"<references>{'m' * 121},x,2024-07-01T15:00:00+08:00</references>"
    outcome = services.take(sender, message("Update", "met-2", reference), NOW)
    assert (outcome.result, "120 个字符" in outcome.reason) == ("refused", True)


@pytest.mark.case("G13")
def test_many_divisions_without_a_name_are_named_as_far_as_there_is_room(sender: AlertSender) -> None:
    codes = "".join(
        f"<geocode><valueName>GB/T 2260</valueName><value>9901{number}</value></geocode>" for number in range(10, 99)
    )
    head, rest = ALERT.split("<areaDesc>", 1)
    document = f"{head}<areaDesc> </areaDesc>{codes}{rest.split('</geocode>')[-1]}"
    outcome = services.take(sender, document.encode(), NOW)
    assert outcome.result == "taken", outcome.reason
    assert len(ExternalAlert.objects.get().area) == 300


def test_an_alert_is_kept_as_it_came_and_journaled(sender: AlertSender) -> None:
    outcome = services.take(sender, ALERT.encode(), NOW)
    row = ExternalAlert.objects.get()
    assert (outcome.result, row.event, row.severity, row.area) == ("taken", "雷电", "Severe", "示例市")
    assert row.document == ALERT
    entry = Entry.objects.filter(chain__key="agency:city").latest("seq")
    assert (entry.act, entry.actor, entry.subject) == ("external_alert_taken", "sender:met", f"external_alert:{row.pk}")
    assert selectors.contents(row).info.description == "未来6小时有强雷电。"  # type: ignore[union-attr]


def test_a_repetition_changes_nothing(sender: AlertSender) -> None:
    services.take(sender, ALERT.encode(), NOW)
    entries = Entry.objects.count()
    assert services.take(sender, ALERT.encode(), NOW).result == "known"
    assert ExternalAlert.objects.count() == 1
    assert Entry.objects.count() == entries


def test_an_update_replaces_and_a_cancellation_ends(sender: AlertSender) -> None:
    services.take(sender, ALERT.encode(), NOW)
    services.take(sender, message("Update", "u1"), NOW)
    assert states() == {"met-140500-0017": "updated", "u1": "current"}
    both = REFERENCE.replace("</", " met@city.example,u1,2024-07-01T15:00:00+08:00</")
    services.take(sender, message("Cancel", "c1", both), NOW)
    assert states() == {"met-140500-0017": "cancelled", "u1": "cancelled", "c1": "ending"}


def test_the_chain_is_the_same_when_messages_come_in_the_wrong_order(sender: AlertSender) -> None:
    services.take(sender, message("Cancel", "c1"), NOW)
    services.take(sender, message("Update", "u1"), NOW)
    services.take(sender, ALERT.encode(), NOW)
    assert states() == {"met-140500-0017": "cancelled", "u1": "current", "c1": "ending"}


def test_a_cancellation_without_words_says_what_it_ends(sender: AlertSender) -> None:
    services.take(sender, ALERT.encode(), NOW)
    bare = message("Cancel", "c1").decode()
    bare = bare[: bare.index("<info>")] + "</alert>"
    assert services.take(sender, bare.encode(), NOW).result == "taken"
    assert ExternalAlert.objects.get(identifier="c1").event == "雷电"


def test_nobody_cancels_what_another_sender_handed_in(sender: AlertSender) -> None:
    services.take(sender, ALERT.encode(), NOW)
    services.register("quake", "地震台", "city", now=NOW)
    other = AlertSender.objects.select_related("agency__region").get(code="quake")
    assert services.take(other, message("Cancel", "c1"), NOW).result == "taken"
    assert states()["met-140500-0017"] == "current"


def test_expiry_is_a_matter_of_the_clock(sender: AlertSender) -> None:
    services.take(sender, ALERT.encode(), NOW)
    assert selectors.current_count(EVERYTHING, NOW) == 1
    assert selectors.current_count(EVERYTHING, datetime(2024, 7, 1, 13, 0, tzinfo=UTC)) == 0


@pytest.mark.req("ORG-01")
def test_it_is_seen_by_its_division_those_around_and_those_inside(
    sender: AlertSender, agencies: dict[str, Agency]
) -> None:
    services.take(sender, ALERT.encode(), NOW)
    found = {code: sees(agency) for code, agency in agencies.items()}
    assert found == {"mem": 1, "province": 1, "city": 1, "county": 1, "other-city": 0}
    inside = ALERT.replace("990100", "990121").replace("met-140500-0017", "met-2")
    services.take(sender, inside.encode(), NOW)
    assert sees(agencies["county"]) == 2
    neighbour = ALERT.replace("990100", "990122").replace("met-140500-0017", "met-3")
    services.take(sender, neighbour.encode(), NOW)
    assert (sees(agencies["county"]), sees(agencies["city"])) == (2, 3)


def test_without_a_code_it_is_for_the_division_of_who_registered_the_sender(
    sender: AlertSender, agencies: dict[str, Agency]
) -> None:
    services.take(sender, ALERT.replace("GB/T 2260", "SAME").encode(), NOW)
    assert (sees(agencies["county"]), sees(agencies["other-city"])) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("990100", "990200", "不在发送方登记的辖区内"),
        ("990100", "990000", "不在发送方登记的辖区内"),
        ("990100", "99x100", "不是行政区划代码"),
        ("<msgType>Alert", "<msgType>Error", "不是预警"),
        ("<status>Actual", "<status>Draft", "Draft"),
        ("2024-07-01T15:00", "2024-07-01T16:06", "晚于当前时间"),
        ("<alert ", "<!DOCTYPE alert><alert ", "DOCTYPE"),
    ],
)
def test_what_is_not_taken_is_kept_apart_with_its_reason(
    sender: AlertSender, agencies: dict[str, Agency], old: str, new: str, words: str
) -> None:
    for _ in range(2):
        outcome = services.take(sender, ALERT.replace(old, new).encode(), NOW)
        assert outcome.result == "refused"
        assert words in outcome.reason
    row = RefusedAlert.objects.get()
    assert (row.repeats, words in row.reason) == (2, True)
    assert ExternalAlert.objects.count() == 0
    assert Entry.objects.filter(act="external_alert_refused").count() == 1
    assert selectors.refused(Scope(agency_paths=(agencies["city"].path,))).count() == 1
    assert selectors.refused(Scope(agency_paths=(agencies["other-city"].path,))).count() == 0


def test_binary_rubbish_is_kept_apart_too(sender: AlertSender) -> None:
    assert services.take(sender, b"\x00\xff\xfe<", NOW).result == "refused"
    assert RefusedAlert.objects.get().size == 4


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("000000", ""), ("140000", "14"), ("140500", "1405"), ("140525", "140525"), ("140525101", "140525101"),
     ("140525000000", "140525"), ("140525101001", "140525101001")],
)  # fmt: skip
def test_a_division_is_what_its_code_begins_with(code: str, prefix: str) -> None:
    assert region_prefix(code) == prefix


# --- over the web ---------------------------------------------------------------------------------------------------


def basic(code: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{code}:{key}".encode()).decode()}


def post(document: bytes, headers: dict[str, str]) -> Any:
    return Client(enforce_csrf_checks=True).post("/api/v1/cap/", document, "application/cap+xml", headers=headers)


def test_it_is_handed_in_with_the_senders_key(agencies: dict[str, Agency]) -> None:
    key = services.register("met", "气象台", "city", now=NOW)
    first, again = post(ALERT.encode(), basic("met", key)), post(ALERT.encode(), basic("met", key))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {"result": "known", "identifier": "met-140500-0017"}
    bad = post(b"<alert/>", basic("met", key))
    assert bad.status_code == 422
    assert "没有收下，已留存待查" in bad.json()["detail"]
    assert post(b" " * 300_000, basic("met", key)).status_code == 413


def test_without_a_valid_key_nothing_is_kept(agencies: dict[str, Agency]) -> None:
    old = services.register("met", "气象台", "city", now=NOW)
    key = services.register("met", "", "city", now=NOW)
    for headers in ({}, basic("met", old), basic("nobody", key), basic("met", ""), {"Authorization": "Basic x"}):
        assert post(ALERT.encode(), headers).status_code == 401
    services.stop("met", now=NOW)
    assert post(ALERT.encode(), basic("met", key)).status_code == 401
    assert ExternalAlert.objects.count() == RefusedAlert.objects.count() == 0
    assert not any(word in str(list(Entry.objects.values_list("after", flat=True))) for word in (old, key))


def test_a_sender_is_registered_only_by_an_agency_with_a_division(agencies: dict[str, Agency]) -> None:
    Agency(code="nowhere", name="无区划", level=AgencyLevel.CITY).save()
    services.register("met", "气象台", "city", now=NOW)
    for code, agency, words in (("a", "none", "没有代号"), ("a", "nowhere", "行政区划"), ("met", "county", "别的机构")):
        with pytest.raises(services.Unknown, match=words):
            services.register(code, "", agency, now=NOW)


def officer(agency: Agency) -> Client:
    person = Person.objects.create(code=f"of-{agency.code}", name="示例值班员")
    user = User.objects.create(username=f"of-{agency.code}", person=person)
    Grant.objects.create(user=user, role=Role.DUTY_OFFICER, agency=agency, valid_from=NOW)
    client = Client()
    client.force_login(user)
    return client


def test_the_pages_show_it_to_whom_it_concerns(sender: AlertSender, agencies: dict[str, Agency]) -> None:
    services.take(sender, ALERT.encode(), NOW)
    services.take(sender, message("Update", "u1"), NOW)
    services.take(sender, b"<alert/>", NOW)
    row = ExternalAlert.objects.get(identifier="u1")
    county, stranger = officer(agencies["county"]), officer(agencies["other-city"])
    listed = county.get("/external/").content.decode()
    assert "雷电橙色预警" in listed
    assert "Severe" in listed
    detail = county.get(f"/external/{row.pk}/").content.decode()
    assert "未来6小时有强雷电。" in detail
    assert "同一预警的其他消息" in detail
    assert "雷电橙色预警" not in stranger.get("/external/").content.decode()
    assert stranger.get(f"/external/{row.pk}/").status_code == 404
    assert Entry.objects.filter(act="access_refused", chain__key="agency:city").count() == 1
    assert "不属于 CAP 1.2" in officer(agencies["city"]).get("/external/refused/").content.decode()
    assert "不属于 CAP 1.2" not in stranger.get("/external/refused/").content.decode()
    assert county.get("/external/?format=xlsx").headers["Content-Type"].endswith("sheet")


def test_a_filter_narrows_by_standing(sender: AlertSender, agencies: dict[str, Agency]) -> None:
    services.take(sender, ALERT.encode(), NOW)
    client = officer(agencies["city"])
    assert clock.now() > NOW
    assert client.get("/external/?state=expired").context["page"].total == 1
    assert client.get("/external/?state=current").context["page"].total == 0
    assert client.get("/external/?severity=Minor").context["page"].total == 0


def test_a_list_costs_the_same_however_long_it_is(sender: AlertSender, agencies: dict[str, Agency]) -> None:
    client = officer(agencies["county"])

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    services.take(sender, ALERT.encode(), NOW)
    services.take(sender, b"<alert/>", NOW)
    client.get("/external/")
    few = [cost("/external/"), cost("/external/refused/")]
    for number in range(12):
        services.take(sender, ALERT.replace("0017", f"1{number}").encode(), NOW)
        services.take(sender, f"<alert n='{number}'/>".encode(), NOW)
    assert [cost("/external/"), cost("/external/refused/")] == few
