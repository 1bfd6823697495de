"""Reads a register workbook that was handed in: its rows, each with the faults of its cells, or why it is none.

Every fault names its cell (``点位!G17``), and all of a file are told at once. What is skipped is said.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from anlan.apps.enrolment import grid
from anlan.apps.enrolment.grid import Cell, Damaged, Grid, folded
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.enrolment.workbook import EXPLAINED, MOST_ROWS
from anlan.schema import Field, text_of

FILE_BYTES = 8 << 20
UNPACKED_BYTES = 200 << 20
TOLD = 20
"""So many faults of a file that is refused whole are told one by one."""
SHOWN_AS_TEXT = ("text", "code")


class Unreadable(ValueError):
    """The file is no register workbook; the message is Chinese. Nothing of it is kept."""


@dataclass
class Row:
    """One row as it was handed in: values by column key; ``faults`` are pairs of a column's key and a reason."""

    sheet: Sheet
    line: int
    values: dict[str, Any]
    faults: list[tuple[str, str]] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    """By column key: the letter of its column in the file."""

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple(self.values.get(key, "") for key in self.sheet.keys)

    @property
    def enterprise(self) -> str:
        """Code of the enterprise whose row this is; empty for places and the people of agencies."""
        return str(self.values.get("code" if self.sheet.title == "企业" else "enterprise") or "")

    def cell(self, key: str) -> str:
        """The cell of a column as people name it, ``点位!G17``; the row's number where the file has no such column."""
        return f"{self.sheet.title}!{self.letters.get(key, '')}{self.line}"


@dataclass
class Read:
    """All rows of a workbook, and in words what of it was left out or should be known."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(content: bytes) -> Read:
    """All rows of a workbook, each with the faults of its cells. Raises `Unreadable` with all that is wrong."""
    book, found = _opened(content), Read()
    faults: list[str] = []
    pages = _pages(book, found.notes, faults)
    for sheet in SHEETS:
        if sheet.title in pages:
            try:
                held = grid.read(pages[sheet.title], MOST_ROWS)
            except Damaged as damaged:
                faults.append(str(damaged))
                continue
            held.title = sheet.title
            titles = _titles(held, sheet, faults)
            found.rows += _rows(held, sheet, titles)
    if faults:
        more = f"；另有 {len(faults) - TOLD} 处" if len(faults) > TOLD else ""
        raise Unreadable("；".join(faults[:TOLD]) + more)
    if not found.rows:
        raise Unreadable("表里没有任何一行")
    if len(found.rows) > MOST_ROWS:
        raise Unreadable(f"超过 {MOST_ROWS} 行，请分成几份")
    _twins(found.rows)
    return found


def _opened(content: bytes) -> Any:
    if len(content) > FILE_BYTES:
        raise Unreadable(f"文件超过 {FILE_BYTES >> 20} MB")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("这是旧的 xls 文件，或加了密码的文件；不是有效的 xlsx，请去掉密码、另存为 xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
            names = packed.namelist()
        if unpacked <= UNPACKED_BYTES and len(set(names)) == len(names):
            with grid.quiet():
                return load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:
        raise Unreadable("不是有效的 xlsx 文件，或者文件已损坏；请用 Excel 或 WPS 打开后另存为 xlsx") from error
    raise Unreadable("文件解开后过大" if unpacked > UNPACKED_BYTES else "文件里有的部分出现两次，不知以哪个为准")


def _pages(book: Any, notes: list[str], faults: list[str]) -> dict[str, Any]:
    """The sheets that are ours by their declared titles. Hidden sheets of others are skipped and noted."""
    ours = {folded(sheet.title): sheet.title for sheet in SHEETS}
    pages: dict[str, Any] = {}
    strange: list[str] = []
    skipped = [page.title for page in book.chartsheets]
    for page in book.worksheets:
        title = ours.get(folded(page.title))
        if title in pages:
            faults.append(f"有两张工作表都是“{title}”")
        elif title is not None:
            pages[title] = page
            if page.sheet_state != "visible":
                notes.append(f"工作表“{title}”是隐藏的，也已读入")
        elif folded(page.title) != folded(EXPLAINED):
            (strange if page.sheet_state == "visible" else skipped).append(page.title)
    if skipped:
        notes.append(f"没有读隐藏的工作表和图表：{'、'.join(skipped)}")
    if strange:
        faults.append(f"不认识的工作表：{'、'.join(strange)}；请从模板开始")
    return pages


def _titles(held: Grid, sheet: Sheet, faults: list[str]) -> dict[int, Field]:
    """The declared column of each column of the file; all that is wrong with the titles is added to ``faults``."""
    known = {folded(column.title): column for column in sheet.columns}
    found: dict[int, Field] = {}
    where: dict[str, str] = {}
    strange = []
    for number, cell in sorted(held.rows.pop(1, {}).items()):
        place = held.place(1, number)
        try:
            title = "" if cell.fault else text_of(cell.typed)
        except ValueError:
            title = ""
        column = known.get(folded(title))
        if column is None:
            strange.append(f"{title or cell.fault or '？'}（{place}）")
        elif column.key in where:
            faults.append(f"“{column.title}”一列出现两次：{where[column.key]}、{place}")
        else:
            found[number], where[column.key] = column, place
    if held.rows and not found:
        faults.append(f"工作表“{sheet.title}”的第一行不是列名；请从模板开始")
        return {}
    if strange:
        faults.append(f"工作表“{sheet.title}”中有不认识的列：{'、'.join(strange)}")
    needed = [column.title for column in sheet.columns if column.required or column.key in sheet.keys]
    missing = [title for title in needed if title not in {column.title for column in found.values()}]
    if held.rows and missing:
        faults.append(f"工作表“{sheet.title}”缺少列：{'、'.join(missing)}")
    untitled: dict[int, str] = {}
    for line in sorted(held.rows):
        for number in held.rows[line]:
            if number not in found:
                untitled.setdefault(number, held.place(line, number))
    if not strange:
        faults += [f"{place} 有内容，但这一列没有列名" for _, place in sorted(untitled.items())]
    return found


def _rows(held: Grid, sheet: Sheet, titles: dict[int, Field]) -> Iterator[Row]:
    letters = {column.key: get_column_letter(number) for number, column in titles.items()}
    for line in sorted(held.rows):
        cells = held.under(line, titles)
        row = Row(sheet, line, {}, letters=letters)
        for number, column in titles.items():
            try:
                row.values[column.key] = _value(column, cells.get(number))
            except ValueError as error:
                row.values[column.key] = ""
                row.faults.append((column.key, str(error)))
        yield row


def _value(column: Field, cell: Cell | None) -> Any:
    if cell is None:
        return column.read(None)
    if cell.fault:
        raise ValueError(cell.fault)
    if cell.adorned and column.kind in SHOWN_AS_TEXT:
        raise ValueError(f"单元格格式在数字 {cell.value} 前后加了文字，看到的不是存下的；请设为文本格式后重新填写")
    return column.read(cell.typed)


def _twins(rows: list[Row]) -> None:
    """Two rows about the same thing contradict each other: both are refused."""
    first: dict[tuple[str, tuple[Any, ...]], Row] = {}
    for row in rows:
        known = first.setdefault((row.sheet.title, row.key), row)
        if known is not row and all(row.values.get(key) != "" for key in row.sheet.keys[:1]):
            row.faults.append((row.sheet.keys[0], f"与第 {known.line} 行重复"))
            known.faults.append((row.sheet.keys[0], f"与第 {row.line} 行重复"))
