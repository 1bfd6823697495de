"""How somebody stands towards the owner of a record, and whom the spellings of older versions can mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from tests import neighbours
from tests.hats import machine, officer
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.accounts.selectors import meant_by, stand, stands
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.org.access import REFUSED, WrongStand, require
from anlan.apps.org.actor import SYSTEM, Actor, of_user, operator
from anlan.apps.org.models import Agency, AgencyLevel, Person, Role
from anlan.apps.org.stand import at_the_machine

pytestmark = [pytest.mark.django_db, pytest.mark.case("D1")]


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


def test_roles_count_in_the_enterprise_and_on_its_line_the_nearest_first(world: World) -> None:
    enterprise, user = world.plants["a1"].enterprise, world.users["county"]
    town = Agency(code="town-a", name="示例镇", level=AgencyLevel.TOWN, parent=world.agencies["county-a"])
    town.save()
    enterprise.town = town
    enterprise.save()
    since = world.now - timedelta(days=1)
    for role, agency in ((Role.APPROVER, "city-1"), (Role.HANDLER, "park-a"), (Role.VIEWER, "county-b")):
        Grant.objects.create(user=user, role=role, agency=world.agencies[agency], valid_from=since)
    Grant.objects.create(user=user, role=Role.ADMIN, agency=town, valid_from=since)
    by = stand(user, enterprise, world.now)
    assert {(hat.role, hat.unit, hat.is_near) for hat in by.hats} == {
        ("handler", "示例园区管委会", True), ("duty_officer", "示例county-a局", True), ("admin", "示例镇", False),
        ("approver", "示例city-1局", False),
    }  # fmt: skip
    lengths = [len(hat.agency.path) for hat in by.hats if hat.agency is not None]
    assert lengths == sorted(lengths, reverse=True)
    nearest = by.agency_with("approver", "duty_officer")
    assert nearest is not None
    assert nearest.code == "county-a"
    assert by.agency_with("approver", near=True) is None
    assert (by.speaking("approver").unit, by.actor.id) == ("示例city-1局", "person:officer-county")
    assert not by.holds("viewer")


def test_one_query_answers_for_many_and_none_for_staff(world: World, django_assert_num_queries: object) -> None:
    enterprises = [plant.enterprise for plant in world.plants.values()]
    county = world.users["county"]
    county.scope(world.now)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = stands(county, enterprises, world.now)
    assert {key for key, plant in world.plants.items() if found[plant.enterprise.pk].hats} == {"a1", "a2"}
    holder = world.users["holder"]
    holder.scope(world.now)
    with django_assert_num_queries(0):  # type: ignore[operator]
        by = stand(holder, world.plants["a1"].enterprise, world.now)
    assert (by.actor.unit, by.owner) == ("示例a1厂", f"enterprise:{world.plants['a1'].enterprise.code}")


def test_a_log_in_that_is_off_or_whose_grant_is_over_has_no_roles(world: World) -> None:
    enterprise, user = world.plants["a1"].enterprise, world.users["county"]
    user.grants.update(valid_until=world.now)  # type: ignore[attr-defined]
    assert not stand(user, enterprise, world.now).hats
    other = world.users["city"]
    other.is_active = False
    assert not stand(other, enterprise, world.now).hats


def test_spellings_of_older_versions_are_read_in_one_place(world: World) -> None:
    twins = {f"person:{Person.objects.create(code=code, name='王伟').code}" for code in ("w1", "w2")}
    assert meant_by("王伟") == meant_by("王伟（示例county-a局）") == twins
    assert meant_by("user:county") == {"person:officer-county"}
    assert meant_by("user:gone") == {"user:gone"}
    assert meant_by("person:w1") == {"person:w1"}
    assert meant_by("system") == {"system"}
    assert meant_by("没有这个人") == frozenset()


@pytest.mark.parametrize("text", ["王伟", "", "person:", "gateway:1", "user: x"])
def test_a_name_is_no_actor_and_the_chain_takes_none(world: World, text: str) -> None:
    with pytest.raises(ValueError, match="names no actor"):
        Actor(text)
    with pytest.raises(ValueError, match="names no actor"), transaction.atomic():
        journal.record("agency:x", "read", at=world.now, actor=text)
    assert not Entry.objects.filter(chain__key="agency:x").exists()


def test_a_refusal_is_journaled_once_a_minute_and_only_towards_the_owner(world: World) -> None:
    warning_of = world.plants["a1"].alarm
    by = stand(world.users["county"], warning_of.enterprise, world.now)
    for _ in range(3):
        with pytest.raises(PermissionDenied):
            require(False, warning_of, by=by)
    entry = Entry.objects.get(act=REFUSED)
    assert (entry.actor, entry.subject) == ("person:officer-county", f"alarm:{warning_of.pk}")
    require(True, warning_of, by=by)
    with pytest.raises(WrongStand):
        require(True, world.plants["a2"].alarm, by=by)


def test_nothing_is_closed_at_the_machine_itself_and_no_log_in_is_there(world: World) -> None:
    require(False, world.plants["a1"].alarm, by=machine(world.plants["a1"].enterprise))
    assert at_the_machine(SYSTEM, "installation", world.now).operates
    assert operator("cipher").id == "operator:cipher"
    with pytest.raises(ValueError, match="log-in"):
        at_the_machine(of_user(world.users["county"]), "installation", world.now)
    by = replace(officer(world.plants["a1"].enterprise), operates=True)  # the operator's log-in is no machine
    with pytest.raises(PermissionDenied):
        require(False, world.plants["a1"].alarm, by=by)
