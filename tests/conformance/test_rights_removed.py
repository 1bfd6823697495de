"""A page was open when the right to act ended: what is sent from it does nothing, and is answered in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from tests import neighbours
from tests.conformance.test_acts import HERE, owner_of, path_of, record_of, roles, somebody
from tests.conformance.test_permissions import state_of
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts import services as accounts
from anlan.apps.accounts.models import Grant, User
from anlan.apps.accounts.selectors import stand
from anlan.apps.org.actor import SYSTEM
from anlan.apps.org.models import Role
from anlan.apps.registry.models import Enterprise
from anlan.pages.acts import ListedAct, every_act

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def role_ended(world: World, user: User) -> None:
    Grant.objects.filter(user=user).update(valid_until=clock.now())


def moved_away(world: World, user: User) -> None:
    Grant.objects.filter(user=user).update(agency=world.agencies["county-c"], enterprise=None, role=Role.DUTY_OFFICER)


def only_looks(world: World, user: User) -> None:
    Grant.objects.filter(user=user).update(role=Role.VIEWER, agency=world.agencies["city-1"], enterprise=None)


def password_reset(world: World, user: User) -> None:
    accounts.set_password(user, "另一个口令-5521", by=SYSTEM, at=clock.now())


def stopped(world: World, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


ENDS: dict[Callable[[World, User], None], set[int]] = {
    role_ended: {403, 404},
    moved_away: {403, 404},
    only_looks: {403},
    password_reset: {302},
    stopped: {302},
}


@pytest.mark.case("D8")
@pytest.mark.parametrize("end", ENDS, ids=lambda each: each.__name__)
def test_an_act_from_a_page_that_was_open_when_the_right_ended_does_nothing(
    world: World, end: Callable[[World, User], None]
) -> None:
    for act in every_act():
        untouched = transaction.savepoint()
        _tried_after(end, act, world)
        transaction.savepoint_rollback(untouched)


def _registered(enterprise: Enterprise, principal: Any) -> None:
    enterprise.principal = principal
    enterprise.save(update_fields=["principal"])


def _tried_after(end: Callable[[World, User], None], act: ListedAct, world: World) -> None:
    plant = world.plants["a1"]
    record: Any = record_of(act, plant)
    user = somebody(world, "leaver", "示例离任", *((role, where) for where in HERE for role in roles(where)))
    held = plant.source.duty_holders.filter(pk=plant.source.duty_holders.order_by("pk")[0].pk)
    if act.key == "warning-act:confirm":
        held.update(person=user.person)
    before_them = plant.enterprise.principal
    if act.key == "commitment-today-act:commit":
        _registered(plant.enterprise, user.person)
    assert act.may(stand(user, owner_of(act, plant), world.now), record), act.key
    client = world.client("leaver")
    before = state_of(plant)
    end(world, user)
    held.update(valid_until=world.now)
    _registered(plant.enterprise, before_them)
    if act.key == "pause-lift" and end is only_looks:
        return  # any role in an agency above lifts a pause, a viewer's as well
    path, values = path_of(act, record, plant)
    answer = client.post(path, values)
    if act.key == "rule-change" and end is role_ended:  # who sees no place is led back to no place
        assert "没有改动" in client.get(answer.headers["Location"]).content.decode()
    else:
        assert answer.status_code in ENDS[end], act.key
        assert answer.status_code != 302 or answer.headers["Location"].startswith("/login/"), act.key
    assert state_of(plant) == before, act.key
