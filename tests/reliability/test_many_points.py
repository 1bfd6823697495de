"""Scenario 29, the lists: 100 000 points and as many alarms listed, filtered, searched, ranked and exported."""

from __future__ import annotations

import io
import tracemalloc
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from anlan import now as clock
from anlan.components import export
from anlan.testing import national

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SIZES = (national.Size(2, 2, 2, 20, 50, 40, 1), national.Size(4, 5, 5, 1_000, 100, 2_500, 1))
"""A thousand points and a hundred thousand."""
PAGES = {
    "/": 60,
    "/points/": 16,
    "/points/?q=压力17": 16,
    "/points/?state=alarm&sort=tag": 16,
    "/points/?page=100": 16,
    "/enterprises/": 18,
    "/enterprises/?link=offline": 18,
    "/alarms/": 18,
    "/alarms/?state=uncleared&q=压力": 18,
    "/alarms/?page=100": 18,
    "/statistics/": 28,
    "/statistics/?table=daily": 28,
}
"""Pages with the most questions that each may ask the database, whatever the size."""
WRITTEN, MEMORY = 5_000, 80 * 1024 * 1024
"""Rows of the export in the test, and bytes that it may take: a hundred thousand rows would take several times that."""


def asked(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as questions:
        response = client.get(path)
    assert response.status_code == 200, path
    return len([each for each in questions.captured_queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.reliability(29)
@pytest.mark.parametrize("size", SIZES, ids=["thousand", "hundred-thousand"])
def test_lists_ask_a_bounded_number_of_questions_at_any_size(size: national.Size) -> None:
    now = clock.now()
    country = national.registry(now - timedelta(days=1), size)
    national.alarms(now, size.enterprises * size.points, active=300, unacknowledged=1_000)
    client = Client()
    client.force_login(country.users["province"], backend="django.contrib.auth.backends.ModelBackend")
    found = {path: asked(client, path) for path in PAGES}
    too_many = {path: (PAGES[path], number) for path, number in found.items() if number > PAGES[path]}
    assert not too_many, f"more questions than allowed (allowed, asked): {too_many}"


@pytest.mark.reliability(29)
def test_an_export_of_all_points_is_written_without_holding_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST", WRITTEN)
    now = clock.now()
    country = national.registry(now - timedelta(days=1), SIZES[1])
    client = Client()
    client.force_login(country.users["ministry"], backend="django.contrib.auth.backends.ModelBackend")
    tracemalloc.start()
    try:
        answer = client.get("/points/?format=xlsx")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY
    book = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True)
    rows = sum(1 for _row in book.worksheets[0].iter_rows(values_only=True))
    assert rows == WRITTEN + 1
    assert "另有更多未导出" in str(list(book.worksheets[1].iter_rows(values_only=True)))
