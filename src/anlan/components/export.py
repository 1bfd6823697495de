"""A list as an .xlsx workbook: the rows, and a sheet that says what they are, whose view, and what for (SEC-04).

The library draws the book; the rows, which are up to `MOST` and would take it a quarter of a millisecond each, are
written into its first sheet as text. Text is written as text: a name that begins with ``=`` is never a formula in the
reader's spreadsheet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from math import isfinite
from typing import Any
from unicodedata import east_asian_width
from urllib.parse import quote
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from anlan.components.lists import Column, Page
from anlan.rules import calendar

MOST = 50_000
"""Rows in one workbook; the sheet of explanations says when there were more."""
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOLD = Font(bold=True)
_INSTANT, _INSTANT_WIDE = "yyyy-mm-dd hh:mm:ss", 21.0
_A4 = 9
"""As the format numbers paper."""
NARROWEST, WIDEST = 8.0, 60.0
"""Widths of columns, in letters."""
Field = tuple[str, Callable[[Any], Any]]
"""A heading and how a row is read under it."""
_ROWS_SHEET, _MODEL_ROW = "xl/worksheets/sheet1.xml", re.compile(rb'<row r="2">.*</row>', re.DOTALL)
"""The part of the package that holds the rows, and the row there whose one cell is formatted as an instant."""
_DAY_ZERO = datetime(1899, 12, 30, tzinfo=calendar.CIVIL_ZONE)
"""The format counts days from here."""
_UNPRINTABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What the format forbids: control characters, halves of characters."""
_AT_ONCE = 500
"""Rows that are handed to the packer together."""


def workbook(request: HttpRequest, page: Page, *, title: str, now: datetime) -> HttpResponse:
    """All rows that match ``page``'s filters, in its order, as a download named after ``title`` and the minute.

    Columns without a ``value`` are left out. Instants are written in civil time (Asia/Shanghai) as real dates.
    """
    rows = page.matching[: MOST + 1].iterator(chunk_size=2000)
    return sheet_of(request, page.listing.columns, rows, title=title, now=now, asked=page.filter_words())


def sheet_of(
    request: HttpRequest, columns: Iterable[Column], rows: Iterable[Any], *, title: str, now: datetime,
    asked: Iterable[str],
) -> HttpResponse:  # fmt: skip
    """The same download for rows that are computed: ``asked`` says in words what they were asked for."""
    fields = [field for column in columns for field in column.written]
    batches = _batches(rows)
    first = next(batches, [])
    widths = _widths(fields, first)
    drawn, instant = _drawn(title, fields, widths, 1, [])
    with ZipFile(io.BytesIO(drawn)) as parts:
        head, _tail = _MODEL_ROW.split(parts.read(_ROWS_SHEET))
    target, written, more = io.BytesIO(), 0, False
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=1) as package:
        with package.open(_ROWS_SHEET, "w", force_zip64=True) as sheet:
            sheet.write(head)
            for some in chain([first], batches):
                more = written + len(some) > MOST
                some = some[: MOST - written]
                sheet.write(_xml_of(some, fields, written + 2, instant).encode())
                written += len(some)
                if more:
                    break
            told = _explanations(request, asked, title, now, written, more)
            with ZipFile(io.BytesIO(_drawn(title, fields, widths, written + 1, told)[0])) as parts:
                others = {part: parts.read(part) for part in parts.namelist()}
            sheet.write(_MODEL_ROW.split(others.pop(_ROWS_SHEET))[1])
        for part, content in others.items():
            package.writestr(part, content)
    stamp = calendar.civil(now).strftime("%Y%m%d-%H%M")
    response = HttpResponse(target.getvalue(), content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{title}-{stamp}.xlsx')}"
    return response


def _drawn(
    title: str, fields: Sequence[Field], widths: Sequence[float], last: int, told: Iterable[tuple[str, str]]
) -> tuple[bytes, int]:
    """The book with its headings, its explanations and one model row, and the number of the style of an instant.

    ``last`` is the number of the last row, to which the filter reaches.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    handed_on(sheet, widths, last)
    sheet.append([text_cell(sheet, heading, bold=True) for heading, _value in fields])
    model = WriteOnlyCell(sheet, 0.0)
    model.number_format = _INSTANT
    sheet.append([model])
    more = book.create_sheet(_("说明"))
    more.column_dimensions["A"].width, more.column_dimensions["B"].width = 14, 80
    for name, words in told:
        more.append([text_cell(more, name, bold=True), text_cell(more, words)])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue(), model.style_id


def handed_on(sheet: Any, widths: Sequence[float], last: int) -> None:
    """Set up a sheet, as people expect of one that is handed on: widths, a heading that stays and can be filtered by
    (``last`` row included), and print on A4 across, as wide as the paper, the heading on every page."""
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(1, len(widths)))}{max(1, last)}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", _A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def width_of(value: Any) -> float:
    """How wide a column must be to show a value: letters of the east take two places, an instant nineteen."""
    if isinstance(value, datetime):
        return _INSTANT_WIDE
    shown = f"{value:.10g}" if isinstance(value, float) else str(value)
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in shown) + 2


def _widths(fields: Sequence[Field], rows: Sequence[Any]) -> list[float]:
    """Widths by the headings (with room for the filter's arrow) and the first rows."""
    found = []
    for heading, value in fields:
        inside = (width_of(value(row)) for row in rows)
        found.append(min(max(NARROWEST, width_of(heading) + 3, *inside), WIDEST))
    return found


def _explanations(
    request: HttpRequest, asked: Iterable[str], title: str, now: datetime, count: int, more: bool
) -> list[tuple[str, str]]:
    return [
        (_("内容"), title),
        (_("行数"), _("%(count)d 行，另有更多未导出") % {"count": count} if more else str(count)),
        (_("筛选"), "；".join(asked) or _("无")),
        (_("导出人"), str(request.user)),
        (_("导出时间"), calendar.civil(now).strftime("%Y-%m-%d %H:%M:%S")),
        (_("用途"), _("安全生产监督管理工作使用；不得用于其他目的，不得公开。")),
    ]


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    some: list[Any] = []
    for row in rows:
        some.append(row)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _xml_of(rows: Sequence[Any], fields: Sequence[Field], first: int, instant: int) -> str:
    """The rows as the format writes them, the first of them under the number ``first``."""
    places = [(get_column_letter(number), value) for number, (_heading, value) in enumerate(fields, 1)]
    parts = []
    for number, row in enumerate(rows, first):
        parts.append(f'<row r="{number}">')
        parts += [_cell(f"{letter}{number}", value(row), instant) for letter, value in places]
        parts.append("</row>")
    return "".join(parts)


def _cell(place: str, value: Any, instant: int) -> str:
    """One cell: an instant and a figure as what they are, everything else as text; empty for no value."""
    if value is None or value == "":
        return f'<c r="{place}"/>'
    if isinstance(value, datetime):
        return f'<c r="{place}" s="{instant}"><v>{(value - _DAY_ZERO).total_seconds() / 86400!r}</v></c>'
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = escape(_printable(str(value)))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def text_cell(sheet: Any, words: str, bold: bool = False) -> Any:
    """A cell that is text whatever it begins with."""
    cell = WriteOnlyCell(sheet, _printable(words))
    cell.data_type = "s"
    if bold:
        cell.font = _BOLD
    return cell


def _printable(text: str) -> str:
    """The text without what the format forbids."""
    return text if text.isprintable() else _UNPRINTABLE.sub("", text)
