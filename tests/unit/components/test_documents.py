"""Papers that are handed on: what a title may hold that a file name and a sheet may not."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import openpyxl
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from anlan.components.documents import Document, answer


def test_a_title_with_signs_of_its_own_makes_a_sound_file_name_and_sheet() -> None:
    request = RequestFactory().get("/", {"format": "xlsx"})
    request.user = AnonymousUser()
    paper = Document(title="'LT/9:[x]'", facts=[("名称", "=1+1")])
    response = answer(request, paper, now=datetime(2026, 3, 1, 4, 0, tzinfo=UTC))
    assert response.headers["Content-Disposition"].endswith("''%27LT%2F9%3A%5Bx%5D%27-20260301-1200.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["LT 9  x"]
    assert book.worksheets[0]["B2"].data_type == "s"
