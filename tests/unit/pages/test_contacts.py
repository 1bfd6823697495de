"""Pages of contacts and channels: everybody their own, desks by their keepers, the rest masked and refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests import neighbours
from tests.neighbours import World
from tests.unit.apps.delivery.doubles import Line, install

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.delivery.models import Contact
from anlan.apps.delivery.services.contacts import MOST_CONTACTS
from anlan.apps.journal.models import Entry
from anlan.apps.org.access import REFUSED
from anlan.apps.org.models import Deputy, Person, Post, Role
from anlan.channels import ChannelError, Need

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


@pytest.fixture
def lines(monkeypatch: Any) -> dict[str, Line]:
    return install(monkeypatch, Line("sms"), Line("group", Need.NOTHING))


def holder(world: World) -> Person:
    return world.plants["a1"].holders["operations"]


def page(client: Any, path: str = "/me/contacts/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_person_adds_orders_disables_and_enables_their_own(world: World, lines: dict[str, Line]) -> None:
    client, me = world.client("holder"), holder(world)
    form = {"owner": f"person-{me.pk}", "channel": "sms", "address": " 13800000001 ", "order": "2"}
    assert client.post("/me/contacts/add/", form).status_code == 302
    row = Contact.objects.get(person=me)
    assert (row.address, row.order, row.is_enabled) == ("13800000001", 2, True)
    assert "13800000001" in page(client)
    client.post("/me/contacts/order/", {"contact": row.pk, "order": "1"})
    client.post("/me/contacts/disable/", {"contact": row.pk})
    row.refresh_from_db()
    assert (row.order, row.is_enabled) == (1, False)
    client.post("/me/contacts/enable/", {"contact": row.pk})
    row.refresh_from_db()
    assert row.is_enabled
    entries = Entry.objects.filter(subject=f"contact:{row.pk}")
    assert [each.act for each in entries] == [
        "contact_added", "contact_reordered", "contact_disabled", "contact_enabled",
    ]  # fmt: skip
    assert {each.chain.key for each in entries} == {f"enterprise:{world.plants['a1'].enterprise.code}"}
    assert "13800000001" not in str([each.after for each in entries])


@pytest.mark.case("G11")
def test_nobody_has_a_thousand_numbers_that_hold_up_the_letters_of_all(world: World, lines: dict[str, Line]) -> None:
    client, me = world.client("holder"), holder(world)
    numbers = [f"138{10_000_000 + n}" for n in range(MOST_CONTACTS + 1)]
    form = {"owner": f"person-{me.pk}", "channel": "sms", "order": "1"}
    for number in numbers[:-1]:
        assert client.post("/me/contacts/add/", form | {"address": number}).status_code == 302
    refused = client.post("/me/contacts/add/", form | {"address": numbers[-1]})
    assert refused.status_code == 422
    assert "在用的联系方式已有 20 个" in refused.content.decode()
    again = form | {"address": numbers[0], "order": "3"}  # one of them takes another order, and is no further one
    assert client.post("/me/contacts/add/", again).status_code == 302
    first = Contact.objects.get(person=me, address=numbers[0])
    client.post("/me/contacts/disable/", {"contact": first.pk})
    assert client.post("/me/contacts/add/", form | {"address": numbers[-1]}).status_code == 302
    for path in ("/me/contacts/enable/", "/operations/channels/enable/"):
        assert "没有再启用" in client.post(path, {"contact": first.pk}, follow=True).content.decode()
    first.refresh_from_db()
    assert not first.is_enabled
    assert Contact.objects.filter(person=me, is_enabled=True).count() == MOST_CONTACTS


@pytest.mark.parametrize(
    ("address", "channel", "words"), [("abc", "sms", "不是电话号码"), ("13800000001", "fax", "fax")]
)
def test_what_cannot_be_taken_comes_back_with_the_reason(
    world: World, lines: dict[str, Line], address: str, channel: str, words: str
) -> None:
    form = {"owner": f"person-{holder(world).pk}", "channel": channel, "address": address, "order": "1"}
    response = world.client("holder").post("/me/contacts/add/", form)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert address in response.content.decode()
    assert not Contact.objects.by_the_machine().exists()


def test_a_duty_officer_keeps_the_desk_of_their_agency_and_nobody_elses(world: World, lines: dict[str, Line]) -> None:
    county, other = world.agencies["county-a"], world.agencies["county-b"]
    client = world.client("county")
    form = {"channel": "sms", "address": "13800000009", "order": "1"}
    assert client.post("/me/contacts/add/", form | {"owner": f"agency-{county.pk}"}).status_code == 302
    assert client.post("/me/contacts/add/", form | {"owner": f"agency-{other.pk}"}).status_code == 403
    row = Contact.objects.get()
    assert row.agency == county
    assert world.client("stranger").post("/me/contacts/disable/", {"contact": row.pk}).status_code == 404
    assert world.client("city").post("/me/contacts/disable/", {"contact": row.pk}).status_code == 403  # sees it only
    refused = Entry.objects.filter(chain__key="agency:county-a", act=REFUSED)
    assert {entry.actor for entry in refused} == {"person:officer-stranger", "person:officer-city"}
    row.refresh_from_db()
    assert row.is_enabled


def test_the_city_puts_a_contact_of_its_county_back_into_use_and_sees_it_masked(
    world: World, lines: dict[str, Line]
) -> None:
    row = Contact.objects.create(
        person=holder(world), channel="sms", address="13800000001", is_enabled=False, disabled_because="空号"
    )
    for who, sees in (("city", True), ("stranger", False)):
        shown = page(world.client(who), "/operations/channels/")
        assert ("138****0001" in shown) is sees
        assert "13800000001" not in shown
    assert world.client("stranger").post("/operations/channels/enable/", {"contact": row.pk}).status_code == 404
    assert world.client("city").post("/operations/channels/enable/", {"contact": row.pk}).status_code == 302
    row.refresh_from_db()
    assert row.is_enabled
    assert Entry.objects.filter(act="contact_enabled", actor="person:officer-city").count() == 1


def test_a_viewer_may_not_enable(world: World, lines: dict[str, Line]) -> None:
    world.users["city"].grants.update(role="viewer")  # type: ignore[attr-defined]
    row = Contact.objects.create(person=holder(world), channel="sms", address="13800000001", is_enabled=False)
    client = world.client("city")
    assert client.post("/operations/channels/enable/", {"contact": row.pk}).status_code == 403
    assert "channels/enable" not in page(client, "/operations/channels/")


@pytest.mark.case("D6")
def test_with_two_hats_nobody_is_given_a_deputy_of_the_other_unit(world: World) -> None:
    """Both units' people stand in the form of who keeps both; a message does not leave its unit all the same."""
    user = world.users["county"]
    for agency, who in (("county-a", "a"), ("county-b", "b")):
        other = Person.objects.create(code=f"two-{who}", name=f"示例{who}")
        Post.objects.create(person=other, agency=world.agencies[agency], role=Role.DUTY_OFFICER, valid_from=world.now)
    Grant.objects.create(user=user, role=Role.DUTY_OFFICER, agency=world.agencies["county-b"], valid_from=world.now)
    here, there = Person.objects.get(code="two-a"), Person.objects.get(code="two-b")
    answer = world.client("county").post("/me/contacts/deputy/", {"person": here.pk, "deputy": there.pk, "away": "on"})
    assert answer.status_code == 422
    assert "同在一个单位" in answer.content.decode()
    assert not Deputy.objects.exists()
    Post.objects.create(person=there, agency=world.agencies["county-a"], role=Role.VIEWER, valid_from=world.now)
    answer = world.client("county").post("/me/contacts/deputy/", {"person": here.pk, "deputy": there.pk, "away": "on"})
    assert answer.status_code == 302


