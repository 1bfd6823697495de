"""A preview reads only: it begins no transaction, takes no lock, and says what the import then does."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tests.conformance.test_nothing_to_write import nothing_can_be_written
from tests.hats import called
from tests.unit.apps.enrolment.test_import import NOW, bring, county, rows_of
from tests.unit.apps.enrolment.workbooks import CODE, PLACES, PLANT, WHOLE, book

from anlan.apps.enrolment import services
from anlan.apps.journal.models import Entry
from anlan.apps.org.scope import EVERYTHING, Scope

pytestmark = pytest.mark.django_db
Rows = dict[str, list[dict[str, Any]]]


def looked_at(rows: Rows, scope: Scope = EVERYTHING) -> Any:
    """The preview, while nothing can be written."""
    before = rows_of()
    with nothing_can_be_written() as tried:
        found = services.preview(book(rows), scope, by=called("op"), at=NOW)
    assert (tried, rows_of()) == ([], before)
    return found.plain()


def changed(sheet: str, *more: dict[str, Any]) -> Rows:
    """`WHOLE` with the first row of a sheet changed, and copies of it added, as ``more`` says one after the other."""
    rows = deepcopy(WHOLE)
    first = rows[sheet][0]
    rows[sheet] = [first | each for each in more] + rows[sheet][1:]
    return rows


SECOND = f"{CODE}001G0002"
FILES: dict[str, Rows] = {
    "whole": WHOLE,
    "plant": PLANT,
    "a second device of the same name": changed("设备", {}, {"设备编码": SECOND}),
    "a second point of the same name": changed("点位", {}, {"指标编码": f"{CODE}001G0001YL002"}),
    "a second point of almost the same name": changed(
        "点位", {}, {"指标编码": f"{CODE}001G0001YL002", "指标名称": "压 力"}
    ),
    "a holder from elsewhere": changed("包保责任人", {"人员编号": "new-9"}),
    "another principal": changed("人员与岗位", {"企业主要负责人": None}, {"人员编号": "new-3", "姓名": "示例冯丙"}),
    "a second log-in of one person": changed("账号", {}, {"登录名": "feng-er"}),
    "one log-in of two persons": changed("账号", {}, {"人员编号": "new-1", "机构代号": "demo-city", "企业编码": None,
                                                   "角色": "值班员"}),
    "a log-in that is no name": changed("账号", {"登录名": "冯乙"}),
    "a role of the other kind of unit": changed("账号", {"角色": "值班员"}),
    "a park with the agency of another": changed("园区", {}, {"园区代号": "park-2", "名称": "示例二园"}),
    "two agencies in one seat": changed(
        "机构", {"国家级席位": "安科院监测预警中心"}, {"机构代号": "two", "国家级席位": "安科院监测预警中心"}
    ),
    "a limit out of range and another refused": changed("点位", {"高高限": 9, "设备编码": "none"}),
    "an enterprise that is none": changed("企业", {"企业编码": "12345"}),
    "a person in two units, one refused": changed(
        "人员与岗位", {}, {"机构代号": "demo-county", "企业编码": None, "机构岗位": None, "企业职务": None,
                         "企业主要负责人": None},
    ),
}  # fmt: skip
AFTERWARDS: dict[str, Rows] = {
    "a limit": {"点位": [PLANT["点位"][0] | {"高限": 1.4}]},
    "a limit removed": {"点位": [PLANT["点位"][0] | {"高限": None}]},
    "a swap of names": {"设备": [PLANT["设备"][0] | {"名称": "2号罐"}, PLANT["设备"][0] | {"设备编码": SECOND}]},
    "a move in a ring": {
        "机构": [PLACES["机构"][0] | {"上级代号": "demo-park"}, PLACES["机构"][1] | {"上级代号": None}]
    },
    "a move under the own subordinate": {
        "机构": [PLACES["机构"][1] | {"上级代号": None}, PLACES["机构"][0] | {"上级代号": "demo-park"}]
    },
    "the principal and the post": {
        "人员与岗位": [PLANT["人员与岗位"][1] | {"企业主要负责人": "是"}, PLANT["人员与岗位"][0]],
        "包保责任人": [PLANT["包保责任人"][0] | {"人员编号": "new-2"}, PLANT["包保责任人"][1] | {"人员编号": None}],
    },
    "a role": {"账号": [PLANT["账号"][0] | {"角色": "企业安全管理人员"}]},
    "a role ended": {"账号": [PLANT["账号"][0] | {"启用": "否"}]},
}


@pytest.mark.case("F2")
@pytest.mark.parametrize("what", FILES)
def test_a_preview_of_an_empty_register_says_what_the_import_does(what: str) -> None:
    said = looked_at(FILES[what])
    assert said == bring(book(FILES[what])).report.plain()


@pytest.mark.case("F2")
@pytest.mark.parametrize("what", AFTERWARDS)
def test_a_preview_of_changes_says_what_the_import_does(what: str) -> None:
    bring(book(WHOLE))
    said = looked_at(AFTERWARDS[what])
    assert said["totals"]["changed"] + said["totals"]["refused"] > 0
    assert said == bring(book(AFTERWARDS[what])).report.plain()


@pytest.mark.case("F2")
def test_a_preview_within_a_scope_says_what_the_import_does() -> None:
    bring(book(PLACES))
    said = looked_at(WHOLE, county())
    assert said["totals"]["new"] == sum(len(rows) for rows in PLANT.values()) - len(PLANT["包保责任人"])
    assert said == bring(book(WHOLE), county()).report.plain()


@pytest.mark.case("F2")
def test_an_import_lets_others_write_between_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PIECE", 3)
    bring(book(WHOLE))
    acts = Entry.objects.filter(act="register_imported", chain__key=f"enterprise:{CODE}")
    assert acts.count() == -(-sum(len(rows) for rows in PLANT.values()) // 3)
    before = rows_of()
    assert bring(book(WHOLE)).report.rows == []
    assert rows_of() == before
