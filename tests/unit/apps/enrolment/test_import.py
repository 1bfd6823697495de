"""A register workbook: previewed without a trace, brought in once, the same again changes nothing, faults are named."""

from __future__ import annotations

import io
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.hats import called
from tests.unit.apps.enrolment.workbooks import CODE, PLACES, PLANT, WHOLE, book, changed

from anlan.apps.accounts.models import Grant, User
from anlan.apps.enrolment import services
from anlan.apps.enrolment.services import Unreadable
from anlan.apps.enrolment.workbook import write
from anlan.apps.journal.models import Chain, Entry
from anlan.apps.journal.services import broken
from anlan.apps.org.models import Agency, Person, Region
from anlan.apps.org.scope import EVERYTHING, Scope
from anlan.apps.registry.models import Camera, Device, DutyHolder, Employment, Enterprise, Gateway, HazardSource, Point
from anlan.apps.registry.selectors.equipment import gateways_with

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 3, 1, tzinfo=UTC)
TABLES = (
    Region,
    Agency,
    Person,
    Enterprise,
    HazardSource,
    Device,
    Point,
    Gateway,
    Camera,
    DutyHolder,
    User,
    Entry,
    Chain,
)


def bring(content: bytes, scope: Scope = EVERYTHING, at: datetime = NOW) -> services.Done:
    return services.bring_in(content, scope, by=called("op"), at=at)


def refusals(report: Any) -> dict[tuple[str, int], list[str]]:
    """Every refused row with its reasons, each as column: reason."""
    return {
        (row["sheet"], row["line"]): [f"{each['column']}: {each['reason']}" for each in row["details"]]
        for row in report.rows
        if row["state"] == "refused"
    }


def rows_of() -> list[int]:
    return [table._default_manager.count() for table in TABLES]


def test_an_empty_installation_gets_its_first_enterprise_from_one_workbook() -> None:
    done = bring(book(WHOLE))
    assert refusals(done.report) == {}
    assert done.report.total("new") == sum(len(rows) for rows in WHOLE.values()) - 2
    enterprise = Enterprise.objects.get()
    assert (enterprise.supervisor.code, enterprise.park.code, enterprise.principal.name) == (
        "demo-county", "park-1", "示例冯甲",
    )  # fmt: skip
    point = Point.objects.get()
    assert (point.source.code, point.hh, point.no_data_s, point.is_active) == (f"{CODE}001", 1.58, 60.0, True)
    held = {holder.post: holder.person.code for holder in DutyHolder.objects.all()}
    assert held == {"main": "new-1", "operations": "new-2"}
    assert Employment.objects.count() == 2
    gateway = gateways_with([f"{CODE}01"]).get()
    assert len(done.keys[gateway.code]) >= 32
    user = User.objects.get(username="feng-yi")
    assert user.check_password(done.passwords["feng-yi"])
    assert user.scope(NOW).enterprise_ids == (enterprise.pk,)
    assert list(broken()) == []


def test_a_preview_says_the_same_and_leaves_no_trace() -> None:
    before = rows_of()
    preview = services.preview(book(WHOLE), EVERYTHING, by=called("op"), at=NOW)
    assert rows_of() == before
    assert preview.plain() == bring(book(WHOLE)).report.plain()


def test_the_same_workbook_and_an_export_change_nothing() -> None:
    bring(book(WHOLE))
    for content in (book(WHOLE), write(EVERYTHING)):
        before = rows_of()
        again = bring(content, at=NOW + timedelta(days=1))
        assert (again.report.rows, again.keys, again.passwords) == ([], {}, {})
        assert rows_of() == before


def test_each_enterprise_has_one_act_in_its_journal_and_no_phone_in_it() -> None:
    bring(book(WHOLE))
    bring(changed(book(WHOLE), "人员与岗位", 2, "手机", "138 0000 0002"), at=NOW + timedelta(days=1))
    acts = Entry.objects.filter(chain__key=f"enterprise:{CODE}", act="register_imported").order_by("seq")
    assert [set(entry.after) for entry in acts] == [set(PLANT), {"人员与岗位"}]
    assert "1380000" not in str([entry.after for entry in acts])
    assert Entry.objects.filter(chain__key="installation", act="register_imported").count() == 1
    assert Person.objects.get(code="new-1").phone == "13800000002"


