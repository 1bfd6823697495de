"""Every act of the site, tried by people who may not: a role held elsewhere does not count here, and a name is nobody.

The acts are walked from the tables of the pages (`anlan.pages.acts`); what each may do is asked of the act itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.conformance.test_permissions import ACTS, finding_of, refusals, state_of
from tests.neighbours import Plant, World

from anlan import now as clock
from anlan.apps.accounts.models import Grant, User
from anlan.apps.accounts.selectors import OF_ENTERPRISES, stand
from anlan.apps.delivery.models import Contact
from anlan.apps.journal.models import Entry
from anlan.apps.ledgers.kinds import ledger_of
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.org.access import REFUSED
from anlan.apps.org.models import Person, Role
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.warnings.models import Act as Done
from anlan.apps.warnings.models import SiteOrder
from anlan.apps.warnings.selectors import TaskKind
from anlan.pages.acts import ListedAct, every_act

pytestmark = pytest.mark.django_db
IDS = [act.key for act in every_act()]
HERE = ("enterprise", "county-a", "city-1")
"""Where a role may be held so that it counts for the first plant; ``elsewhere`` below is the next county over."""


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def record_of(act: ListedAct, plant: Plant) -> Any:
    """The record of the plant that the act is about."""
    match act.about:
        case "order":
            episode = plant.warning.episodes.get()
            return SiteOrder.objects.create(
                warning=plant.warning, enterprise=plant.enterprise, episode=episode, tracker=plant.enterprise.county,
                due_at=clock.now(), issued_at=clock.now(),
            )  # fmt: skip
        case "finding":
            return finding_of(plant)
        case "suspension":
            return plant.enterprise.suspensions.get()
        case "agency":
            return plant.enterprise.supervisor
        case "contact":
            return Contact.objects.create(
                agency=plant.enterprise.supervisor, channel="sms", address="13800000009",
                is_enabled=act.verb != "enable", disabled_because="空号",
            )  # fmt: skip
        case entry if entry.startswith("entry of "):
            return entry_of(plant, entry.removeprefix("entry of "))
        case kind:
            return getattr(plant, kind)


def entry_of(plant: Plant, ledger: str) -> LedgerEntry:
    """An entry of that ledger; of those that the world has none of, one without contents."""
    if plant.entry.ledger == ledger:
        return plant.entry
    kept, now = ledger_of(ledger), clock.now()
    return LedgerEntry.objects.create(
        ledger=ledger, enterprise=plant.enterprise, name="x", state=kept.states[0][0], made_at=now, changed_at=now
    )


def owner_of(act: ListedAct, plant: Plant) -> Any:
    return plant.enterprise.supervisor if act.about in ("agency", "contact") else plant.enterprise


def path_of(act: ListedAct, record: Any, plant: Plant) -> tuple[str, dict[str, Any]]:
    match act.address:
        case "warning-act":
            return f"/warnings/{plant.warning.number}/{act.verb}/", {"text": "x"}
        case "finding-act":
            return f"/findings/{record.pk}/{act.verb}/", {"text": "x", "how": "immediate"}
        case "file-act":
            return f"/files/{record.pk}/{act.verb}/", {"text": "x"}
        case "alarms-acknowledge":
            return "/alarms/acknowledge/", {"alarm": [record.pk]}
        case "shelve":
            return "/alarms/shelve/", {"alarm": [record.pk], "minutes": 60, "reason": "x"}
        case "filing-act" | "shelving-act" | "suppression-act":
            return f"/alarms/{act.about}s/{record.pk}/{act.verb}/", {"text": "x"}
        case "point-limits":
            return f"/points/{record.code}/limits/", {"hh": "99", "reason": "x"}
        case "change-act":
            return f"/changes/{record.pk}/{act.verb}/", {"text": "x"}
        case "identification-act":
            return f"/identifications/{record.pk}/{act.verb}/", {"text": "x", "why": "process"}
        case "identification-new":
            return f"/identifications/new/?enterprise={record.code}", {"unit": "x"}
        case "filing-new":
            return f"/alarms/filings/new/?enterprise={record.code}", {"kind": "overhaul", "reason": "x"}
        case "suppression-new":
            return f"/alarms/suppressions/new/?enterprise={record.code}", {"name": "x"}
        case address if address.startswith("entry-new:"):
            return f"/ledgers/{address.partition(':')[2]}/new/?enterprise={record.code}", {"tag": "x"}
        case address if address.startswith("ledger-entry-act:"):
            return f"/ledgers/{record.ledger}/{record.pk}/{act.verb}/", {"text": "x"}
        case "commitment-today-act":
            return f"/commitments/{record.enterprise.code}/{act.verb}/", {"name": "x"}
        case "special-today-act":
            return f"/special-work/{record.enterprise.code}/{act.verb}/", {"content": "x"}
        case "special_work-act":
            return f"/special-work/works/{record.pk}/{act.verb}/", {"text": "x"}
        case "special_work_day-act":
            return f"/special-work/days/{record.pk}/{act.verb}/", {"text": "x"}
        case "unit-state-act":
            return f"/unit-states/{record.pk}/{act.verb}/", {"text": "x"}
        case "unit-state-new":
            return f"/unit-states/new/?enterprise={record.code}", {"reason": "x"}
        case "work-unit-act":
            return f"/commitments/unit/{record.pk}/{act.verb}/", {"risk": "low", "risks": "x", "measures": "x"}
        case "pause-lift":
            return f"/operations/pauses/{record.pk}/lift/", {}
        case "rule-change":
            return f"/rulebook/spot_check.county.daily/change/?place={record.code}", {"value": "9"}
        case "my-contacts-act":
            return f"/me/contacts/{act.verb}/", {"contact": record.pk}
        case "channels-act":
            return f"/operations/channels/{act.verb}/", {"contact": record.pk}
    raise AssertionError(f"say how {act.key} is tried")


def somebody(world: World, who: str, name: str, *grants: tuple[str, str]) -> User:
    """A person of that name with these roles: ``enterprise`` is the first plant, ``other`` the one in county-b."""
    user = User(username=who, person=Person.objects.create(code=f"p-{who}", name=name))
    user.set_unusable_password()
    user.save()
    plants = {"enterprise": "a1", "other": "b1"}
    for role, where in grants:
        unit = (
            {"enterprise": world.plants[plants[where]].enterprise}
            if where in plants
            else {"agency": world.agencies[where]}
        )
        Grant.objects.create(user=user, role=role, valid_from=world.now - timedelta(days=1), **unit)
    world.users[who] = user
    return user


def roles(where: str) -> Iterator[str]:
    for role in Role.values:
        if where != "enterprise" or role in OF_ENTERPRISES:
            yield role


def rights(world: World, act: ListedAct, record: Any) -> list[tuple[str, str]]:
    """The roles and places that make the act somebody's, as the act itself answers."""
    found = []
    owner = owner_of(act, world.plants["a1"])
    for where in HERE:
        for role in roles(where):
            user = somebody(world, f"u{where}-{role}".replace("_", "-"), "示例", (role, where))
            if act.may(stand(user, owner, world.now), record):
                found.append((role, where))
    return found


