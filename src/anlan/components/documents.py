"""A record as a document that is handed on: one set of facts and tables, as .docx, as .xlsx and as a page to print.

Whoever declares a `Document` says what it holds; how it looks stands here once. It says who drew it up, when and for
whose view, as every paper that leaves the house does. The .docx is written by python-docx, in the fonts of Chinese
official papers; a reader without them gets their own.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from docx import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from openpyxl import Workbook

from anlan.components.export import CONTENT_TYPE, handed_on, text_cell, width_of
from anlan.plain import lines
from anlan.rules.calendar import civil

FORMATS = ("docx", "xlsx", "print")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HEADING, BODY = "方正小标宋简体", "仿宋"
"""Fonts of a heading and of the text in official papers."""
_UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])
"""What the formats forbid."""


@dataclass(frozen=True)
class Table:
    """A table with its title, headings and rows of plain values."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Document:
    """What a paper holds, from top to bottom: facts (name and value), tables, and where the rule behind it stands."""

    title: str
    facts: Sequence[tuple[str, Any]] = ()
    tables: Sequence[Table] = field(default_factory=tuple)
    note: str = ""


def answer(request: HttpRequest, document: Document, *, now: datetime) -> HttpResponse:
    """The document in the ``format`` that the address asks for: a download, or a page to print."""
    drawn = [(_("制表"), f"{_who(request)} · {civil(now):%Y-%m-%d %H:%M}")]
    if document.note:
        drawn.append((_("依据"), document.note))
    match request.GET.get("format"):
        case "xlsx":
            return _download(as_xlsx(document, drawn), CONTENT_TYPE, document.title, "xlsx", now)
        case "docx":
            return _download(as_docx(document, drawn), DOCX, document.title, "docx", now)
    context = {"document": document, "drawn": drawn}
    return render(request, "components/document.html", context)


def as_docx(document: Document, drawn: Sequence[tuple[str, str]] = ()) -> bytes:
    """The document as a .docx of A4 pages."""
    paper = Docx()
    section = paper.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.6)
    normal = paper.styles["Normal"]
    normal.font.name, normal.font.size = BODY, Pt(12)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), BODY)
    title = paper.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(text_of(document.title))
    run.font.size, run.font.name = Pt(20), HEADING
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), HEADING)
    if document.facts:
        _table(paper, None, document.facts)
    for table in document.tables:
        paper.add_paragraph().add_run(text_of(table.title)).bold = True
        _table(paper, table.headings, table.rows)
    for name, words in drawn:
        paper.add_paragraph(f"{name}：{words}")
    target = io.BytesIO()
    paper.save(target)
    return target.getvalue()


def as_xlsx(document: Document, drawn: Sequence[tuple[str, str]] = ()) -> bytes:
    """The document as a workbook: the facts on the first sheet, each table on one of its own."""
    book = Workbook(write_only=True)
    facts = [*document.facts, *drawn]
    _sheet(book, document.title, (_("项目"), _("内容")), facts)
    for table in document.tables:
        _sheet(book, table.title, table.headings, table.rows)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def text_of(value: Any) -> str:
    """A value as a reader sees it on paper."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{civil(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return lines(str(value)).translate(_UNPRINTABLE)


def _table(paper: Any, headings: Sequence[str] | None, rows: Sequence[Sequence[Any]]) -> None:
    width = len(headings) if headings is not None else 2
    grid = paper.add_table(rows=0, cols=width)
    grid.style = "Table Grid"
    for number, row in enumerate([*([headings] if headings is not None else []), *rows]):
        for at, (cell, value) in enumerate(zip(grid.add_row().cells, row, strict=True)):
            run = cell.paragraphs[0].add_run(text_of(value))
            run.bold = at == 0 if headings is None else number == 0


def _sheet(book: Any, title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    name = "".join(" " if sign in "[]:*?/\\'" else sign for sign in title)[:31].strip() or "1"
    sheet = book.create_sheet(name)
    written = [[text_of(value) for value in row] for row in rows]
    columns = list(zip(headings, *written, strict=True))
    handed_on(sheet, [min(60.0, max(10.0, *map(width_of, column))) for column in columns], len(written) + 1)
    sheet.append([text_cell(sheet, heading, bold=True) for heading in headings])
    for row in written:
        sheet.append([text_cell(sheet, value) for value in row])


def _download(content: bytes, kind: str, title: str, ending: str, now: datetime) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    name = quote(f"{title}-{civil(now):%Y%m%d-%H%M}.{ending}", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _who(request: HttpRequest) -> str:
    user = request.user
    return str(user) if user.is_authenticated else ""
