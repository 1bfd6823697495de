"""Reads one sheet of an .xlsx file cell by cell, each where its own place says, and says what could not be read.

What could not be read is a fault and never an empty cell: a formula whose result was not stored, an error value, a
damaged number, a value under a merged range, a place that is used twice. What a sheet says about its own size, and the
order of its rows and cells, are not believed.

The library's `iter_rows` drops rows and cells that are out of order and shows a formula without a result as empty, so
its parser is used one step below (`WorkSheetParser`); places, types and dates are still read by the library.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any

from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from anlan.plain import one_line

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""The format has no places beyond."""
MOST_CELLS = 400_000
"""Cells with content in one sheet; more than three times what the largest register sheet holds."""
MOST_PLACES = 1_000_000
"""Cells with content or without: programs also write down those that only have a format."""
MOST_MERGED = 200

NO_RESULT = "公式没有保存计算结果；请用 Excel 或 WPS 打开保存一次，或改填数值"
BROKEN = "单元格已损坏，读不出内容"
MERGED = "在合并单元格 {} 中；请取消合并，逐格填写"
TWICE = "同一单元格在文件中出现两次"
AS_DATE = "Excel 把它当成了{}（{}）；请把单元格设为文本格式后重新填写"
AS_PERCENT = "单元格是百分比格式，读到的是 {}；请改为常规格式后重新填写"
AS_SCALED = "单元格格式把数缩小了显示，读到的是 {}；请改为常规格式后重新填写"

