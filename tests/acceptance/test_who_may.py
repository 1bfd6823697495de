"""Who may lift what was set by hand, and to whom a visit may be handed: no rule is stepped around by a repeat, and
nothing is given to who stands outside the enterprise's own line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from tests import neighbours
from tests.acceptance.conftest import Plant
from tests.acceptance.worlds import at
from tests.hats import officer, staff

from anlan import now as clock
from anlan.apps.accounts.models import Grant, User
from anlan.apps.alarms.services import shelving
from anlan.apps.obligations import services as obligations
from anlan.apps.org.models import Agency, AgencyLevel, Person, Role
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.refused import Refused

pytestmark = pytest.mark.django_db


def by_hand(plant: Plant, level: str, issuer: str, clock_: str) -> Warning:
    return warnings.raise_manual(plant.source, level, by=officer(plant.source, issuer), at=at(clock_), text="台风来临")


def clears(warning: Warning, who: str, clock_: str) -> None:
    """Somebody who may clear what the data let: whether another's level stands against it is the question."""
    by = staff(warning, who)
    warnings.clear(warning, by=replace(by, hats=(*by.hats, *officer(warning, who).hats)), at=at(clock_))


@pytest.mark.case("D2")
@pytest.mark.parametrize("level", ["yellow", "blue"])
def test_setting_the_same_level_again_makes_nobody_the_one_who_may_clear_it(plant: Plant, level: str) -> None:
    warning = by_hand(plant, level, "甲", "08:00")
    by_hand(plant, level, "乙", "08:10")
    with pytest.raises(Refused, match="发布者"):
        clears(warning, "乙", "08:20")
    clears(warning, "甲", "08:30")
    warning.refresh_from_db()
    assert (warning.issuer, warning.cleared_at, warning.by_hand) == ("甲（县应急管理局）", at("08:30"), {})


@pytest.mark.case("D2")
def test_setting_a_graver_level_lifts_nobody_else_s(plant: Plant) -> None:
    warning = by_hand(plant, "yellow", "甲", "08:00")
    by_hand(plant, "red", "乙", "08:10")
    for who, to in (("甲", "orange"), ("乙", "blue"), ("丙", "orange")):
        with pytest.raises(Refused, match="发布者"):
            by_hand(plant, to, who, "08:20")
    for who in ("甲", "乙", "丙"):
        with pytest.raises(Refused, match="发布者"):
            clears(warning, who, "08:25")
    by_hand(plant, "yellow", "乙", "08:30")
    warning.refresh_from_db()
    named = "甲（县应急管理局）"
    assert (warning.level, warning.issuer, warning.by_hand) == ("yellow", named, {"person:甲": ("yellow", named)})
    with pytest.raises(Refused, match="发布者"):
        clears(warning, "乙", "08:40")
    clears(warning, "甲", "08:45")


@pytest.mark.case("D2")
@pytest.mark.parametrize("issuer", ["甲", "甲（县应急管理局）"])
def test_a_level_set_by_hand_before_several_could_keep_one_is_still_its_issuer_s(plant: Plant, issuer: str) -> None:
    warning = by_hand(plant, "yellow", "甲", "08:00")
    Warning.objects.by_the_machine().update(manual_by={}, issuer=issuer)  # as rows of an older version are
    for name in ("甲", "乙"):
        Person.objects.get_or_create(code=name, defaults={"name": name})
    by_hand(plant, "yellow", "乙", "08:10")
    with pytest.raises(Refused, match="发布者"):
        clears(warning, "乙", "08:20")


@pytest.mark.case("D3")
def test_a_visit_is_handed_to_nobody_outside_the_enterprise_s_own_line(plant: Plant) -> None:
    warnings.set_level(plant.source, "red", at=at("08:00"))
    obligations.run_due(at("10:00"))
    order = SiteOrder.objects.by_the_machine().select_related("tracker").get()
    assert order.tracker is not None
    assert order.tracker.code == "sx"
    Agency(code="jd", name="邻市应急管理局", level=AgencyLevel.CITY, parent=order.tracker).save()
    agencies = Agency.objects.by_the_machine()
    assert [agency.code for agency in agencies if warnings.may_execute(order, agency)] == ["jc", "zz"]
    tracker = officer(order, "x", of=order.tracker)
    for elsewhere in ("jd", "other"):
        with pytest.raises(Refused, match="该企业所在地"):
            warnings.delegate_site_order(order, agencies.get(code=elsewhere), by=tracker, at=at("12:10"))
    warnings.delegate_site_order(order, agencies.get(code="zz"), by=tracker, at=at("12:20"))
    order.refresh_from_db()
    assert (order.executor and order.executor.code, order.delegated_at) == ("zz", at("12:20"))


