"""What waits for whom: holders, staff without a post, desks of agencies; one number in the navigation and the title."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests import neighbours
from tests.hats import holder, staff
from tests.neighbours import World
from tests.reading import plain

from anlan import now as clock
from anlan.apps.accounts.models import Grant, User
from anlan.apps.alarms.models import Alarm
from anlan.apps.delivery.models import Message, Notice
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.org.models import Person, Role
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings import services
from anlan.apps.warnings.models import Warning
from anlan.pages.todo.asked import Asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def asked(world: World, who: str) -> Asked:
    """What the page says waits for ``who``; the title and the navigation say the same number."""
    response = world.client(who).get("/todo/")
    found: Asked = response.context["asked"]
    html = response.content.decode()
    assert response.context["shell"].asked == found.number
    assert f"{found.number} 件事等您" in html if found.number else "件事等您" not in html
    shown = re.search(r'href="/todo/"[^>]*>我的待办 <b[^>]*>(\d+)</b>', plain(html))
    assert shown is not None
    assert int(shown[1]) == found.number
    return found


def kinds(found: Asked) -> dict[str, int]:
    return {kind.title: kind.number for kind in found.kinds}


@pytest.mark.case("F10")
def test_a_desk_is_asked_for_unconfirmed_warnings_findings_approvals_and_notices(world: World) -> None:
    """Two plants of the county: both warnings unconfirmed, both findings to assign, everything unread."""
    found = asked(world, "county")
    assert [(task.kind, task.warning.enterprise.code) for task in found.tasks] == [
        ("urge", neighbours.CODES["a1"]),
        ("urge", neighbours.CODES["a2"]),
    ]
    assert kinds(found) == {"问题待交办": 2}
    told = Message.objects.by_the_machine().filter(agency=world.agencies["county-a"], read_at__isnull=True)
    assert told.exists()
    assert found.unread == 0, "about warnings that stand as cards"
    assert len(found.waiting) == 2, "the two filings"
    assert found.number == 2 + 2 + 2
    assert found.alarms == 0, "alarms are the enterprises' to acknowledge"


@pytest.mark.case("F10")
def test_what_is_done_goes_and_what_is_confirmed_is_followed(world: World) -> None:
    plant = world.plants["a1"]
    services.confirm(plant.warning, by=holder(plant.warning, next(iter(plant.holders.values()))), at=clock.now())
    Finding.objects.by_the_machine().filter(enterprise=plant.enterprise).update(state=FindingState.RECTIFIED)
    found = asked(world, "county")
    told = Message.objects.by_the_machine().filter(agency=world.agencies["county-a"], read_at__isnull=True)
    assert found.unread == told.filter(notice__subject=plant.warning.subject).count() > 0, "followed, and not yet read"
    assert [task.kind for task in found.tasks] == ["urge", "track"]
    assert found.under_way == 1
    assert kinds(found) == {"问题待交办": 1, "问题待核验": 1}
    county = world.client("county")
    for title, number in kinds(found).items():
        [url] = [kind.url for kind in found.kinds if kind.title == title]
        assert county.get(url).context["page"].total == number, "the number opens its rows"


@pytest.mark.case("F10")
def test_the_safety_officer_is_asked_for_the_report_and_the_alarms(world: World) -> None:
    """No duty holder, and yet on the enterprise's staff: the report is theirs to hand in too."""
    plant = world.plants["a1"]
    user = User.objects.create(username="safety", person=Person.objects.create(code="safe", name="示例安全员"))
    since = world.now - timedelta(days=1)
    Grant.objects.create(user=user, role=Role.SAFETY_OFFICER, enterprise=plant.enterprise, valid_from=since)
    world.users["safety"] = user
    found = asked(world, "safety")
    assert ([task.kind for task in found.tasks], found.alarms) == (["track"], 1)
    assert kinds(found) == {"报警未确认": 1}
    now = clock.now()
    Alarm.objects.by_the_machine().update(state="cleared", cleared_at=now, acknowledged_at=now)
    services.clear(Warning.objects.by_the_machine().get(pk=plant.warning.pk), by=staff(plant.warning, "示例"), at=now)
    found = asked(world, "safety")
    assert ([task.kind for task in found.tasks], found.alarms) == (["report"], 0)
    page = world.client("safety").get("/todo/").content.decode()
    assert f"/todo/{plant.warning.number}/report/" in page
    other = HazardSource.objects.create(code=f"{plant.source.code[:9]}002", enterprise=plant.enterprise, name="罐区")
    services.set_level(other, "blue", at=clock.now(), reasons=[], origin="grading")
    kinds_of = [task.kind for task in asked(world, "safety").tasks]
    assert kinds_of == ["track", "report"], "what burns comes before a report about what is over"


