"""Writes the register as an .xlsx workbook: the template, or with the present state.

Writing and reading (`reading`) use the same declared columns, so that an export handed in again changes nothing. Text
is written as text: a name that begins with ``=`` is never a formula.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.org.scope import NOTHING, Scope
from anlan.components.export import WIDEST, handed_on, width_of
from anlan.schema import NO, YES

EXPLAINED = "说明"
MOST_ROWS = 5_000
"""As many as a person can still look through."""
_BOLD = Font(bold=True)
_REQUIRED = PatternFill("solid", fgColor="FFE6F2F0")


def write(scope: Scope = NOTHING) -> bytes:
    """The workbook with everything in ``scope``; for the empty scope the template."""
    book = Workbook()
    book.remove(book.worksheets[0])
    explained = book.create_sheet(EXPLAINED)
    _explain(explained)
    for sheet in SHEETS:
        _write_sheet(book.create_sheet(sheet.title), sheet, sheet.everything(scope) if scope else ())
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _explain(page: Any) -> None:
    page.append(["工作表", "列", "含义", "必填", "填法"])
    for cell in page[1]:
        cell.font = _BOLD
    for sheet in SHEETS:
        if sheet.note:
            page.append([sheet.title, "", sheet.note, "", ""])
        for column in sheet.columns:
            page.append([sheet.title, column.title, column.meaning, YES if column.required else "", column.kind_words])
    general = (
        "第一行是列名，不要改；底色为必填。不用的工作表可以留空或删去。",
        "空白的可选项就是“没有”或默认值。整列删去则不改动这一列。",
        "不在表里的记录不受影响；导入从不删除，停用请填“否”。",
        "重复导入同一份表不会产生变化。",
    )
    for words in general:
        page.append([EXPLAINED, "", words, "", ""])
    handed_on(page, (14, 24, 60, 8, 60), page.max_row)


def _write_sheet(page: Any, sheet: Sheet, records: Iterable[Any]) -> None:
    page.append([column.title for column in sheet.columns])
    widths: list[float] = []
    for number, column in enumerate(sheet.columns, 1):
        head = page.cell(1, number)
        head.font, head.alignment = _BOLD, Alignment(wrap_text=True, vertical="top")
        if column.required:
            head.fill = _REQUIRED
        letter = get_column_letter(number)
        widths.append(max(12.0, width_of(column.title) + 3))
        labels = [YES, NO] if column.kind == "flag" else [label for _, label in column.choices if label]
        listed = ",".join(labels)
        if column.kind in ("flag", "choice") and len(listed) < 250:
            offered = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=False)
            page.add_data_validation(offered)
            offered.add(f"{letter}2:{letter}{MOST_ROWS}")
    for line, record in enumerate(records, 2):
        values = sheet.values_of(record)
        for number, column in enumerate(sheet.columns, 1):
            shown = column.show(values[column.key])
            if shown is not None and shown != "":
                cell = page.cell(line, number, shown)
                widths[number - 1] = min(max(widths[number - 1], width_of(shown)), WIDEST)
                if isinstance(shown, str):
                    cell.data_type, cell.number_format = "s", "@"
    handed_on(page, widths, page.max_row)
    page.freeze_panes = "B2"
