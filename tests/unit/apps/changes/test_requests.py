"""An enterprise asks for changes of how it is watched, its county decides, the register follows or stays (DQ-11)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from tests.hats import called, officer, staff
from tests.unit.apps.enrolment.test_import import NOW, bring, county
from tests.unit.apps.enrolment.workbooks import CODE, PLANT, WHOLE, book

from anlan.apps.changes import services
from anlan.apps.changes.models import ChangeRequest
from anlan.apps.changes.selectors import changes_visible
from anlan.apps.enrolment import services as enrolment
from anlan.apps.enrolment.services import Asks
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.org.scope import NOTHING, Scope
from anlan.apps.registry.models import Camera, Enterprise, Point, Revision
from anlan.refused import Refused

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)
POINT = f"{CODE}001G0001YL001"
WHY = "安全阀整定值经设计院复核"


@pytest.fixture
def point() -> Point:
    bring(book(WHOLE))
    return the_point()


def the_point() -> Point:
    rows = Point.objects.by_the_machine()
    return rows.select_related("enterprise__supervisor", "device", "gateway", "source").get()


def asked(point: Point, at: datetime = NOW, **wanted: Any) -> ChangeRequest:
    found = services.change_limits(point, wanted, by=staff(point), at=at, reason=WHY)
    assert found is not None
    return found


@pytest.mark.req("DQ-11")
def test_a_threshold_changes_when_its_county_approves_and_old_and_new_are_kept(point: Point) -> None:
    request = asked(point, hh=1.75)
    assert (the_point().hh, request.state, request.loosens) == (1.58, "asked", 1)
    services.approve(request, by=officer(point), at=LATER, note="同意")
    request.refresh_from_db()
    assert (request.state, request.decided_by, request.note, the_point().hh) == ("approved", "示例值班", "同意", 1.75)
    newest = Revision.objects.by_the_machine().filter(subject=f"point:{POINT}").last()
    assert newest is not None
    assert (newest.before, newest.after, newest.reason) == ({"hh": 1.58}, {"hh": 1.75}, WHY)
    assert (newest.request, newest.actor_id, newest.valid_from) == (request.about, "person:示例值班", LATER)
    entry = Entry.objects.get(act="limits_changed")
    assert (entry.before["hh"], entry.after["hh"], entry.actor) == (1.58, 1.75, "person:示例值班")
    with pytest.raises(Refused, match="已批准"):
        services.approve(request, by=officer(point), at=LATER)
    assert not Finding.objects.by_the_machine().exists()


def test_what_is_not_approved_changes_nothing_and_everything_said_stays(point: Point) -> None:
    request = asked(point, hh=1.75)
    with pytest.raises(Refused, match="原因"):
        services.refuse(request, by=officer(point), at=LATER, note=" ")
    services.refuse(request, by=officer(point), at=LATER, note="无附件")
    request.refresh_from_db()
    assert (request.state, request.note, request.reason, request.rows[0]["after"]) == (
        "refused", "无附件", WHY, {"hh": 1.75}
    )  # fmt: skip
    assert the_point().hh == 1.58
    assert asked(point, hh=1.75).pk != request.pk, "asked for again it is another request"


def test_the_same_asked_twice_is_one_request_and_no_change_is_none(point: Point) -> None:
    assert asked(point, hh=1.75).pk == asked(point, at=LATER, hh=1.75).pk
    with pytest.raises(Refused, match="没有改动"):
        asked(point, hh=1.58)
    with pytest.raises(Refused, match="理由"):
        services.change_limits(point, {"hh": 1.75}, by=staff(point), at=NOW, reason=" ")
    with pytest.raises(Refused):
        asked(point, hh=0.1)
    assert ChangeRequest.objects.by_the_machine().count() == 1
    assert the_point().revision == 1


def test_a_row_that_changed_meanwhile_is_refused_in_words_and_all_others_with_it(point: Point) -> None:
    rows = asked(point, hh=1.75).rows
    services.change_limits(point, {"hh": 1.6}, by=officer(point), at=LATER, reason="复核")
    assert the_point().hh == 1.6
    with pytest.raises(Refused, match=r"高高限已改为 1\.6（申请时 1\.58）"):
        services.approve(ChangeRequest.objects.by_the_machine().get(), by=officer(point), at=LATER)
    assert the_point().hh == 1.6
    camera = Camera.objects.by_the_machine().get()
    other = {
        "sheet": "摄像头", "code": camera.code, "name": camera.name, "before": {"name": camera.name},
        "after": {"name": "别名"}, "loosens": [],
    }  # fmt: skip
    both = services.ask(point.enterprise, [other, *rows], by=staff(point), at=LATER, reason=WHY)
    with pytest.raises(Refused):
        services.approve(both, by=officer(point), at=LATER)
    assert Camera.objects.by_the_machine().get().name == camera.name, "all rows or none"
    services.approve(
        services.ask(point.enterprise, [other], by=staff(point), at=LATER, reason=WHY), by=officer(point), at=LATER
    )
    assert Camera.objects.by_the_machine().get().name == "别名"
    revision = Revision.objects.by_the_machine().get(subject=f"camera:{camera.code}", number=2)
    assert (revision.before, revision.after) == ({"name": camera.name}, {"name": "别名"})


def test_what_was_taken_back_or_has_expired_is_refused_in_words(point: Point) -> None:
    request = asked(point, hh=1.75)
    services.withdraw(request, by=staff(point), at=LATER)
    with pytest.raises(Refused, match="已撤回"):
        services.approve(request, by=officer(point), at=LATER)
    request = asked(point, hh=1.75)
    late = request.expires_at + timedelta(seconds=1)
    with pytest.raises(Refused, match="已过期"):
        services.approve(request, by=officer(point), at=late)
    obligations.run_due(late)
    obligations.run_due(late)
    request.refresh_from_db()
    assert (request.state, request.ended_at) == ("expired", request.expires_at)
    assert the_point().hh == 1.58


def test_nobody_decides_who_has_no_right_to_nor_about_what_they_asked_for(point: Point) -> None:
    request = asked(point, hh=1.75)
    for nobody in (staff(point), officer(point, role="viewer"), officer(point, "丙")):
        with pytest.raises(PermissionDenied):
            services.approve(request, by=nobody, at=LATER)
    with pytest.raises(PermissionDenied):
        services.change_limits(point, {"hh": 1.6}, by=officer(point, role="viewer"), at=LATER, reason=WHY)
    with pytest.raises(PermissionDenied):
        services.ask(point.enterprise, request.rows, by=officer(point), at=LATER, reason=WHY)
    assert the_point().hh == 1.58


@pytest.mark.req("DQ-11")
def test_a_workbook_of_the_enterprise_makes_one_request_and_what_is_new_comes_in(point: Point) -> None:
    own = Scope(enterprise_ids=(Enterprise.objects.by_the_machine().get().pk,))
    changed = PLANT["点位"][0] | {"高高限": 1.75, "启用": "否"}
    camera = PLANT["摄像头"][0] | {"名称": "罐区西北"}
    content = book({"点位": [changed], "摄像头": [camera]})
    asks = Asks(asks=True, reason=WHY)
    before = enrolment.preview(content, own, by=called("own"), at=NOW, asks=True)
    done = enrolment.bring_in(content, own, by=called("own"), at=NOW, asks=asks)
    assert before.plain()["totals"] == done.report.plain()["totals"]
    assert (done.report.total("asked"), done.report.total("changed")) == (2, 0)
    request = changes_visible(county()).get()
    assert not changes_visible(NOTHING).exists()
    assert [row["sheet"] for row in request.rows] == ["点位", "摄像头"]
    assert request.rows[0]["loosens"] == ["is_active", "hh"]
    assert (the_point().hh, the_point().is_active) == (1.58, True)
    enrolment.bring_in(content, own, by=called("own"), at=LATER, asks=asks)
    assert ChangeRequest.objects.by_the_machine().count() == 1, "handed in again it is the same request"
    services.approve(request, by=officer(point), at=LATER)
    assert (the_point().hh, the_point().is_active) == (1.75, False)
    assert Camera.objects.by_the_machine().get().name == "罐区西北"
    assert not Finding.objects.by_the_machine().exists()
    assert not Clue.objects.by_the_machine().exists()


def test_every_record_that_came_with_a_workbook_has_its_first_revision(point: Point) -> None:
    rows = Revision.objects.by_the_machine()
    assert {row.kind for row in rows} == {"enterprise", "source", "gateway", "device", "point", "camera", "holder"}
    assert all(row.number == 1 and row.actor_id == "person:op" for row in rows if row.kind != "holder")
    assert rows.get(subject=f"point:{POINT}").after["hh"] == 1.58