@pytest.mark.req("DQ-12")
def test_a_changed_limit_keeps_its_history() -> None:
    bring(book(WHOLE))
    done = bring(changed(book(WHOLE), "点位", 2, "高限", 1.4), at=NOW + timedelta(days=1))
    assert [row["details"] for row in done.report.rows] == [[{"column": "高限", "old": "1.5", "new": "1.4"}]]
    entry = Entry.objects.get(act="limits_changed")
    assert (entry.before["h"], entry.after["h"], entry.actor) == (1.5, 1.4, "person:op")
    assert Point.objects.get().revision == 2


def test_a_new_holder_ends_the_former_and_a_blank_one_leaves_the_post_vacant() -> None:
    bring(book(WHOLE))
    later = NOW + timedelta(days=1)
    bring(changed(book(WHOLE), "包保责任人", 3, "人员编号", "new-1"), at=later)
    former = DutyHolder.objects.get(post="operations", person__code="new-2")
    assert former.valid_until == later
    bring(changed(book(WHOLE), "包保责任人", 3, "人员编号", None), at=later + timedelta(days=1))
    assert not DutyHolder.objects.filter(post="operations", valid_until__isnull=True).exists()


@pytest.mark.parametrize(
    ("sheet", "line", "title", "value", "column", "reason"),
    [
        ("区划", 2, "行政区划代码", "99", "行政区划代码", "六位或九位"),
        ("机构", 3, "上级代号", "nowhere", "上级代号", "“机构”中没有 nowhere"),
        ("机构", 3, "层级", "州", "层级", "不在可选项中：部、省"),
        ("机构", 3, "机构代号", "有 空白", "机构代号", "空白"),
        ("园区", 2, "园区管理机构", "demo-city", "园区管理机构", "层级不是化工园区"),
        ("企业", 2, "企业编码", "12345", "企业编码", "不是"),
        ("企业", 2, "企业名称", None, "企业名称", "必须填写"),
        ("企业", 2, "类别", "化工厂", "类别", "不在可选项中"),
        ("人员与岗位", 2, "机构代号", "demo-county", "机构代号", "之一"),
        ("重大危险源", 2, "重大危险源编码", "990131102001", "重大危险源编码", "不是该企业的"),
        ("重大危险源", 2, "企业编码", "990131102", "企业编码", "没有企业 990131102"),
        ("网关", 2, "采集周期（秒）", "快", "采集周期（秒）", "不是数"),
        ("设备", 2, "类型", "坦克", "类型", "不在可选项中"),
        ("点位", 2, "高限", 1.6, "", "低低限 < 低限 < 高限 < 高高限"),
        ("点位", 2, "高高限", 3, "", "超出仪表量程"),
        ("点位", 2, "量程上限", "无", "量程上限", "不是数"),
        ("摄像头", 2, "中控室", "对", "中控室", "只能填 是 或 否"),
        ("包保责任人", 3, "人员编号", "nobody", "人员编号", "没有人员 nobody"),
        ("账号", 2, "角色", "值班员", "角色", "不属于该类单位"),
        ("账号", 2, "登录名", "冯乙", "登录名", ""),
    ],
)
def test_a_bad_cell_is_refused_with_its_row_and_column_and_the_rest_is_kept(
    sheet: str, line: int, title: str, value: Any, column: str, reason: str
) -> None:
    content = changed(book(WHOLE), sheet, line, title, value)
    preview = services.preview(content, EVERYTHING, by=called("op"), at=NOW)
    found = refusals(preview)[sheet, line]
    assert any(each.startswith(f"{column}: ") and reason in each for each in found), found
    done = bring(content)
    assert refusals(done.report) == refusals(preview)
    assert Agency.objects.filter(code="demo-city").exists()


def test_what_refers_to_a_refused_row_is_refused_too_and_the_corrected_workbook_completes_it() -> None:
    first = bring(changed(book(WHOLE), "企业", 2, "企业编码", "12345"))
    assert {sheet for sheet, _ in refusals(first.report)} == set(PLANT)
    assert Agency.objects.count() == 3
    second = bring(book(WHOLE))
    assert refusals(second.report) == {}
    assert Point.objects.count() == 1


