"""Workbooks: every matching row, real dates in civil time, text that is never a formula, and what it is for."""

from __future__ import annotations

import io
import math
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.apps.org.models import Agency, AgencyLevel, Region
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Enterprise
from anlan.components import export
from anlan.components.filters import Text
from anlan.components.lists import Column, Listing

NOW = datetime(2024, 3, 1, 1, 30, 5, tzinfo=UTC)


def book_of(listing: Listing, address: str = "") -> tuple[Any, Any]:
    request = SimpleNamespace(path="/list/", GET=QueryDict(address), user="示例县甲")
    page = listing.read(request, Enterprise.objects.visible_to(EVERYTHING))  # type: ignore[arg-type]
    response = export.workbook(request, page, title="企业", now=NOW)  # type: ignore[arg-type]
    return response, openpyxl.load_workbook(io.BytesIO(response.content))


LISTING = Listing(
    columns=[
        Column("name", "名称", lambda row: row.name, ("name",)),
        Column("points", "点数", lambda row: row.declared_gas_points),
        Column("at", "时间", lambda row: NOW),
        Column("none", "空", lambda row: None),
        Column("screen", "只在页面"),
    ],
    filters=[Text("q", "名称", ["name"])],
    order="name",
    per_page=2,
)


@pytest.fixture
def five(db: None) -> None:
    agency = Agency(code="c", name="示例", level=AgencyLevel.COUNTY)
    agency.save()
    region = Region.objects.create(code="990121", name="示例")
    for n, name in enumerate(["=1+1", "+A1", "@SUM(A1)", "示例一", "示例二"]):
        Enterprise.objects.create(
            code=f"99012100{n}",
            name=name,
            region=region,
            county=agency,
            supervisor=agency,
            declared_gas_points=n,
        )


@pytest.mark.usefixtures("five")
def test_all_matching_rows_are_written_not_only_the_page() -> None:
    response, book = book_of(LISTING)
    sheet = book["企业"]
    assert [cell.value for cell in sheet[1]] == ["名称", "点数", "时间", "空"]
    assert sheet.max_row == 6
    assert "%E4%BC%81%E4%B8%9A-20240301-0930.xlsx" in response.headers["Content-Disposition"]
    _, book = book_of(LISTING, "q=示例")
    assert book["企业"].max_row == 3


@pytest.mark.usefixtures("five")
def test_text_that_looks_like_a_formula_stays_text() -> None:
    _, book = book_of(LISTING)
    cells = {cell.value: cell.data_type for cell in book["企业"]["A"][1:]}
    assert cells["=1+1"] == cells["+A1"] == cells["@SUM(A1)"] == "s"


@pytest.mark.usefixtures("five")
def test_figures_are_figures_and_instants_are_civil_dates() -> None:
    _, book = book_of(LISTING)
    row = book["企业"][2]
    assert row[2].value == datetime(2024, 3, 1, 9, 30, 5)
    assert isinstance(row[1].value, int)
    assert row[3].value in (None, "")


@pytest.mark.usefixtures("five")
def test_the_workbook_says_who_took_it_when_with_which_filter_and_what_for() -> None:
    _, book = book_of(LISTING, "q=示例")
    lines = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert lines["导出人"] == "示例县甲"
    assert lines["导出时间"] == "2024-03-01 09:30:05"
    assert lines["筛选"] == "名称：示例"
    assert lines["行数"] == "2"
    assert "不得公开" in lines["用途"]


@pytest.mark.usefixtures("five")
def test_rows_of_several_batches_stand_one_below_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_AT_ONCE", 2)
    _, book = book_of(LISTING)
    assert [row[1].value for row in book["企业"].iter_rows(min_row=2)] == [1, 0, 2, 3, 4]


@pytest.mark.usefixtures("five")
def test_more_rows_than_one_workbook_takes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST", 3)
    _, book = book_of(LISTING)
    assert book["企业"].max_row == 4
    assert "未导出" in {row[0].value: row[1].value for row in book["说明"].iter_rows()}["行数"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=60), st.floats(), st.integers(), st.booleans()), min_size=1, max_size=5))
def test_any_value_can_be_written_and_read_again(values: list[Any]) -> None:
    columns = [Column(f"c{number}", "=列", lambda row, n=number: row[n]) for number in range(len(values))]
    request = SimpleNamespace(user="示例")
    response = export.sheet_of(request, columns, [values], title="甲", now=NOW, asked=[])  # type: ignore[arg-type]
    sheet = openpyxl.load_workbook(io.BytesIO(response.content))["甲"]
    for cell, value in zip(sheet[2], values, strict=True):
        if isinstance(value, str):
            assert (cell.value or "") == export._printable(value)
            assert cell.value is None or cell.data_type == "s"
        elif isinstance(value, bool) or not math.isfinite(value):
            assert cell.value == str(value)
        else:
            assert cell.value == pytest.approx(value)


@pytest.mark.case("F13")
@pytest.mark.usefixtures("five")
def test_a_sheet_is_set_up_as_people_hand_it_on() -> None:
    _, book = book_of(LISTING)
    sheet = book["企业"]
    assert sheet.column_dimensions["C"].width >= 20  # an instant, which would else be shown as ########
    assert sheet.column_dimensions["A"].width < sheet.column_dimensions["C"].width
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:D6")
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        "landscape", 1, 0,
    )  # fmt: skip
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    _, empty = book_of(LISTING, "q=没有的")
    assert empty["企业"].auto_filter.ref == "A1:D1"


@pytest.mark.case("F13")
def test_a_column_is_as_wide_as_what_stands_in_it_up_to_a_limit() -> None:
    columns = [Column(key, "列", lambda row, key=key: row[key]) for key in ("short", "long", "endless")]
    row = {"short": 1, "long": "氯罐区一号罐压力", "endless": "长" * 200}
    request = SimpleNamespace(user="示例")
    response = export.sheet_of(request, columns, [row], title="甲", now=NOW, asked=[])  # type: ignore[arg-type]
    sheet = openpyxl.load_workbook(io.BytesIO(response.content))["甲"]
    short, long, endless = (sheet.column_dimensions[letter].width for letter in "ABC")
    assert short < 16 <= long < endless == export.WIDEST


def listings() -> list[tuple[str, Listing]]:
    """Every list of the product, by where it is declared."""
    from anlan.site import urls

    assert urls
    found = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(("anlan.pages", "anlan.apps")):
            for key, value in vars(module).items():
                listing = getattr(value, "listing", value)
                if isinstance(listing, Listing):
                    found[id(listing)] = (f"{name}.{key}", listing)
    return list(found.values())


@pytest.mark.case("F13")
def test_every_list_of_the_product_writes_one_field_a_column() -> None:
    known = listings()
    assert len(known) > 10
    for name, listing in known:
        headings = [heading for column in listing.columns for heading, _ in column.written]
        assert len(set(headings)) == len(headings), (name, headings)
        assert not [heading for heading in headings if " · " in heading or "/" in heading or "、" in heading], name
