"""No query and no address, however odd, makes a page fail: it is refused in words, or what is odd in it is left out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from tests import neighbours
from tests.conformance.test_permissions import PAGES, RECORDS, here
from tests.neighbours import World

from anlan import border, lessons
from anlan import now as clock
from anlan.apps.alarms.models import Alarm
from anlan.apps.drills import services as drill_services
from anlan.apps.external import cap
from anlan.refused import Refused

pytestmark = pytest.mark.django_db

NAMES = ("from", "from_to", "to", "date", "on", "top", "page", "points", "buckets", "follows", "number")
ODD = {
    "the first year": ("0001-01-01", "0001-01-01T00:00:00Z"),
    "the last year": ("9999-12-31", "9999-12-31T23:59:59Z"),
    "a digit that is none": ("²", "²"),
    "digits of another script": ("٢٠٢٤-٠١-٠١", "１２"),
    "very long": ("9" * 5000, "9" * 5000),
    "nothing at all": ("", ""),
    "a NUL": ("\0", "\0"),
}


@pytest.fixture
def world(db: None) -> World:
    return neighbours.build(clock.now())


@pytest.mark.case("G10")
@pytest.mark.parametrize("kind", ODD)
def test_no_page_fails_for_what_stands_in_its_query(world: World, kind: str) -> None:
    client = world.client("city")
    plant = world.plants["a1"]
    found: dict[str, int] = {}
    for name in here({**PAGES, **RECORDS}):
        address = (PAGES | RECORDS)[name]
        path = (address.of(plant) if address.of else address.path).split("?")[0]
        for value in dict.fromkeys(ODD[kind]):
            answer = client.get(f"{path}?{urlencode(dict.fromkeys(NAMES, value))}")
            if answer.status_code >= 500 and not address.may_be_silent:
                found[f"{path} {value[:20]!r}"] = answer.status_code
    assert found == {}


@pytest.mark.case("G10")
@pytest.mark.parametrize("key", ["u" + "9" * 5000, "u²", "u-1", "u" + "9" * 18, "u"], ids=range(5))
def test_an_address_of_an_odd_number_is_not_there(world: World, key: str) -> None:
    assert world.client("city").get(f"/drills/{key}/").status_code == 404


@pytest.mark.case("G10")
@pytest.mark.parametrize("raw", ["²", "9" * 5000, "-1", "x"], ids=range(4))
def test_a_form_that_names_an_odd_record_names_none(world: World, raw: str) -> None:
    answer = world.client("county").post("/contacts/", {"act": "withdraw", "contact": raw})
    assert answer.status_code < 500


@pytest.mark.case("G10")
@pytest.mark.parametrize(
    "until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2024-02-30T00:00+08:00", "²"]
)
def test_an_odd_instant_acknowledges_nothing(world: World, until: str) -> None:
    answer = world.client("holder").post("/alarms/acknowledge/all/", {"until": until})
    assert answer.status_code == 302
    assert Alarm.objects.get(pk=world.plants["a1"].alarm.pk).acknowledged_at is None


@pytest.mark.case("G10")
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_history_of_a_day_outside_time_is_refused(world: World, day: str) -> None:
    assert world.client("city").get(f"/api/v1/history/{neighbours.CODES['a1']}/{day}").status_code == 422


@pytest.mark.case("G10")
def test_what_comes_over_the_border_is_within_bounds() -> None:
    assert border.number("0") == 0
    assert border.number("9" * 18) == int("9" * 18)
    for text in ("", "²", "１", "-1", "1_0", " 1", "9" * 19):
        assert border.number(text) is None
    assert border.day("1970-01-01") == border.FIRST_DAY
    assert border.day("2199-12-31") == border.LAST_DAY
    for text in ("1969-12-31", "2200-01-01", "2024-02-30", "", "x"):
        with pytest.raises(ValueError, match=r"."):
            border.day(text)
    for text in ("2024-03-01T00:00:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(ValueError, match=r"."):
            border.instant(text)


@pytest.mark.case("G10")
@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_foreign_warning_outside_time_is_refused_in_words(when: str) -> None:
    with pytest.raises(cap.Unreadable, match="的时间"):
        cap._time(when, "alert/sent")


@pytest.mark.case("G10")
def test_a_foreign_warning_with_thousands_of_references_is_refused_in_words() -> None:
    one = "a@example.org,x,2024-03-01T08:00:00+08:00"
    assert len(cap._references(" ".join([one] * cap.MOST_REFERENCES))) == cap.MOST_REFERENCES
    with pytest.raises(cap.Unreadable, match="3000 条，至多 100 条"):
        cap._references(" ".join([one] * 3000))


BOMB = "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b, *b, *b]\n"


@pytest.mark.case("G10")
@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (BOMB.encode(), "剧本里不用引用"),
        (
            lessons.shipped()[0]
            .path.read_text(encoding="utf-8")
            .encode("ascii", "ignore")
            .decode()
            .encode("utf-16-le"),
            "控制字符",
        ),
        (b"name: " + b"[" * 20_000, "读不出的内容"),
        (b"start: " + b"9" * 20_000, "没有保存"),
    ],
    ids=["references upon references", "UTF-16 without a mark", "brackets without end", "a number without end"],
)
def test_a_drill_that_is_a_trap_is_refused_in_words(world: World, raw: bytes, why: str) -> None:
    from anlan.apps.accounts.models import User

    with pytest.raises(Refused, match=why):
        drill_services.upload(raw, User.objects.get(username="county"), datetime.fromisoformat("2024-03-01T08:00:00Z"))


@pytest.mark.case("G12")
@pytest.mark.parametrize("path", ["/", "/login/", "/nowhere/", "/api/v1/alarms"])
@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages", "anlan_device"])
def test_a_cookie_with_a_nul_is_refused_and_looked_up_nowhere(world: World, path: str, name: str) -> None:
    """A cookie may write any sign as three octal digits; PostgreSQL takes no NUL in a key."""
    answer = Client().get(path, headers={"Cookie": f'{name}="\\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'})
    assert answer.status_code == 400


@pytest.mark.case("G12")
@pytest.mark.parametrize("proof", ["Basic ÿÿ", "Basic AAA6AAA=", "Basic //86//8=", "Basic é", "Basic " + "QUFB" * 9000])
def test_an_odd_proof_of_a_sender_of_warnings_is_none(world: World, proof: str) -> None:
    answer = Client().post("/api/v1/cap/", b"<alert/>", "application/cap+xml", headers={"Authorization": proof})
    assert answer.status_code == 401


@pytest.mark.case("G12")
@pytest.mark.parametrize("back", ["99999", "overview", "warning", "//evil.example/", "https://evil.example/", "\u202e"])
def test_an_act_that_is_done_leads_back_whatever_its_form_says(world: World, back: str) -> None:
    plant = world.plants["a1"]
    answer = world.client("holder").post("/alarms/acknowledge/", {"alarm": [plant.alarm.pk], "next": back})
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/alarms/")
    dossier = f"/warnings/{plant.warning.number}/"
    answer = world.client("holder").post(f"{dossier}measure/", {"text": "已关阀", "next": back})
    assert (answer.status_code, answer.headers.get("Location")) == (302, dossier)


def test_the_forms_of_odd_things_are_walked_over_many_pages(world: World) -> None:
    walked: list[Any] = here({**PAGES, **RECORDS})
    assert len(walked) > 40