def test_two_rows_about_the_same_are_both_refused() -> None:
    twice = deepcopy(WHOLE)
    twice["摄像头"] = [*twice["摄像头"], {**twice["摄像头"][0], "名称": "另一名称"}]
    found = refusals(bring(book(twice)).report)
    assert found == {
        ("摄像头", 2): ["视频编码: 与第 3 行重复"],
        ("摄像头", 3): ["视频编码: 与第 2 行重复"],
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是有效的 xlsx"),
        (b"PK\x03\x04 not really", "不是有效的 xlsx"),
        (b"x" * (9 << 20), "超过 8 MB"),
        (book({"别的": [{"甲": 1}]}), "不认识的工作表：别的"),
        (book({"区划": [{"行政区划代码": "990131", "名字": "县"}]}), "不认识的列：名字"),
        (book({"区划": [{"行政区划代码": "990131"}]}), "缺少列：名称"),
        (book({"区划": [{"行政区划代码": None, "名称": None}]}), "没有任何一行"),
    ],
    ids=["empty", "no-zip", "large", "sheet", "column", "missing", "no-rows"],
)
def test_a_file_that_is_no_register_workbook_is_refused_whole(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        services.preview(content, EVERYTHING, by=called("op"), at=NOW)


def test_an_agency_moves_with_everything_below_it() -> None:
    bring(book(PLACES))
    more = book({"机构": [{"机构代号": "demo-prov", "名称": "示例省厅", "层级": "省", "上级代号": None}]})
    bring(more)
    bring(changed(book(PLACES), "机构", 2, "上级代号", "demo-prov"))
    province, park = Agency.objects.get(code="demo-prov"), Agency.objects.get(code="demo-park")
    assert park.path.startswith(province.path)
    assert park.path.endswith(f"/{Agency.objects.get(code='demo-county').pk}/{park.pk}/")


@pytest.mark.case("D5")
def test_what_is_changed_further_down_in_the_same_workbook_moves_along() -> None:
    """As people hand it in: exported, the city's superior changed, and a telephone two levels below; what stands
    between them is as it was."""
    bring(book(PLACES))
    bring(book({"机构": [{"机构代号": "demo-prov", "名称": "示例省厅", "层级": "省", "上级代号": None}]}))
    moved = changed(book(PLACES), "机构", 2, "上级代号", "demo-prov")
    bring(changed(moved, "机构", 4, "名称", "示例园区管理办公室"))
    for each in Agency.objects.by_the_machine().select_related("parent"):
        assert each.path == f"{each.parent.path if each.parent else '/'}{each.pk}/", each.code
    assert Agency.objects.get(code="demo-park").name == "示例园区管理办公室"


@pytest.mark.case("D5")
def test_two_that_stand_above_one_another_move_in_one_workbook() -> None:
    bring(book(PLACES))
    bring(book({"机构": [{"机构代号": "demo-prov", "名称": "示例省厅", "层级": "省", "上级代号": None}]}))
    moved = changed(book(PLACES), "机构", 2, "上级代号", "demo-prov")
    bring(changed(moved, "机构", 3, "上级代号", "demo-prov"))
    for each in Agency.objects.by_the_machine().select_related("parent"):
        assert each.path == f"{each.parent.path if each.parent else '/'}{each.pk}/", each.code


def test_an_account_is_stopped_and_given_another_role_with_history() -> None:
    bring(book(WHOLE))
    bring(changed(book(WHOLE), "账号", 2, "角色", "企业安全管理人员"), at=NOW + timedelta(days=1))
    bring(changed(book(WHOLE), "账号", 2, "启用", "否"), at=NOW + timedelta(days=2))
    assert [(grant.role, bool(grant.valid_until)) for grant in Grant.objects.order_by("pk")] == [
        ("duty_holder", True), ("safety_officer", True),
    ]  # fmt: skip
    again = bring(changed(book(WHOLE), "账号", 2, "启用", "否"), at=NOW + timedelta(days=3))
    assert again.report.rows == []


def county(code: str = "demo-county") -> Scope:
    return Scope(agency_paths=(Agency.objects.get(code=code).path,))


def test_an_administrator_registers_in_the_own_subtree_and_nowhere_else() -> None:
    bring(book(PLACES))
    other = {
        "区划": PLACES["区划"],
        "机构": [{"机构代号": "other", "名称": "别县局", "层级": "县", "上级代号": "demo-city"}],
    }
    found = refusals(bring(book(other), county()).report)
    assert found == {("区划", 2): [": 只有系统管理员可以登记"], ("机构", 2): ["上级代号: 不在您的管辖范围内"]}
    assert refusals(bring(book(PLANT), county()).report) == {}
    bring(book(other))
    found = refusals(bring(changed(book(PLANT), "企业", 2, "企业名称", "改名"), county("other")).report)
    assert {sheet for sheet, _ in found} == set(PLANT)
    assert Enterprise.objects.get().name == "示例新厂"


def test_a_row_that_changes_nothing_tells_a_stranger_nothing() -> None:
    bring(book(WHOLE))
    bring(book({"机构": [{"机构代号": "other", "名称": "别县局", "层级": "县", "上级代号": "demo-city"}]}))
    told = bring(book(PLANT), county("other")).report
    assert told.total("unchanged") == 0
    assert told.total("refused") == sum(len(rows) for rows in PLANT.values())


def test_an_enterprise_administrator_keeps_the_own_enterprise_but_not_who_supervises_it() -> None:
    bring(book(WHOLE))
    own = Scope(enterprise_ids=(Enterprise.objects.get().pk,))
    done = bring(changed(book(PLANT), "企业", 2, "企业名称", "示例改名厂"), own)
    assert refusals(done.report) == {}
    assert Enterprise.objects.get().name == "示例改名厂"
    found = refusals(bring(changed(book(PLANT), "企业", 2, "县机构", "demo-city"), own).report)
    assert "县机构: 只能由监管单位的管理员修改" in found["企业", 2]
    away = deepcopy(PLANT["账号"])
    away[0] |= {"登录名": "spy", "机构代号": "demo-county", "企业编码": None, "角色": "管理员"}
    assert refusals(bring(book({"账号": away}), own).report)["账号", 2]
    assert not User.objects.filter(username="spy").exists()


@pytest.mark.case("F13")
def test_the_register_is_set_up_as_people_hand_it_on_and_reads_back_the_same() -> None:
    bring(book(WHOLE))
    content = write(EVERYTHING)
    sheet = load_workbook(io.BytesIO(content))["点位"]
    letter = next(cell.column_letter for cell in sheet[1] if cell.value == "指标编码")
    assert sheet.column_dimensions[letter].width >= len(f"{CODE}001G0001YL001")
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.page_setup.orientation) == ("B2", "$1:$1", "landscape")
    assert sheet.auto_filter.ref.startswith("A1:")
    assert bring(content, at=NOW + timedelta(days=1)).report.rows == []