def test_a_deputy_is_a_colleague_and_the_declaration_ends(world: World) -> None:
    client, me = world.client("holder"), holder(world)
    colleague = world.plants["a1"].holders["technical"]
    stranger = world.plants["b1"].holders["technical"]
    form = {"person": me.pk, "deputy": stranger.pk, "away": "on"}
    assert client.post("/me/contacts/deputy/", form).status_code == 422
    assert client.post("/me/contacts/deputy/", form | {"deputy": me.pk}).status_code == 422
    assert client.post("/me/contacts/deputy/", form | {"deputy": colleague.pk}).status_code == 302
    assert client.post("/me/contacts/deputy/", form | {"deputy": colleague.pk}).status_code == 422  # overlaps
    row = Deputy.objects.get()
    assert (row.person, row.deputy, row.is_away) == (me, colleague, True)
    assert "不在岗，一并告知" in page(client)
    assert world.client("stranger").post("/me/contacts/end-deputy/", {"deputy": row.pk}).status_code == 403
    assert client.post("/me/contacts/end-deputy/", {"deputy": row.pk}).status_code == 302
    row.refresh_from_db()
    assert row.valid_until is not None
    acts = Entry.objects.filter(subject=f"person:{me.code}").values_list("act", flat=True)
    assert list(acts) == ["deputy_declared", "deputy_ended"]