@pytest.mark.case("F10")
def test_notices_of_one_warning_are_one_row_and_those_of_none_are_read_in_place(world: World) -> None:
    plant, agency = world.plants["a1"], world.agencies["county-a"]
    services.confirm(plant.warning, by=holder(plant.warning, next(iter(plant.holders.values()))), at=clock.now())
    mine = Message.objects.by_the_machine().filter(agency=agency)
    told = mine.filter(notice__subject=plant.warning.subject).latest("pk")
    for subject, kind in ((plant.warning.subject, "notice"), ("contact:1", "contact")):
        notice = Notice.objects.create(
            key=f"extra {subject}", kind=kind, subject=subject, enterprise=plant.enterprise, level="orange",
            due_at=world.now, sent_at=world.now, title=f"关于 {subject}", body="请核对号码",
        )  # fmt: skip
        told.pk, told.notice = None, notice
        told.save()
    unread = asked(world, "county").unread
    page = world.client("county").get("/todo/")
    rows = {row.notice.title: row.others for row in page.context["messages_to_me"]}
    assert set(rows) == {f"关于 {plant.warning.subject}", "关于 contact:1"}
    assert sum(rows.values()) == unread - 2 > 0
    assert page.context["more_unread"] == 0
    assert "请核对号码" in page.content.decode()
    world.client("county").post(f"/todo/read/{told.pk}/")
    assert asked(world, "county").unread == unread - 1
    world.client("city").post(f"/todo/read/{mine.filter(read_at__isnull=True).latest('pk').pk}/")
    assert asked(world, "county").unread == unread - 1, "somebody else's message stays unread"


@pytest.mark.case("F10")
def test_a_duty_holder_is_not_asked_for_the_sources_of_others(world: World) -> None:
    plant = world.plants["a1"]
    other = HazardSource.objects.create(
        code=f"{plant.source.code[:9]}002", enterprise=plant.enterprise, name="别的罐区"
    )
    services.set_level(other, "yellow", at=clock.now(), reasons=[], origin="grading")
    assert [task.warning.source for task in asked(world, "holder").tasks] == [plant.source]


@pytest.mark.case("F10")
def test_nobody_is_asked_for_what_their_role_cannot_do(world: World) -> None:
    Grant.objects.filter(user=world.users["county"]).update(role=Role.VIEWER)
    found = asked(world, "county")
    assert (found.tasks, found.waiting, found.findings) == ([], [], [])
    assert found.number == found.unread


@pytest.mark.case("F12")
@pytest.mark.parametrize("verb", ["confirm", "measure"])
def test_an_act_reads_what_was_told_about_its_warning(world: World, verb: str) -> None:
    """Confirmed from the phone's card, the dossier never opened: the notices are read at the act."""
    number = world.plants["a1"].warning.number
    person = world.users["holder"].person
    mine = Message.objects.by_the_machine().filter(person=person)
    assert mine.filter(read_at__isnull=True).exists()
    client = world.client("holder")
    assert client.post(f"/warnings/{number}/{verb}/", {"text": "已派人"}).status_code == 302
    assert not mine.filter(read_at__isnull=True).exists()
    others = Message.objects.by_the_machine().filter(agency=world.agencies["county-a"])
    assert not others.filter(read_at__isnull=False).exists(), "nobody reads for somebody else"


