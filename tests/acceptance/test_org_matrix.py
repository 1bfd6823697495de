"""Rows ORG that warnings execute: supervisors that are no emergency bureaux, parks, the national desk."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.acceptance.worlds import AGENCIES, SOURCE, level, lines, of_kind, played

from anlan.drill.scenario import parse

pytestmark = pytest.mark.django_db
ENERGY = {"id": "ny", "level": "county", "name": "县能源局", "parent": "jc"}


@pytest.mark.req("ORG-02")
@pytest.mark.parametrize(("settings", "told"), [({}, "ny 丙 乙 甲"), ({"copy_to_county": True}, "ny zz 丙 乙 甲")])
def test_a_source_under_the_energy_bureau_warns_it_and_the_emergency_bureau_only_as_a_copy_when_configured(
    settings: dict[str, Any], told: str
) -> None:
    from anlan.drill.play import play

    plant: dict[str, Any] = {"id": "e1", "name": "示例化工", "county": "zz", "supervisor": "ny", "sources": [SOURCE]}
    raw = {
        "name": "energy bureau",
        "world": {"agencies": [*AGENCIES, ENERGY], "enterprises": [plant]},
        "settings": settings,
        "start": "2024-03-01T08:00:00+08:00",
        "until": "2024-03-02T08:00:00+08:00",
        "events": [level("08:00", "yellow")],
    }
    found = play(parse(yaml.safe_dump(raw, allow_unicode=True)))
    assert of_kind(found, "informed", "site_order") == lines(
        f"""
        03-01 08:00 informed yellow s1 -> {told}
        03-02 08:00 site_order yellow s1 -> ny
        """
    )
    assert any("zz" in line["to"] for line in found) is bool(settings)


@pytest.mark.req("ORG-03")
def test_park_and_county_are_informed_and_the_supervising_park_alone_goes_on_site() -> None:
    found = played(level("08:00", "yellow"), park=True, supervisor="bg", until="2024-03-02T08:00:00+08:00")
    assert of_kind(found, "informed", "site_order") == lines(
        """
        03-01 08:00 informed yellow s1 -> bg zz 丙 乙 甲
        03-02 08:00 site_order yellow s1 -> bg
        """
    )


@pytest.mark.req("ORG-03")
@pytest.mark.parametrize(("setting", "to"), [("supervisor_only", "bg"), ("park_first", "bg"), ("both", "bg zz")])
def test_a_local_setting_says_who_fills_the_county_park_slot(setting: str, to: str) -> None:
    found = played(
        level("08:00", "yellow"), park=True, supervisor="bg", settings={"cp_slot": setting},
        until="2024-03-01T08:00:00+08:00",
    )  # fmt: skip
    assert found == lines(f"03-01 08:00 informed yellow s1 -> {to} 丙 乙 甲")


def test_red_reaches_the_national_desk_and_never_the_registration_centre() -> None:
    found = played(level("08:00", "red"), until="2024-03-01T12:00:00+08:00")
    told = {name for line in found for name in line["to"]}
    assert "mem" in told
    assert not told & {"reg", "other"}


@pytest.mark.req("ORG-05")
def test_the_registration_centre_sees_no_warning_and_cannot_close_one() -> None:
    from django.test import Client
    from tests import neighbours

    from anlan import now as clock
    from anlan.apps.accounts.models import Grant, User
    from anlan.apps.org.models import Agency, Person
    from anlan.apps.warnings.models import Warning

    world = neighbours.build(clock.now())
    centre = Agency(
        code="reg", name="登记中心", level="ministry", role="nat.registry", parent=world.agencies["ministry"]
    )
    centre.save()
    user = User(username="registry", person=Person.objects.create(code="reg-1", name="示例登记员"))
    user.set_unusable_password()
    user.save()
    Grant.objects.create(user=user, role="handler", agency=centre, valid_from=world.now)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    number = world.plants["a1"].warning.number
    assert client.get("/warnings/").context["page"].total == 0
    assert client.post(f"/warnings/{number}/clear/", {"text": "x"}).status_code == 404
    assert Warning.objects.by_the_machine().get(number=number).cleared_at is None