def test_a_test_letter_is_sent_by_an_administrator_and_says_what_came_of_it(
    world: World, lines: dict[str, Line]
) -> None:
    client = world.client("county")
    form = {"channel": "sms", "address": "13800000001"}
    assert client.post("/operations/channels/test/", form).status_code == 403
    world.users["county"].grants.update(role="admin")  # type: ignore[attr-defined]
    answer = client.post("/operations/channels/test/", form, follow=True)
    assert "已接收测试消息" in answer.content.decode()
    assert [letter.address for letter in lines["sms"].taken] == ["13800000001"]
    lines["group"].answers["*"] = ChannelError("群服务 500")
    answer = client.post("/operations/channels/test/", {"channel": "group"}, follow=True)
    assert "群服务 500" in answer.content.decode()
    answer = client.post("/operations/channels/test/", {"channel": "sms", "address": "x"}, follow=True)
    assert "不是电话号码" in answer.content.decode()
    assert Entry.objects.filter(act="test_letter_sent", chain__key="agency:county-a").count() == 2
    assert "13800000001" not in str(list(Entry.objects.values_list("after", flat=True)))


@pytest.mark.case("B3")
def test_a_number_is_kept_in_one_form_and_twice_the_same_is_one_way(world: World, lines: dict[str, Line]) -> None:
    client, me = world.client("holder"), holder(world)
    for typed in ("+86 138 0000 0001", "\u202a138-0000-0001", "１３８０００００００１"):
        form = {"owner": f"person-{me.pk}", "channel": "sms", "address": typed, "order": "1"}
        assert client.post("/me/contacts/add/", form).status_code == 302
    assert [row.address for row in Contact.objects.filter(person=me)] == ["13800000001"]
    old = Contact.objects.create(person=me, channel="sms", address="+86 138 0000 0002")
    form = {"owner": f"person-{me.pk}", "channel": "sms", "address": "13800000002", "order": "3"}
    client.post("/me/contacts/add/", form)
    old.refresh_from_db()
    assert old.order == 3
    assert Contact.objects.filter(person=me).count() == 2


@pytest.mark.case("B3")
@pytest.mark.parametrize("typed", ["13800000001/13800000002", "1380000", "内线 8021"])
def test_what_is_no_number_is_refused_as_a_contact(world: World, lines: dict[str, Line], typed: str) -> None:
    client, me = world.client("holder"), holder(world)
    form = {"owner": f"person-{me.pk}", "channel": "sms", "address": typed, "order": "1"}
    answer = client.post("/me/contacts/add/", form, follow=True)
    assert "没有采用" in answer.content.decode()
    assert not Contact.objects.filter(person=me).exists()
