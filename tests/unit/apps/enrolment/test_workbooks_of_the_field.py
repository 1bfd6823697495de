"""Register workbooks as people, programs and damage leave them: not read is never empty, empty never no limit."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.hats import called
from tests.unit.apps.enrolment.sheets_as_xml import cell_as, part_of, sheet_as
from tests.unit.apps.enrolment.test_import import bring, refusals
from tests.unit.apps.enrolment.workbooks import PLACES, WHOLE, book, changed

from anlan.apps.enrolment import grid, reading, services
from anlan.apps.enrolment.services import Unreadable
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.org.models import Region
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Enterprise, HazardSource, Point

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 3, 1, tzinfo=UTC)


def look(content: bytes) -> Any:
    return services.preview(content, EVERYTHING, by=called("op"), at=NOW)


def place_of(sheet: str, title: str, line: int = 2) -> str:
    """The letter and number of a cell of `WHOLE`, as ``K2``."""
    page = load_workbook(io.BytesIO(book(WHOLE)))[sheet]
    letter = next(cell.column_letter for cell in page[1] if cell.value == title)
    return f"{letter}{line}"


H = place_of("点位", "高限")
LIMIT = next(sheet for sheet in SHEETS if sheet.title == "点位").column("h")


@pytest.fixture
def registered() -> bytes:
    """`WHOLE` is in the register; the same workbook again."""
    bring(book(WHOLE))
    return book(WHOLE)


def refused(content: bytes, sheet: str, line: int = 2) -> str:
    """What the reader itself says about a row, without the register."""
    row = next(row for row in reading.read(content).rows if (row.sheet.title, row.line) == (sheet, line))
    return "；".join(f"{row.sheet.column(key).title}: {reason}" for key, reason in row.faults)


def told(content: bytes) -> str:
    """Everything the reader has to say against a workbook."""
    try:
        found = reading.read(content)
    except Unreadable as unreadable:
        return str(unreadable)
    return "；".join(f"{row.cell(key)} {reason}" for row in found.rows for key, reason in row.faults)


@pytest.mark.case("C1")
@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ('<c r="{0}"><f>J2*0.9</f></c>', "公式没有保存计算结果"),
        ('<c r="{0}"><f>J2*0.9</f><v></v></c>', "公式没有保存计算结果"),
        ('<c r="{0}"><f>J2*0.9</f><v/></c>', "公式没有保存计算结果"),
        ('<c r="{0}" t="shared"><f t="shared" si="7"/></c>', "公式没有保存计算结果"),
        ('<c r="{0}" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c r="{0}" t="e"><v>#REF!</v></c>', "#REF!"),
    ],
)
def test_a_formula_without_its_result_is_not_empty(xml: str, reason: str) -> None:
    assert reason in refused(cell_as(book(WHOLE), "点位", H, xml.format(H)), "点位")


@pytest.mark.case("C1")
def test_a_formula_without_its_result_leaves_the_limit(registered: bytes) -> None:
    bring(cell_as(registered, "点位", H, f'<c r="{H}"><f>J2*0.9</f></c>'))
    assert Point.objects.get().h == 1.5


@pytest.mark.case("C1")
def test_the_refusal_names_sheet_and_cell(registered: bytes) -> None:
    content = cell_as(registered, "点位", H, f'<c r="{H}"><f>J2*0.9</f></c>')
    (row,) = look(content).rows
    assert [each["cell"] for each in row["details"]] == [f"点位!{H}"]


@pytest.mark.case("C1")
def test_a_formula_with_its_result_is_that_result(registered: bytes) -> None:
    bring(cell_as(registered, "点位", H, f'<c r="{H}"><f>J2*0.5</f><v>1.25</v></c>'))
    assert Point.objects.get().h == 1.25


@pytest.mark.case("C1")
def test_a_second_column_of_the_same_title_is_refused() -> None:
    opened = load_workbook(io.BytesIO(book(WHOLE)))
    page = opened["点位"]
    page.cell(1, page.max_column + 1).value = "高限"
    target = io.BytesIO()
    opened.save(target)
    with pytest.raises(Unreadable, match=rf"“高限”.*点位!{H[0]}1.*点位!"):
        reading.read(target.getvalue())


@pytest.mark.case("C1")
@pytest.mark.parametrize("said", ['<dimension ref="A1:J2"/>', '<dimension ref="A1"/>', "", '<dimension ref="B5:B5"/>'])
def test_what_a_sheet_says_about_its_own_size_is_not_believed(registered: bytes, said: str) -> None:
    content = changed(registered, "点位", 2, "高限", 1.2)
    bring(sheet_as(content, "点位", lambda text: re.sub(r"<dimension [^>]*/>", said, text)))
    assert Point.objects.get().h == 1.2


@pytest.mark.case("C1")
def test_rows_behind_many_blank_ones_are_read(registered: bytes) -> None:
    opened = load_workbook(io.BytesIO(registered))
    page = opened["区划"]
    for number, value in enumerate(("990132", "示例西县"), 1):
        page.cell(40_000, number).value = value
    target = io.BytesIO()
    opened.save(target)
    bring(target.getvalue())
    assert Region.objects.filter(code="990132").exists()


@pytest.mark.case("C1")
def test_rows_and_cells_out_of_order_are_read_where_they_say_they_are(registered: bytes) -> None:
    content = changed(registered, "点位", 2, "高限", 1.2)

    def mixed(text: str) -> str:
        first, second = re.findall(r"<row .*?</row>", text)
        cells = re.findall(r"<c .*?(?:/>|</c>)", second)
        turned = re.sub(r"(<row [^>]*>).*(</row>)", lambda m: m[1] + "".join(reversed(cells)) + m[2], second)
        return text.replace(first + second, turned + first)

    bring(sheet_as(content, "点位", mixed))
    assert Point.objects.get().h == 1.2


@pytest.mark.case("C1")
def test_one_cell_that_stands_twice_is_refused() -> None:
    content = cell_as(book(WHOLE), "点位", H, f'<c r="{H}"><v>1.5</v></c><c r="{H}"><v>1.2</v></c>')
    assert "两次" in refused(content, "点位")


@pytest.mark.case("C1")
def test_values_in_a_column_without_title_are_not_dropped() -> None:
    with pytest.raises(Unreadable, match=rf"点位!{H}.*没有列名"):
        reading.read(changed(book(WHOLE), "点位", 1, "高限", None))


@pytest.mark.case("C1")
def test_merged_cells_are_refused_where_they_hide_something(registered: bytes) -> None:
    opened = load_workbook(io.BytesIO(registered))
    page = opened["包保责任人"]
    page.merge_cells("D2:D3")
    target = io.BytesIO()
    opened.save(target)
    found = refusals(look(target.getvalue()))
    assert list(found) == [("包保责任人", 3)]
    assert "合并" in found["包保责任人", 3][0]


@pytest.mark.case("C1")
def test_a_limit_that_would_be_removed_is_told_apart_and_wants_a_word_of_its_own(registered: bytes) -> None:
    content = changed(registered, "点位", 2, "高限", None)
    found = look(content)
    assert (found.total("changed"), found.removed) == (1, 1)
    (row,) = found.rows
    assert row["details"] == [{"column": "高限", "old": "1.5", "new": "", "removed": "去掉高限 1.5"}]
    kept = services.bring_in(content, EVERYTHING, by=called("op"), at=NOW, removing=False)
    assert "去掉高限 1.5" in "；".join(refusals(kept.report)["点位", 2])
    assert Point.objects.get().h == 1.5
    bring(content)
    assert Point.objects.get().h is None


@pytest.mark.case("C1")
@pytest.mark.parametrize(
    ("sheet", "line", "title"), [("点位", 2, "高高限"), ("人员与岗位", 2, "手机"), ("包保责任人", 3, "人员编号")]
)
def test_an_empty_cell_alone_takes_no_protection_away(registered: bytes, sheet: str, line: int, title: str) -> None:
    content = changed(registered, sheet, line, title, None)
    kept = services.bring_in(content, EVERYTHING, by=called("op"), at=NOW, removing=False)
    assert f"空白会去掉{title}" in "；".join(refusals(kept.report)[sheet, line])
    assert bring(registered).report.rows == []
    assert look(content).removed == 1


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    "xml",
    [
        '<c r="{0}"><v>abc</v></c>',
        '<c r="{0}" t="s"><v>99999</v></c>',
        '<c r="{0}" t="s"><v>x</v></c>',
        '<c r="{0}" t="b"><v>maybe</v></c>',
        '<c r="{0}" t="d"><v>neverday</v></c>',
        '<c r="{0}" t="what"><v>1</v></c>',
        '<c r="{0}" s="x"><v>1</v></c>',
        '<c r="{0}"><v>' + "9" * 5000 + "</v></c>",
        '<c r="{0}"><v>' + "9" * 400 + "</v></c>",
        '<c r="{0}"><v>1e999</v></c>',
        '<c r="{0}"><v>NaN</v></c>',
        '<c r="{0}" t="inlineStr"><is><t>_xD800_</t></is></c>',
        '<c r="{0}"><is><t>1.2</t></is></c>',
        '<c r="{0}"><value>1.2</value></c>',
        '<c r="{0}"><v>1_0</v></c>',
        '<c r="{0}"><v>٧</v></c>',
        '<c r="{0}"><v>1</v><v>2</v></c>',
        '<c r="{0}" t="b"><v>2</v></c>',
        '<c r="{0}" t="s"><v>-1</v></c>',
    ],
)
@pytest.mark.parametrize(("sheet", "title"), [("点位", "高限"), ("点位", "位号"), ("企业", "企业名称")])
def test_a_damaged_cell_is_a_refusal_in_words(sheet: str, title: str, xml: str) -> None:
    place = place_of(sheet, title)
    found = told(cell_as(book(WHOLE), sheet, place, xml.format(place)))
    assert f"{sheet}!{place}" in found


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("<sheetData>", "<sheetData><row r='x'><c/></row>"),
        lambda text: text.replace("<sheetData>", "<sheetData><row r='4000000'><c r='A4000000'><v>1</v></c></row>"),
        lambda text: text.replace('r="A2"', 'r="??"'),
        lambda text: text.replace('r="A2"', 'r="AAAAAAA2"'),
        lambda text: text.replace("</sheetData>", '</sheetData><mergeCells><mergeCell ref="zz"/></mergeCells>'),
    ],
)
def test_a_damaged_sheet_is_a_refusal_in_words(change: Callable[[str], str]) -> None:
    assert "点位" in told(sheet_as(book(WHOLE), "点位", change))


@pytest.mark.case("C2")
def test_hidden_sheets_of_others_are_skipped_and_told() -> None:
    opened = load_workbook(io.BytesIO(book(WHOLE)))
    opened.create_sheet("草稿").sheet_state = "hidden"
    opened.create_sheet("宏").sheet_state = "veryHidden"
    target = io.BytesIO()
    opened.save(target)
    done = bring(target.getvalue())
    assert refusals(done.report) == {}
    assert any("草稿" in note and "宏" in note for note in done.report.notes)


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    "text",
    ["7,5", "7，5", "1_0", "1.234,5", "0,500", "1,23", "1,2345", "12 000", "1.5 MPa", "≥1.5", "０x1", "inf", "nan",
     "١٫٥", "٧", "1,234,56", "1.2.3", "1,234.5,6", "--1", "1e", ".", "五", "10²", "2₅", "①", "1½"],
)  # fmt: skip
def test_what_is_no_number_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="不是数"):
        LIMIT.read(text)


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.5", 1234.5), ("１．２", 1.2), (" 1.2\u3000", 1.2), ("1.2\u00a0", 1.2), ("−5", -5.0), ("1，234", 1234.0),
     ("+1.2", 1.2), ("1.2e0", 1.2), ("12,345,678", 12_345_678.0)],
)  # fmt: skip
def test_a_number_typed_as_text_is_that_number(text: str, number: float) -> None:
    assert LIMIT.read(text) == number


@pytest.mark.case("C2")
@pytest.mark.parametrize("value", [datetime(2026, 3, 5), date(2026, 3, 5), time(3, 5)])
@pytest.mark.parametrize("title", ["位号", "指标名称", "高限", "网关编码"])
def test_what_excel_took_for_a_date_is_refused(title: str, value: Any) -> None:
    assert "Excel 把它当成了" in refused(changed(book(WHOLE), "点位", 2, title, value), "点位")


@pytest.mark.case("C2")
def test_a_percentage_is_refused_for_it_is_read_a_hundred_times_too_small() -> None:
    assert "百分比" in refused(formatted("高限", 0.195, "0.0%"), "点位")


def formatted(title: str, value: float, shown_as: str) -> bytes:
    """`WHOLE` with a number in a column of its first point, shown in a format of its own."""
    opened = load_workbook(io.BytesIO(book(WHOLE)))
    cell = opened["点位"][place_of("点位", title)]
    cell.value, cell.number_format = value, shown_as
    target = io.BytesIO()
    opened.save(target)
    return target.getvalue()


@pytest.mark.case("C2")
@pytest.mark.parametrize("shown_as", ["0.0,", "0,,", '0\\.0,"万"', "#,##0.0,"])
def test_a_number_that_is_shown_a_thousand_times_too_small_is_refused(shown_as: str) -> None:
    assert "缩小了显示" in refused(formatted("高限", 1500, shown_as), "点位")


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    "shown_as", ["#,##0.00", '0.0"MPa"', '0.0\\ "MPa"', "[Red]0.0", "0.0_ ;[Red]\\-0.0\\ ", "0.00E+00"]
)
def test_a_number_is_what_is_stored_however_it_is_adorned(shown_as: str) -> None:
    (row,) = [each for each in reading.read(formatted("高限", 1.5, shown_as)).rows if each.sheet.title == "点位"]
    assert (row.values["h"], row.faults) == (1.5, [])


@pytest.mark.case("C2")
@pytest.mark.parametrize("shown_as", ["000\\-000", "000-000", "\\A0", '"A-"0', '[>100]"x"0;0', 'General"号"', "0/0"])
def test_a_tag_that_is_shown_with_signs_that_are_not_stored_is_refused(shown_as: str) -> None:
    assert "看到的不是存下的" in refused(formatted("位号", 12345, shown_as), "点位")


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    ("shown_as", "tag"), [("0_);[Red]\\(0\\)", "12345"), ("0;-0;;@", "12345"), ("@", "12345"), ("00000000", "00012345")]
)
def test_a_tag_that_is_shown_as_it_is_stored_is_read(shown_as: str, tag: str) -> None:
    (row,) = [each for each in reading.read(formatted("位号", 12345, shown_as)).rows if each.sheet.title == "点位"]
    assert (row.values["tag"], row.faults) == (tag, [])


@pytest.mark.case("C2")
def test_empty_cells_that_only_have_a_format_are_bounded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    styled = "".join(f'<row r="{line}"><c r="A{line}" s="0"/><c s="0"/></row>' for line in range(10, 1010))
    content = sheet_as(book(WHOLE), "点位", lambda text: text.replace("</sheetData>", styled + "</sheetData>"))
    assert told(content) == ""
    monkeypatch.setattr(grid, "MOST_PLACES", 1500)
    assert "只有格式的空白单元格太多" in told(content)


@pytest.mark.case("C2")
@pytest.mark.parametrize("code", ["１１０１０２", "٠١٢٣٤٥", "99013²", "९९०१३१"])
def test_digits_of_other_scripts_are_no_code(code: str) -> None:
    rows = {"区划": [{"行政区划代码": code, "名称": "示例县", "上级代码": None}]}
    assert "行政区划代码: “" in refused(book(rows), "区划")


@pytest.mark.case("C2")
def test_a_code_that_lost_its_digits_as_a_number_is_refused() -> None:
    rows = {**WHOLE, "设备": [{**WHOLE["设备"][0], "设备编码": 99013110100100012}]}
    assert "15 位" in refused(book(rows), "设备")


@pytest.mark.case("C2")
def test_a_code_shown_with_leading_noughts_has_them() -> None:
    opened = load_workbook(io.BytesIO(book({"区划": [{"行政区划代码": 131, "名称": "示例县", "上级代码": None}]})))
    opened["区划"]["A2"].number_format = "000000"
    target = io.BytesIO()
    opened.save(target)
    bring(target.getvalue())
    assert Region.objects.get().code == "000131"


@pytest.mark.case("C2")
@pytest.mark.parametrize("title", ["报警延时(秒)", "报警延时 （秒）", "报警延时\n（秒）", "报警延时（秒)"])
def test_a_title_is_known_by_its_letters_not_by_its_brackets(title: str) -> None:
    (row,) = reading.read(book({"点位": [{**WHOLE["点位"][0], title: 3}]})).rows
    assert row.values["on_delay_s"] == 3.0


@pytest.mark.case("C2")
def test_line_breaks_and_invisible_letters_become_one_blank_or_nothing() -> None:
    rows = {
        **WHOLE,
        "企业": [{**WHOLE["企业"][0], "企业名称": "示例\n新厂"}],
        "重大危险源": [{**WHOLE["重大危险源"][0], "名称": "氯罐区_x000D_\n（北）\u200b "}],
        "点位": [{**WHOLE["点位"][0], "位号": "PT-1\u200e\t"}],
    }
    done = bring(book(rows))
    assert refusals(done.report) == {}
    assert Enterprise.objects.get().name == "示例 新厂"
    assert HazardSource.objects.get().name == "氯罐区 （北）"
    assert Point.objects.get().tag == "PT-1"


@pytest.mark.case("C2")
def test_every_wrong_cell_of_a_file_is_told_at_once() -> None:
    rows = {
        **PLACES,
        "机构": [{**row, "上级代号": "nowhere", "层级": "州"} for row in PLACES["机构"]],
        "点位": [{**WHOLE["点位"][0], "高限": "7,5", "设备编码": "none", "指标名称": None}],
    }
    told = {each["cell"] for row in look(book(rows)).rows for each in row["details"] if "reason" in each}
    agencies = {f"机构!{letter}{line}" for letter in "CD" for line in (2, 3, 4)}
    point = {"点位!" + place_of("点位", title) for title in ("高限", "设备编码", "指标名称", "企业编码", "网关编码")}
    assert agencies | point <= told


@pytest.mark.case("C2")
def test_what_a_field_refuses_is_told_beside_what_is_unknown() -> None:
    point = {**WHOLE["点位"][0], "设备编码": "none", "位号": "位" * 41, "无数据判定（秒）": 1e12, "高限": "7,5"}
    (row,) = [row for row in look(book({**WHOLE, "点位": [point]})).rows if row["sheet"] == "点位"]
    cells = {each["cell"] for each in row["details"]}
    assert {"点位!" + place_of("点位", title) for title in ("设备编码", "位号", "高限")} <= cells
    assert any(each["column"] == "无数据判定（秒）" for each in row["details"])


@pytest.mark.case("C1")
def test_a_sheet_of_another_dialect_is_not_empty() -> None:
    def strict(text: str) -> str:
        return text.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"
        )

    assert "点位" in told(sheet_as(book(WHOLE), "点位", strict))


@pytest.mark.case("C1")
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_package_that_holds_a_sheet_twice_is_refused() -> None:
    content = book(WHOLE)
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a") as package:
        part = part_of(content, "点位")
        package.writestr(part, package.read(part))
    assert "两次" in told(target.getvalue())


@pytest.mark.case("C2")
def test_all_that_is_wrong_with_the_titles_is_told_at_once() -> None:
    rows = {"区划": [{"行政区划代码": "990131", "名字": "县"}], "机构": [{"机构代号": "a", "名称": "b", "阶": "县"}]}
    with pytest.raises(Unreadable) as caught:
        look(book(rows))
    for words in ("名字", "缺少列：名称", "阶", "缺少列：层级"):
        assert words in str(caught.value)


def test_a_sheet_that_does_not_begin_with_its_titles_is_refused() -> None:
    def moved(text: str) -> str:
        return re.sub(r'r="([A-Z]*)(\d+)"', lambda m: f'r="{m[1]}{int(m[2]) + 1}"', text)

    with pytest.raises(Unreadable, match=r"点位.*第一行"):
        look(sheet_as(book(WHOLE), "点位", moved))


def test_a_file_of_another_kind_is_named_in_words_for_people() -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    for content in (old, "编码,名称".encode("gbk"), b"PK\x05\x06" + b"\0" * 18):
        with pytest.raises(Unreadable) as caught:
            look(content)
        assert not re.search(r"[A-Z][a-z]+[A-Z]", str(caught.value))


@pytest.mark.case("F11")
@pytest.mark.parametrize(
    ("sheet", "changes", "column"),
    [
        ("企业", {"经度": 812.4, "纬度": 24.4}, "经度"),
        ("企业", {"经度": 24.4, "纬度": 118.1}, "纬度"),
        ("企业", {"经度": 118.1}, "纬度"),
        ("企业", {"申报气体监测点数": 10**9}, "申报气体监测点数"),
        ("重大危险源", {"经度": -181, "纬度": 0}, "经度"),
        ("网关", {"采集周期（秒）": 1e300}, "采集周期（秒）"),
        ("点位", {"无数据判定（秒）": 1e300}, "无数据判定（秒）"),
        ("点位", {"报警延时（秒）": 1e12}, "报警延时（秒）"),
        ("点位", {"小数位": 99}, "小数位"),
        ("点位", {"量程上限": 1e300}, "量程上限"),
        ("点位", {"回差": 2.5}, ""),
    ],
)
def test_what_no_record_can_mean_is_refused(sheet: str, changes: dict[str, Any], column: str) -> None:
    found = refusals(look(book({**WHOLE, sheet: [{**WHOLE[sheet][0], **changes}]})))
    assert any(each.startswith(f"{column}: ") for each in found[sheet, 2]), found
