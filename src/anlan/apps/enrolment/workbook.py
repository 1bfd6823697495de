"""The register as an .xlsx workbook: written as a template or with the present state, and read back.

Writing and reading use the same declared columns, so that an export handed in again changes nothing. Text is written
as text: a name that begins with ``=`` is never a formula.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from anlan.apps.enrolment.columns import NO, YES
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.org.scope import NOTHING, Scope

EXPLAINED = "说明"
FILE_BYTES = 8 << 20
UNPACKED_BYTES = 200 << 20
MOST_ROWS = 5_000
"""One import is one transaction per enterprise, and on SQLite all other writers wait for it."""
_BOLD = Font(bold=True)
_REQUIRED = PatternFill("solid", fgColor="FFE6F2F0")


class Unreadable(ValueError):
    """The file is no register workbook; the message is Chinese. Nothing of it is kept."""


@dataclass
class Row:
    """One row as it was handed in: values by column key; ``faults`` are pairs of a column's key and a reason."""

    sheet: Sheet
    line: int
    values: dict[str, Any]
    faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple(self.values.get(key, "") for key in self.sheet.keys)

    @property
    def enterprise(self) -> str:
        """Code of the enterprise whose row this is; empty for places and the people of agencies."""
        return str(self.values.get("code" if self.sheet.title == "企业" else "enterprise") or "")


def write(scope: Scope = NOTHING) -> bytes:
    """The workbook with everything in ``scope``; for the empty scope the template."""
    book = Workbook()
    explained = book.active
    explained.title = EXPLAINED
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
    for letter, width in zip("ABCDE", (14, 18, 60, 6, 60), strict=True):
        page.column_dimensions[letter].width = width
    page.freeze_panes = "A2"


def _write_sheet(page: Any, sheet: Sheet, records: Iterable[Any]) -> None:
    page.append([column.title for column in sheet.columns])
    for number, column in enumerate(sheet.columns, 1):
        head = page.cell(1, number)
        head.font, head.alignment = _BOLD, Alignment(wrap_text=True, vertical="top")
        if column.required:
            head.fill = _REQUIRED
        letter = get_column_letter(number)
        page.column_dimensions[letter].width = max(12, 2 * len(column.title) + 2)
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
                if isinstance(shown, str):
                    cell.data_type, cell.number_format = "s", "@"
    page.freeze_panes = "B2"


def read(content: bytes) -> list[Row]:
    """All rows of a workbook, each with the faults of its cells. Raises `Unreadable`."""
    if len(content) > FILE_BYTES:
        raise Unreadable(f"文件超过 {FILE_BYTES >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > UNPACKED_BYTES:
                raise Unreadable("文件解开后过大")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"不是有效的 xlsx 文件（{type(error).__name__}）") from error
    known = {sheet.title: sheet for sheet in SHEETS}
    strange = [title for title in book.sheetnames if title not in known and title != EXPLAINED]
    if strange:
        raise Unreadable(f"不认识的工作表：{'、'.join(strange)}；请从模板开始")
    rows = [row for sheet in SHEETS if sheet.title in book.sheetnames for row in _read_sheet(book[sheet.title], sheet)]
    if not rows:
        raise Unreadable("表里没有任何一行")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"超过 {MOST_ROWS} 行，请分成几份")
    _twins(rows)
    return rows


def _read_sheet(page: Any, sheet: Sheet) -> Iterable[Row]:
    lines = page.iter_rows(values_only=True, max_row=MOST_ROWS + 2)
    titles = [str(cell).strip() if cell is not None else "" for cell in next(lines, ())]
    columns = {column.title: column for column in sheet.columns}
    strange = [title for title in titles if title and title not in columns]
    if strange:
        raise Unreadable(f"工作表“{sheet.title}”中有不认识的列：{'、'.join(strange)}")
    needed = [column.title for column in sheet.columns if column.required or column.key in sheet.keys]
    missing = [title for title in needed if title not in titles]
    found = []
    for number, cells in enumerate(lines, 2):
        given = {title: cell for title, cell in zip(titles, cells, strict=False) if title}
        if all(cell is None or str(cell).strip() == "" for cell in given.values()):
            continue
        if missing:
            raise Unreadable(f"工作表“{sheet.title}”缺少列：{'、'.join(missing)}")
        row = Row(sheet, number, {})
        for title, cell in given.items():
            column = columns[title]
            try:
                row.values[column.key] = column.read(cell)
            except ValueError as error:
                row.values[column.key] = ""
                row.faults.append((column.key, str(error)))
        found.append(row)
    return found


def _twins(rows: list[Row]) -> None:
    """Two rows about the same thing contradict each other: both are refused."""
    first: dict[tuple[str, tuple[Any, ...]], Row] = {}
    for row in rows:
        known = first.setdefault((row.sheet.title, row.key), row)
        if known is not row and all(row.values.get(key) != "" for key in row.sheet.keys[:1]):
            row.faults.append((row.sheet.keys[0], f"与第 {known.line} 行重复"))
            known.faults.append((row.sheet.keys[0], f"与第 {row.line} 行重复"))