def _bare(**values: Any) -> dict[str, Any]:
    return PLANT["点位"][0] | values


@pytest.mark.req("MON-03")
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (_bare(设备编码=None), "设备编码"),
        (_bare(计量单位=None), "计量单位"),
        (_bare(高限=None, 高高限=None), "未设置任何阈值"),
    ],
)
def test_a_point_without_device_unit_or_threshold_is_not_brought_in(given: dict[str, Any], reason: str) -> None:
    done = bring(book(WHOLE | {"点位": [given]}))
    assert reason in str(refusals(done.report)["点位", 2])
    assert not Point.objects.exists()
    assert Device.objects.exists(), "the rest is kept"


@pytest.mark.req("MON-03")
def test_two_points_of_one_name_on_one_device_are_refused_with_a_hint_and_told_apart_they_are_taken() -> None:
    second = {"指标编码": f"{CODE}001G0001YL002", "位号": "PT-2"}
    twins = bring(book(WHOLE | {"点位": [_bare(), _bare(**second)]}))
    assert "前缀或后缀" in str(refusals(twins.report))
    assert Point.objects.count() < 2
    apart = bring(book({"点位": [_bare(), _bare(**second, 指标名称="顶部压力")]}))
    assert refusals(apart.report) == {}
    assert {point.name for point in Point.objects.all()} == {"压力", "顶部压力"}
