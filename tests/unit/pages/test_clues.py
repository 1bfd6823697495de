"""A clue has a page: what was changed, by whom, from what to what; for those above the enterprise alone."""

from __future__ import annotations

import pytest
from tests.neighbours import World, build

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.enrolment.loosening import tell
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.findings.models import Clue
from anlan.apps.org.actor import of_user
from anlan.apps.org.models import Role

pytestmark = [pytest.mark.django_db, pytest.mark.case("F21")]


@pytest.fixture
def world() -> World:
    """The holder's enterprise has just doubled the delay of its point and taken its high-high limit away."""
    world = build(clock.now())
    plant = world.plants["a1"]
    sheet = next(each for each in SHEETS if each.title == "点位")
    before = sheet.values_of(plant.point)
    after = before | {"hh": None, "on_delay_s": 86_400}
    now = clock.now()
    assert tell(
        sheet,
        plant.point.code,
        plant.enterprise,
        before,
        after,
        source_id=None,
        by=of_user(world.users["holder"]),
        at=now,
    )
    return world


def test_the_page_says_who_changed_what_and_from_what_to_what(world: World) -> None:
    clue = Clue.objects.by_the_machine().get()
    name = str(Grant.objects.get(user__username="holder", role=Role.DUTY_HOLDER).user)
    html = world.client("county").get(f"/clues/{clue.pk}/").content.decode()
    for words in (
        name,
        "a1-operations",
        "高高限",
        f"{world.plants['a1'].point.hh:g}",
        "报警延时（秒）",
        "86400",
        clue.sha256,
    ):
        assert words in html
    assert "对不上" not in html
    listed = world.client("county").get("/clues/").content.decode()
    assert f"/clues/{clue.pk}/" in listed
    finding = world.client("county").get(f"/findings/{clue.finding_id}/").content.decode()
    assert f"/clues/{clue.pk}/" in finding
    assert f"企业自行修改（{name}，a1-operations）" in finding


def test_evidence_that_does_not_fit_its_fingerprint_is_said(world: World) -> None:
    clue = Clue.objects.by_the_machine().get()
    Clue.objects.by_the_machine().filter(pk=clue.pk).update(evidence=clue.evidence | {"actor": "user:nobody"})
    assert "对不上" in world.client("county").get(f"/clues/{clue.pk}/").content.decode()


def test_a_clue_of_an_older_version_names_the_actor_as_it_was_written(world: World) -> None:
    clue = Clue.objects.by_the_machine().get()
    evidence = {key: value for key, value in clue.evidence.items() if key != "actor_name"} | {"actor": "张安全（一厂）"}
    Clue.objects.by_the_machine().filter(pk=clue.pk).update(evidence=evidence)
    answer = world.client("county").get(f"/clues/{clue.pk}/")
    assert answer.status_code == 200
    assert "张安全（一厂）" in answer.content.decode()


@pytest.mark.parametrize("who", ["holder", "stranger"])
def test_the_enterprise_and_the_next_county_find_no_clue(world: World, who: str) -> None:
    clue = Clue.objects.by_the_machine().get()
    client = world.client(who)
    assert client.get(f"/clues/{clue.pk}/").status_code == 404
    listed = client.get("/clues/")
    assert listed.status_code == (404 if who == "holder" else 200)
    assert clue.text not in listed.content.decode()
    assert client.get(f"/findings/{clue.finding_id}/").status_code == (200 if who == "holder" else 404)
    assert f"/clues/{clue.pk}/" not in client.get(f"/findings/{clue.finding_id}/").content.decode()


def test_the_city_hands_on_a_workbook_of_clues(world: World) -> None:
    answer = world.client("city").get("/clues/?format=xlsx")
    assert answer.status_code == 200
    assert "spreadsheet" in answer.headers["Content-Type"]
