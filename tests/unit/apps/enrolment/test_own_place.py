"""Nobody lifts the own unit or the own rights: who stands above decides, and a seat has one holder."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tests.unit.apps.enrolment.test_import import NOW, bring, county, refusals
from tests.unit.apps.enrolment.workbooks import PLACES, PLANT, WHOLE, book

from anlan.apps.accounts.models import Grant
from anlan.apps.org.models import Agency, Person
from anlan.apps.org.scope import EVERYTHING, Scope
from anlan.apps.registry.models import Enterprise, Park

pytestmark = pytest.mark.django_db
CITY, COUNTY, PARK = PLACES["机构"]


def agencies(*rows: dict[str, Any]) -> bytes:
    return book({"机构": [{"国家级席位": None, "性质": None, "行政区划代码": None} | row for row in rows]})


@pytest.mark.case("G2")
@pytest.mark.parametrize(
    ("title", "value", "reason"),
    [
        ("层级", "省", "只能由上级机构的管理员修改"),
        ("层级", "部", "只能由上级机构的管理员修改"),
        ("性质", "其他部门", "只能由上级机构的管理员修改"),
        ("行政区划代码", "990131", "只能由上级机构的管理员修改"),
        ("国家级席位", "安科院监测预警中心", "国家级席位：只有系统管理员可以登记"),
        ("上级代号", None, "改上级：只有系统管理员可以登记"),
    ],
)
def test_an_agency_does_not_lift_itself(title: str, value: Any, reason: str) -> None:
    bring(book(PLACES))
    before = Agency.objects.by_the_machine().values().get(code="demo-county")
    found = refusals(bring(agencies(COUNTY | {title: value}), county()).report)
    assert found == {("机构", 2): [f"{title}: {reason}"]}
    assert Agency.objects.by_the_machine().values().get(code="demo-county") == before


@pytest.mark.case("G2")
def test_the_superior_changes_level_kind_and_region_and_the_agency_its_own_name_and_telephone() -> None:
    bring(book(PLACES))
    own = COUNTY | {"名称": "示例东县应急局", "值班电话": "000-9"}
    assert refusals(bring(agencies(own), county()).report) == {}
    above = own | {"性质": "其他部门", "行政区划代码": "990131"}
    assert refusals(bring(agencies(above), county("demo-city")).report) == {}
    changed = Agency.objects.by_the_machine().get(code="demo-county")
    assert (changed.name, changed.kind, changed.region.code) == ("示例东县应急局", "other", "990131")


@pytest.mark.case("G2")
@pytest.mark.parametrize(("level", "kind"), [("省", None), ("县", None), ("部", "技术支撑单位")])
def test_nobody_makes_a_unit_below_that_stands_above(level: str, kind: str | None) -> None:
    bring(book(PLACES))
    row = {"机构代号": "new", "名称": "示例新单位", "层级": level, "性质": kind, "上级代号": "demo-county"}
    assert "层级: 须低于上级机构（县）" in refusals(bring(agencies(row), county()).report)["机构", 2]
    below = row | {"层级": "县" if kind else "镇街"}
    assert refusals(bring(agencies(below), county()).report) == {}


@pytest.mark.case("G2")
def test_a_subordinate_is_not_lifted_either() -> None:
    bring(book(PLACES))
    found = refusals(bring(agencies(COUNTY | {"层级": "市"}), county("demo-city")).report)
    assert found == {("机构", 2): ["层级: 须低于上级机构（市）"]}


@pytest.mark.case("G2")
def test_a_seat_has_one_holder_whoever_registers() -> None:
    bring(book(PLACES))
    seat = {"国家级席位": "安科院监测预警中心"}
    assert refusals(bring(agencies(CITY | seat), EVERYTHING).report) == {}
    found = refusals(bring(agencies(COUNTY | seat), EVERYTHING).report)
    assert found == {("机构", 2): ["国家级席位: 席位已由 示例市局（demo-city）担任；先取消那里的"]}
    moved = bring(agencies(CITY | {"国家级席位": None}, COUNTY | seat), EVERYTHING)
    assert refusals(moved.report) == {}


def another_county() -> None:
    bring(agencies(COUNTY | {"机构代号": "other", "名称": "别县局"}))


@pytest.mark.case("G2")
@pytest.mark.parametrize("title", ["县机构", "监管部门", "镇街机构"])
def test_an_enterprise_is_not_laid_at_a_strangers_door(title: str) -> None:
    bring(book(WHOLE))
    another_county()
    rows = {"企业": [PLANT["企业"][0] | {title: "other"}]}
    found = refusals(bring(book(rows), county()).report)
    assert found == {("企业", 2): [f"{title}: 不在您的管辖范围内"]}
    assert Enterprise.objects.by_the_machine().get().county.code == "demo-county"


@pytest.mark.case("G2")
def test_a_park_is_not_given_to_a_stranger() -> None:
    bring(book(PLACES))
    another_county()
    bring(agencies(PARK | {"机构代号": "far", "名称": "别县园区", "上级代号": "other"}))
    rows = {"园区": [PLACES["园区"][0] | {"园区管理机构": "far"}]}
    assert refusals(bring(book(rows), county()).report) == {("园区", 2): ["园区管理机构: 不在您的管辖范围内"]}
    assert Park.objects.get().agency.code == "demo-park"


@pytest.mark.case("G2")
def test_nobody_grants_a_role_to_the_own_log_in() -> None:
    rows = deepcopy(WHOLE)
    rows["账号"][0] |= {"角色": "管理员"}
    bring(book(rows))
    own = Scope(enterprise_ids=(Enterprise.objects.get().pk,), person_id=Person.objects.get(code="new-2").pk)
    assert bring(book({"账号": rows["账号"]}), own).report.rows == []
    rows["账号"][0] |= {"角色": "企业主要负责人"}
    found = refusals(bring(book({"账号": rows["账号"]}), own, at=NOW).report)
    assert found == {("账号", 2): ["登录名: 自己的角色由别的管理员登记"]}
    assert [grant.role for grant in Grant.objects.all()] == ["admin"]
