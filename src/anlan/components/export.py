"""A list as an .xlsx workbook: the rows, and a sheet that says what they are, whose view, and what for (SEC-04).

Text is written as text: a name that begins with ``=`` is never a formula in the reader's spreadsheet.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from anlan.components.lists import Column, Page
from anlan.rules import calendar

MOST = 50_000
"""Rows in one workbook; the sheet of explanations says when there were more."""
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOLD = Font(bold=True)


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
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    written_out = [column for column in columns if column.value]
    for number, column in enumerate(written_out, 1):
        sheet.column_dimensions[get_column_letter(number)].width = max(12, 2 * len(str(column.title)) + 4)
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, str(column.title), bold=True) for column in written_out])
    written, more = 0, False
    for row in rows:
        if written == MOST:
            more = True
            break
        sheet.append([_cell(sheet, column.value(row)) for column in written_out if column.value])
        written += 1
    _explain(book, request, asked, title, now, written, more)
    target = io.BytesIO()
    book.save(target)
    stamp = calendar.civil(now).strftime("%Y%m%d-%H%M")
    response = HttpResponse(target.getvalue(), content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{title}-{stamp}.xlsx')}"
    return response


def _explain(
    book: Any, request: HttpRequest, asked: Iterable[str], title: str, now: datetime, count: int, more: bool
) -> None:
    sheet = book.create_sheet(_("说明"))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 14, 80
    lines = [
        (_("内容"), title),
        (_("行数"), _("%(count)d 行，另有更多未导出") % {"count": count} if more else str(count)),
        (_("筛选"), "；".join(asked) or _("无")),
        (_("导出人"), str(request.user)),
        (_("导出时间"), calendar.civil(now).strftime("%Y-%m-%d %H:%M:%S")),
        (_("用途"), _("安全生产监督管理工作使用；不得用于其他目的，不得公开。")),
    ]
    for name, words in lines:
        sheet.append([_cell(sheet, name, bold=True), _cell(sheet, words)])


def _cell(sheet: Any, value: Any, bold: bool = False) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, calendar.civil(value).replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        cell = WriteOnlyCell(sheet, value)
    else:
        cell = WriteOnlyCell(sheet, "" if value is None else _printable(str(value)))
        cell.data_type = "s"
    if bold:
        cell.font = _BOLD
    return cell


def _printable(text: str) -> str:
    """The text without control characters, which the format forbids."""
    return "".join(character for character in text if character >= " " or character in "\n\t")
