"""Numbers and mail addresses in the sheet of people and of agencies, as people type them."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest
from tests.unit.apps.enrolment.test_import import NOW, bring, refusals
from tests.unit.apps.enrolment.workbooks import WHOLE, book, changed

from anlan.apps.org.models import Agency, Person

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    "typed", ["+86 138 0000 0009", "138-0000-0009", "１３８０００００００９", "\u202a13800000009\u202c", 13800000009]
)
def test_a_number_of_the_sheet_is_kept_in_its_one_form(typed: object) -> None:
    bring(book(WHOLE))
    done = bring(changed(book(WHOLE), "人员与岗位", 2, "手机", typed), at=LATER)
    assert refusals(done.report) == {}
    assert Person.objects.get(code="new-1").phone == "13800000009"


@pytest.mark.case("B3")
def test_another_spelling_of_the_same_number_changes_nothing() -> None:
    bring(book(WHOLE))
    assert bring(changed(book(WHOLE), "人员与岗位", 2, "手机", "+86 138-0000-0001"), at=LATER).report.rows == []


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    ("column", "typed", "why"),
    [
        ("手机", "13800000001/13800000002", "一处只能填一个号码"),
        ("手机", "1380000", "不是电话号码"),
        ("手机", "13800000001 转 2", "分机"),
        ("邮箱", "a@b.example;c@d.example", "一处只能填一个邮箱"),
        ("邮箱", "a@b", "不是邮箱地址"),
    ],
)
def test_what_is_no_number_or_address_refuses_its_row_with_the_reason(column: str, typed: str, why: str) -> None:
    bring(book(WHOLE))
    sheets = deepcopy(WHOLE)
    sheets["人员与岗位"][0][column] = typed
    found = refusals(bring(book(sheets), at=LATER).report)
    assert list(found) == [("人员与岗位", 2)]
    assert column in found["人员与岗位", 2][0]
    assert why in found["人员与岗位", 2][0]
    assert Person.objects.get(code="new-1").phone == "13800000001"


@pytest.mark.case("B3")
def test_what_stood_in_the_register_before_the_rule_refuses_no_row_that_it_does_not_change() -> None:
    bring(book(WHOLE))
    Person.objects.filter(code="new-1").update(phone="内线 8021")
    same = bring(changed(book(WHOLE), "人员与岗位", 2, "手机", "内线 8021"), at=LATER)
    assert same.report.rows == []


@pytest.mark.case("B3")
def test_a_duty_desk_may_have_a_short_number() -> None:
    bring(
        book(
            {"机构": [{"机构代号": "p1", "名称": "示例省厅", "层级": "省", "上级代号": None, "值班电话": "１２３５０"}]}
        )
    )
    assert Agency.objects.by_the_machine().get(code="p1").duty_phone == "12350"