@pytest.mark.case("D3")
def test_a_visit_is_not_handed_to_the_town_of_the_enterprise(plant: Plant) -> None:
    """第十条至第十二条 name the province, the city and the county (park); a town has no part in warnings (ORG-08)."""
    town = Agency(
        code="tw", name="示例镇", level=AgencyLevel.TOWN, parent=Agency.objects.by_the_machine().get(code="zz")
    )
    town.save()
    plant.enterprise.town = town
    plant.enterprise.save()
    warnings.set_level(plant.source, "red", at=at("08:00"))
    obligations.run_due(at("10:00"))
    order = SiteOrder.objects.by_the_machine().select_related("tracker").get()
    assert not warnings.may_execute(order, town)
    with pytest.raises(Refused, match="该企业所在地"):
        warnings.delegate_site_order(order, town, by=officer(order, "x", of=order.tracker), at=at("12:10"))


@pytest.fixture
def world() -> neighbours.World:
    return neighbours.build(clock.now())


def browser(world: neighbours.World, who: str, *grants: tuple[str, Agency]) -> Any:
    """The browser of somebody with these roles."""
    person = Person.objects.create(code=f"p-{who}", name=f"示例{who}")
    user = User(username=who, person=person)
    user.set_unusable_password()
    user.save()
    for role, agency in grants:
        Grant.objects.create(user=user, role=role, agency=agency, valid_from=world.now - timedelta(days=1))
    world.users[who] = user
    return world.client(who)


def sets_red(world: neighbours.World, client: Any) -> int:
    warning = world.plants["a1"].warning
    assert warning is not None
    values = {"level": "red", "text": "台风来临"}
    return int(client.post(f"/warnings/{warning.number}/level/", values).status_code)


@pytest.mark.case("D3")
def test_a_town_s_duty_officer_sets_no_level(world: neighbours.World) -> None:
    county = world.agencies["county-a"]
    town = Agency(code="town-a", name="示例镇", level=AgencyLevel.TOWN, parent=county)
    town.save()
    enterprise = world.plants["a1"].enterprise
    enterprise.town = town
    enterprise.save()
    assert sets_red(world, browser(world, "zhen", (Role.DUTY_OFFICER, town))) == 403
    assert sets_red(world, world.client("county")) == 302


@pytest.mark.case("D3")
def test_a_duty_officer_of_elsewhere_who_may_look_here_sets_no_level(world: neighbours.World) -> None:
    grants = ((Role.VIEWER, world.agencies["city-1"]), (Role.DUTY_OFFICER, world.agencies["county-b"]))
    assert sets_red(world, browser(world, "liang", *grants)) == 403


@pytest.mark.case("D1")
def test_with_two_hats_the_one_of_elsewhere_does_not_act_here(world: neighbours.World) -> None:
    grants = ((Role.VIEWER, world.agencies["city-1"]), (Role.DUTY_OFFICER, world.agencies["county-b"]))
    client = browser(world, "liang", *grants)
    warning = world.plants["a1"].warning
    assert warning is not None
    assert client.post(f"/warnings/{warning.number}/remark/", {"text": "已了解"}).status_code == 403


@pytest.mark.case("D1")
def test_a_namesake_does_not_clear_what_the_other_set(world: neighbours.World) -> None:
    county = world.agencies["county-a"]
    first = browser(world, "wang1", (Role.DUTY_OFFICER, county))
    second = browser(world, "wang2", (Role.DUTY_OFFICER, county))
    Person.objects.filter(code__in=["p-wang1", "p-wang2"]).update(name="王伟")
    assert sets_red(world, first) == 302
    warning = world.plants["a1"].warning
    assert warning is not None
    assert second.post(f"/warnings/{warning.number}/clear/", {"text": ""}).status_code == 403


@pytest.mark.case("D1")
def test_two_people_of_one_name_are_four_eyes(plant: Plant) -> None:
    """A second person who happens to bear the asker's name may approve; the asker may not, under whatever name."""
    point = apps.get_model("registry.Point")._base_manager.filter(enterprise=plant.enterprise, gas="toxic").first()
    mine, other = (Person.objects.create(code=code, name="王伟") for code in ("wang1", "wang2"))
    asked = shelving.shelve(point, "high", minutes=60, reason="标定", by=staff(point, mine), at=at("08:00"))
    mine.name = "王　伟"
    mine.save()
    with pytest.raises(Refused):
        shelving.approve(asked, by=officer(point, mine), at=at("08:05"))
    shelving.approve(asked, by=officer(point, other), at=at("08:05"))
    asked.refresh_from_db()
    assert (asked.asked_by_id, asked.decided_by_id) == ("person:wang1", "person:wang2")