def tried(world: World, who: str, act: ListedAct, record: Any) -> int:
    path, values = path_of(act, record, world.plants["a1"])
    return int(world.client(who).post(path, values).status_code)


def refused(who: str) -> int:
    return Entry.objects.filter(act=REFUSED, actor=f"person:p-{who}").count()


OF_THE_POST = {"warning-act:confirm", "commitment-today-act:commit"}
"""A matter of the post, not of a role."""


@pytest.mark.case("D1")
@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("key", IDS)
def test_a_role_held_elsewhere_does_no_act_here(world: World, key: str) -> None:
    """Two hats: a viewer above, who therefore sees the record, and the very role of the act in the next county."""
    act, plant = next(each for each in every_act() if each.key == key), world.plants["a1"]
    record = record_of(act, plant)
    there = {("other" if where == "enterprise" else "county-b", role) for role, where in rights(world, act, record)}
    grants = [(role, where) for where, role in sorted(there)] or [(Role.DUTY_HOLDER, "other")]
    user = somebody(world, "liang", "示例两帽", (Role.VIEWER, "city-1"), *grants)
    assert not act.may(stand(user, owner_of(act, plant), world.now), record) or key == "pause-lift"
    if key == "pause-lift":
        return  # any role in an agency above lifts a pause, a viewer's as well
    before = state_of(plant)
    assert tried(world, "liang", act, record) == 403
    assert state_of(plant) == before
    assert refused("liang") == 1


