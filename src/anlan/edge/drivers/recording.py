"""A recorded table of measurements: text with separators or blanks, with or without a header and a time column."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from anlan.edge.drivers.missing import missing_numbers
from anlan.edge.packet import CIVIL_ZONE
from anlan.edge.table import ConfigError, Table
from anlan.edge.text import TextError, read_text

_BLANK = "whitespace"


class RecordingError(Exception):
    """The file cannot be read as the configuration describes it; Chinese, with the line."""


@dataclass(frozen=True)
class Layout:
    """How to read the file. ``columns``: point code → column name (with header) or number from 1."""

    columns: Mapping[str, str | int]
    separator: str
    header: bool
    time_column: str | int | None
    time_format: str | None
    row_seconds: float
    missing: frozenset[float]

    @property
    def codes(self) -> list[str]:
        return list(self.columns)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: seconds since the first row, and the values in the order of the layout (NaN where there is none)."""

    offset_seconds: float
    values: list[float]


@dataclass(frozen=True)
class Recording:
    """All rows, in the order of the file; ``set_back``: lines before which the recorder's clock was set back, and by
    how many seconds."""

    rows: list[Row]
    set_back: list[tuple[int, float]] = field(default_factory=list)

    @property
    def last_step_seconds(self) -> float:
        if len(self.rows) < 2:
            return 1.0
        return self.rows[-1].offset_seconds - self.rows[-2].offset_seconds

    @staticmethod
    def read(path: Path, columns: Layout) -> Recording:
        """Read the whole file; raises `RecordingError`.

        Where the recorder's clock was set back (an hour twice in autumn), the rows go on as they stand in the file, at
        the step that they had before. A file that mostly runs backwards is refused, not sorted.
        """
        try:
            text = read_text(path)
        except TextError as error:
            raise RecordingError(f"读不到文件: {error}") from error
        lines = [cells for cells in _cells(text, columns.separator) if cells]
        names: list[str] = []
        if columns.header and lines:
            names = [name.strip() for name in lines.pop(0)]
        places = [_place(column, names) for column in columns.columns.values()]
        time_place = None if columns.time_column is None else _place(columns.time_column, names)
        rows: list[Row] = []
        set_back: list[tuple[int, float]] = []
        before: datetime | None = None
        offset, step, forward = 0.0, columns.row_seconds, 0
        for number, cells in enumerate(lines):
            line = number + 1 + columns.header
            if time_place is None:
                offset = number * columns.row_seconds
            else:
                at = _time(cells, time_place, columns.time_format, line)
                moved = 0.0 if before is None else (at - before).total_seconds()
                before = at
                if moved < 0:
                    set_back.append((line, -moved))
                elif moved > 0:
                    step, forward = moved, forward + 1
                offset += step if moved < 0 else moved
            rows.append(Row(offset, [_number(cells, place, columns.missing) for place in places]))
        if not rows:
            raise RecordingError("文件里没有数据行")
        if len(set_back) > forward:
            raise RecordingError(f"第 {set_back[0][0]} 行起时间多半早于上一行；请把文件按时间从早到晚排好")
        return Recording(rows, set_back)


def layout(options: Table) -> Layout:
    """Read ``columns``, ``separator``, ``header``, ``time_column``, ``time_format``, ``row_seconds``, ``missing``."""
    columns: dict[str, str | int] = {}
    header = options.flag("header", True)
    for code, column in options.mapping("columns").items():
        columns[code] = _column(column, header, f"{options.place} columns 里 {code}")
    if not columns:
        raise ConfigError(f"{options.place} 缺少 columns：要写明测点编码对应哪一列")
    time_column: str | int | None = None
    time_format = options.text("time_format", "") or None
    if options.has("time_column"):
        time_column = _column(options.value("time_column"), header, f"{options.place} time_column")
    missing = missing_numbers(options)
    separator = options.text("separator", ",")
    if separator != _BLANK and len(separator) != 1:
        raise ConfigError(f"{options.place} separator 只能是一个字符或 whitespace")
    row_seconds = options.number("row_seconds", 1.0, least=0.001)
    return Layout(columns, separator, header, time_column, time_format, row_seconds, missing)


def _column(column: object, header: bool, place: str) -> str | int:
    if isinstance(column, int) and not isinstance(column, bool) and column >= 1:
        return column
    if isinstance(column, str) and column and header:
        return column
    raise ConfigError(f"{place} 要写列名（有表头时）或从 1 起的列号")


def _cells(text: str, separator: str) -> list[list[str]]:
    if separator == _BLANK:
        return [line.split() for line in text.splitlines()]
    try:
        return list(csv.reader(text.splitlines(), delimiter=separator))
    except csv.Error as error:
        raise RecordingError(f"分不出列: {error}") from error


def _place(column: str | int, names: list[str]) -> int:
    if isinstance(column, int):
        return column - 1
    try:
        return names.index(column)
    except ValueError:
        raise RecordingError(f"表头里没有列 {column}") from None


def _time(cells: list[str], place: int, form: str | None, line: int) -> datetime:
    text = cells[place].strip() if place < len(cells) else ""
    try:
        at = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007
        # Only differences count, so that a recording without a zone may be read in any.
        return at if at.tzinfo is not None else at.replace(tzinfo=CIVIL_ZONE)
    except ValueError as error:
        how = '请写明 time_format，如 "%Y/%m/%d %H:%M:%S"' if form is None else f"与 time_format {form} 不符"
        raise RecordingError(f"第 {line} 行的时间无法识别: “{text[:40]}”，{how}") from error


def _number(cells: list[str], place: int, missing: frozenset[float]) -> float:
    try:
        value = float(cells[place])
    except (IndexError, ValueError):
        return math.nan
    return math.nan if value in missing or not math.isfinite(value) else value
