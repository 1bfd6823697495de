"""Where a person works now decides who may register about them; a former employer may not."""

from __future__ import annotations

from copy import deepcopy

import pytest
from tests.unit.apps.enrolment.test_import import NOW, bring, refusals
from tests.unit.apps.enrolment.workbooks import WHOLE, book

from anlan.apps.org.models import Agency, Person, Post, Role
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Employment, Enterprise

pytestmark = pytest.mark.django_db


def own() -> Scope:
    """What the enterprise's administrator registers for."""
    return Scope(enterprise_ids=(Enterprise.objects.by_the_machine().get().pk,))


def with_phone(phone: str) -> bytes:
    row = next(each for each in deepcopy(WHOLE["人员与岗位"]) if each["人员编号"] == "new-2")
    return book({"人员与岗位": [row | {"手机": phone}]})


def phone() -> str:
    return Person.objects.get(code="new-2").phone


def leaves() -> None:
    Employment.objects.by_the_machine().filter(person__code="new-2").update(valid_until=NOW)


@pytest.mark.case("G10")
def test_a_former_employer_changes_no_telephone_of_who_works_elsewhere_now() -> None:
    bring(book(WHOLE))
    assert refusals(bring(with_phone("13800000001"), own()).report) == {}
    assert phone() == "13800000001"
    leaves()
    county = Agency.objects.by_the_machine().get(code="demo-county")
    Post.objects.create(person=Person.objects.get(code="new-2"), agency=county, role=Role.DUTY_OFFICER, valid_from=NOW)
    found = refusals(bring(with_phone("13800000002"), own()).report)
    assert found == {("人员与岗位", 2): ["人员编号: 该编号已登记在别的单位"]}
    assert phone() == "13800000001"


@pytest.mark.case("G10")
def test_who_works_nowhere_any_more_is_taken_on_again_by_the_last_employer() -> None:
    bring(book(WHOLE))
    leaves()
    assert refusals(bring(with_phone("13800000003"), own()).report) == {}
    assert phone() == "13800000003"
    assert Employment.objects.by_the_machine().filter(person__code="new-2", valid_until__isnull=True).count() == 1