@pytest.mark.case("F12")
def test_a_refused_act_reads_nothing(world: World) -> None:
    number = world.plants["a1"].warning.number
    assert world.client("holder").post(f"/warnings/{number}/clear/", {"text": ""}).status_code == 422
    mine = Message.objects.by_the_machine().filter(person=world.users["holder"].person)
    assert not mine.filter(read_at__isnull=False).exists()


@pytest.mark.case("F12")
def test_the_report_reads_the_notices_that_ask_for_it(world: World) -> None:
    plant = world.plants["a1"]
    now = clock.now()
    Alarm.objects.by_the_machine().update(state="cleared", cleared_at=now, acknowledged_at=now)
    services.clear(Warning.objects.by_the_machine().get(pk=plant.warning.pk), by=staff(plant.warning, "示例"), at=now)
    words = {"result": "好", "cause": "阀", "measures": "换", "from": "todo"}
    assert world.client("holder").post(f"/warnings/{plant.warning.number}/report/", words).status_code == 302
    mine = Message.objects.by_the_machine().filter(person=world.users["holder"].person)
    assert not mine.filter(read_at__isnull=True).exists()


@pytest.mark.case("F15")
def test_what_stands_against_clearing_is_said_before_the_click_with_the_act_beside_it(world: World) -> None:
    plant = world.plants["a1"]
    client = world.client("holder")
    address = f"/warnings/{plant.warning.number}/"
    html = client.get(address).content.decode()
    against = html[html.index('<div id="against">') : html.index('class="cols-dossier"')]
    assert 'aria-disabled="true"' in against
    assert 'data-open="act-clear"' not in html
    assert "起因仍在，不能消警或降级：" in against
    assert "监测值超出高高限" in against
    assert f'name="alarm" value="{plant.alarm.pk}"' in against, "the alarm that nobody acknowledged"
    assert 'id="act-clear" class="drawer pad" data-drawer hidden' in client.get(f"{address}?act=clear").content.decode()
    said = {"alarm": plant.alarm.pk, "next": f"{address}#alarms"}
    assert client.post("/alarms/acknowledge/", said).headers["Location"] == f"{address}#alarms"
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert '<div id="against">' in fragment, "it lives with the page"
    assert f'value="{plant.alarm.pk}"' not in fragment
    Alarm.objects.by_the_machine().update(state="cleared", cleared_at=clock.now())
    html = client.get(address).content.decode()
    assert 'data-open="act-clear"' in html
    assert "起因仍在，不能消警" not in html
    assert client.post(f"{address}clear/", {"text": ""}).status_code == 302


@pytest.mark.case("F15")
def test_an_agency_sees_related_alarms_without_an_act_of_the_enterprise(world: World) -> None:
    html = world.client("county").get(f"/warnings/{world.plants['a1'].warning.number}/").content.decode()
    assert 'name="alarm"' not in html
    assert '<div id="against"></div>' in html


@pytest.mark.case("F15")
def test_the_way_to_a_decision_opens_the_act_that_makes_it(world: World) -> None:
    """The county's officer confirms filings; the approver also decides about shelves and suppression rules."""
    Grant.objects.filter(user=world.users["county"]).update(role=Role.APPROVER)
    client = world.client("county")
    found = client.get("/todo/").context["asked"].waiting
    assert {each.verb for each in found} == {"confirm", "approve"}
    html = client.get("/todo/").content.decode()
    for each in found:
        link = f"{each.url}?act={each.verb}"
        assert f'href="{link}#acts"' in html
        page = client.get(link).content.decode()
        assert f'<div id="act-{each.verb}" class="drawer pad" data-drawer>' in page