@pytest.mark.case("D1")
@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("key", IDS)
def test_a_namesake_of_whoever_may_is_a_stranger(world: World, key: str) -> None:
    act, plant = next(each for each in every_act() if each.key == key), world.plants["a1"]
    record = record_of(act, plant)
    held = rights(world, act, record)
    if key not in OF_THE_POST:
        assert held, "nobody may do this at all"
        first = somebody(world, "first", "王伟", held[0])
        assert act.may(stand(first, owner_of(act, plant), world.now), record)
        if key not in STATE_BOUND:
            assert tried(world, "first", act, record) != 403
    else:
        Person.objects.filter(pk__in=[person.pk for person in plant.holders.values()]).update(name="王伟")
    second = somebody(world, "second", "王伟", (Role.VIEWER, "county-a"))
    by = stand(second, owner_of(act, plant), world.now)
    if key == "pause-lift":
        return
    assert not act.may(by, record)
    assert tried(world, "second", act, record) == 403
    assert refused("second") == 1


STATE_BOUND = {"warning-act:report"}
"""Open to nobody until the warning is over, and answered 403 before."""


@pytest.mark.case("D7")
def test_a_visit_that_was_asked_of_the_former_county_is_answered_by_the_present_one(world: World) -> None:
    plant = world.plants["a2"]
    order = record_of(next(act for act in every_act() if act.about == "order"), plant)
    for county in ("county-a", "county-b", "city-1"):
        somebody(world, county, f"示例{county}", (Role.DUTY_OFFICER, county))
    path = f"/warnings/{plant.warning.number}/answer/"
    form = {"persons": "示例", "findings": "已核实", "measures": "已督办", "result": "已整改"}
    assert world.client("county-b").post(path, form).status_code == 404
    Enterprise.objects.by_the_machine().filter(pk=plant.enterprise.pk).update(
        county=world.agencies["county-b"], supervisor=world.agencies["county-b"], town=None, park=None
    )
    assert world.client("county-a").post(path, form).status_code == 404
    assert world.client("city-1").post(path, form).status_code == 403
    for login, owes in (("county-b", True), ("city-1", False), ("county-a", False)):
        asked = world.client(login).get("/todo/").context["asked"]
        assert (TaskKind.ANSWER in {task.kind for task in asked.tasks}) is owes, login
    assert world.client("county-b").post(path, form).status_code == 302
    order.refresh_from_db()
    assert (order.answered_at is not None, order.answered_by) == (True, "示例county-b")


def test_every_act_on_a_record_stands_in_the_table() -> None:
    """`ADDRESSES` of the permission suite names what is tried by POST; reading a notice is no act on a record."""
    assert {act.address.partition(":")[0] for act in every_act()} >= set(ACTS) - {"warning-read", "todo-read"}


@pytest.mark.case("D1")
def test_today_s_list_shows_one_s_own_acts_and_not_a_namesake_s(world: World) -> None:
    first = somebody(world, "first", "王伟", (Role.DUTY_OFFICER, "county-a"))
    somebody(world, "second", "王伟", (Role.DUTY_OFFICER, "county-a"))
    number = world.plants["a1"].warning.number
    assert world.client("first").post(f"/warnings/{number}/remark/", {"text": "已了解"}).status_code == 302
    assert first.person is not None
    assert Done.objects.get().actor_id == f"person:{first.person.code}"
    shown = {
        who: [each.words for each in world.client(who).get("/todo/").context["done"]] for who in ("first", "second")
    }
    assert shown == {"first": ["跟踪反馈"], "second": []}


def test_a_stand_towards_one_owner_is_worth_nothing_for_another(world: World) -> None:
    from anlan.apps.org.access import WrongStand
    from anlan.apps.warnings import services

    by: Stand = stand(world.users["county"], world.plants["a1"].enterprise, world.now)
    with pytest.raises(WrongStand):
        services.remark(world.plants["a2"].warning, by=by, at=world.now, text="x")
    assert not refusals(world.plants["a2"])