_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What the library raises for a cell that it cannot read."""
_KINDS = frozenset({"n", "s", "str", "inlineStr", "b", "d", "e"})
_SHEET = f"{{{SHEET_MAIN_NS}}}worksheet"
"""In another dialect the parser would find no row at all."""
_RAW = {"n": re.compile(r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?"), "s": re.compile(r"[0-9]+"), "b": re.compile("[01]")}
"""What the file may hold for a number, for the place of a text, for a yes or no; Python reads more than that."""
_NOUGHTS = re.compile(r"0{2,}")
_LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
"""Parts of a number format that are shown as they stand, and its colours and conditions."""
_PADDING = re.compile(r"\[[^\]<>=]*\]|_.|\*.")
"""Colours, and what only fills a cell up."""
_AS_STORED = re.compile(r"\s*|@|General|[0#?,.]+([eE][+-]?0+)?", re.IGNORECASE)
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
"""A comma behind the last digit shows a thousandth."""


class Damaged(ValueError):
    """A sheet cannot be read as a whole; the message is Chinese."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place: ``value`` (text, number or bool), or the ``fault`` that kept it from being read.

    ``adorned`` tells a number that is shown with words around it, so that what is seen is not what is stored.
    """

    value: Any = None
    fault: str = ""
    adorned: bool = False

    @property
    def typed(self) -> Any:
        """The value with what a spreadsheet stores in place of control signs (``_x000D_``) as the signs themselves."""
        return unescape(self.value) if isinstance(self.value, str) else self.value


@dataclass
class Grid:
    """The cells of a sheet that hold something, by row and column, both counted from 1."""

    title: str
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merged: list[Any] = field(default_factory=list)

    def under(self, row: int, columns: Collection[int]) -> dict[int, Cell]:
        """The cells of a row in these columns. Under a merged range only its first cell is shown: the others are
        faults."""
        found = {column: self.rows[row][column] for column in columns if column in self.rows[row]}
        for each in self.merged:
            if each.min_row <= row <= each.max_row:
                for column in columns:
                    if each.min_col <= column <= each.max_col and (row, column) != (each.min_row, each.min_col):
                        found[column] = Cell(fault=MERGED.format(each.coord))
        return found

    def place(self, row: int, column: int) -> str:
        """A cell as people name it: ``点位!G17``."""
        return f"{self.title}!{get_column_letter(column)}{row}"


def read(page: Any, most_rows: int) -> Grid:
    """Everything that a sheet of a workbook opened read-only holds. Raises `Damaged`.

    ``most_rows`` bounds the rows with content, beside the one of titles.
    """
    grid, count = Grid(page.title), 0
    try:
        with page._get_source() as source:
            _event, root = next(iterparse(source, events=("start",)))
        if root.tag != _SHEET:
            raise Damaged(f"工作表“{page.title}”不是通常的 xlsx 格式（例如“Strict Open XML”）；请另存为普通的 xlsx")
        with quiet(), page._get_source() as source:
            parser = _Parser(page, source)
            for row, column, cell in parser.filled():
                if row > LAST_ROW or column > LAST_COLUMN:
                    raise Damaged(f"工作表“{page.title}”中有位置超出表格的单元格")
                held = grid.rows.setdefault(row, {})
                held[column] = Cell(fault=TWICE) if column in held else cell
                count += 1
                if count > MOST_CELLS or len(grid.rows) > most_rows + 1:
                    raise Damaged(f"工作表“{page.title}”超过 {most_rows} 行，请分成几份")
        grid.merged = _merged(grid, parser)
    except Damaged:
        raise
    except Exception as error:
        raise Damaged(f"工作表“{page.title}”已损坏，读到第 {max(1, len(grid.rows))} 行为止") from error
    return grid


@contextmanager
def quiet() -> Iterator[None]:
    """The library warns of what it leaves out (drawings, extensions): nothing of the register stands there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Parser(WorkSheetParser):
    """The library's parser, which keeps a cell that it cannot read as a fault in its place."""

    def __init__(self, page: Any, source: Any) -> None:
        book = page.parent
        super().__init__(
            source, page._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )  # fmt: skip
        self.page, self.places = page, 0

    def filled(self) -> Iterator[tuple[int, int, Cell]]:
        """Row, column and content of every cell that holds something, in the order of the file."""
        for _, cells in self.parse():
            for found in cells:
                if found["cell"] is not None:
                    yield found["row"], found["column"], found["cell"]

    def parse_cell(self, element: Any) -> dict[str, Any]:
        self.places += 1
        if self.places > MOST_PLACES:
            raise Damaged(f"工作表“{self.page.title}”中只有格式的空白单元格太多，请把表格以外的行和列删去后另存")
        if not len(element) and not (element.text or "").strip():
            place = element.get("r")
            self.col_counter = coordinate_to_tuple(place)[1] if place else self.col_counter + 1
            return {"cell": None}
        counted = self.col_counter
        try:
            found = super().parse_cell(element)
            found["cell"] = self._cell(element, found)
        except _DAMAGE:
            self.col_counter = counted
            place = {key: value for key, value in element.attrib.items() if key == "r"}
            bare = element.makeelement(element.tag, place)
            found = super().parse_cell(bare)  # a place that makes no sense damages the sheet
            found["cell"] = Cell(fault=BROKEN)
        return found

    def _cell(self, element: Any, found: dict[str, Any]) -> Cell | None:
        value, kind = found["value"], element.get("t", "n")
        if value is None or (isinstance(value, str) and not value.strip()):
            return self._nothing(element, kind, shared=kind == "s" and value is not None)
        if isinstance(value, str) and not one_line(unescape(value)) and len(list(element)) > 1:
            return Cell(fault=BROKEN)  # a text that shows nothing, beside a formula or a value that says otherwise
        raw = [(part.text or "").strip() for part in element.iter(VALUE_TAG)]
        if len(raw) > 1 or (kind in _RAW and not _RAW[kind].fullmatch("".join(raw))):
            return Cell(fault=BROKEN)
        if kind not in _KINDS or (isinstance(value, float) and not isfinite(value)):
            return Cell(fault=BROKEN)
        if kind == "e" or found["data_type"] == "e":
            return Cell(fault=f"错误值 {value}")
        if isinstance(value, datetime | date | time | timedelta):
            return Cell(fault=_as_date(value))
        if isinstance(value, bool | str):
            return Cell(value)
        shown_as = ReadOnlyCell(self.page, found["row"], found["column"], value, "n", found["style_id"]).number_format
        plain = _LITERALS.sub("", shown_as)
        if "%" in plain:
            return Cell(fault=AS_PERCENT.format(f"{value:.15g}"))
        if _SCALED.search(plain):
            return Cell(fault=AS_SCALED.format(f"{value:.15g}"))
        adorned = not _AS_STORED.fullmatch(_PADDING.sub("", shown_as).split(";")[0])
        if not adorned and _NOUGHTS.fullmatch(plain) and isinstance(value, int) and value >= 0:
            return Cell(str(value).zfill(len(plain)))
        return Cell(value, adorned=adorned)

    @staticmethod
    def _nothing(element: Any, kind: str, *, shared: bool) -> Cell | None:
        """A cell without a value: empty, unless it holds a formula whose result is missing, or text in a wrong place.

        An empty text is a result, also a ``shared`` one, which stands elsewhere.
        """
        formula = element.find(FORMULA_TAG)
        if not shared and any((part.text or "").strip() for part in element.iter() if part is not formula):
            return Cell(fault=BROKEN)
        if formula is None or (kind == "str" and element.find(VALUE_TAG) is not None):
            return None
        return Cell(fault=NO_RESULT)


def _as_date(value: Any) -> str:
    if isinstance(value, timedelta):
        return AS_DATE.format("时长", value)
    if isinstance(value, time):
        return AS_DATE.format("时间", value.isoformat("minutes"))
    day = value.date() if isinstance(value, datetime) else value
    return AS_DATE.format("日期", day.isoformat())


def _merged(grid: Grid, parser: _Parser) -> list[Any]:
    ranges = list(parser.merged_cells.mergeCell) if parser.merged_cells is not None else []
    if len(ranges) > MOST_MERGED:
        raise Damaged(f"工作表“{grid.title}”中合并单元格过多，请取消合并")
    return [each for each in ranges if each.max_row > 1]


def folded(title: str) -> str:
    """A title as it is compared: by its letters, whatever the width of its brackets and the blanks between."""
    return "".join(unicodedata.normalize("NFKC", title).split()).casefold()
