"""Any bytes for a workbook, any XML for a cell: the reader answers with rows and faults, or refuses in words."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from tests.unit.apps.enrolment.sheets_as_xml import cell_as, sheet_as
from tests.unit.apps.enrolment.workbooks import WHOLE, book

from anlan.apps.enrolment.reading import Read, Unreadable, read
from anlan.apps.enrolment.sheets import SHEETS

GOOD = book(WHOLE)
POINTS = next(sheet for sheet in SHEETS if sheet.title == "点位")
NUMBERS = some.one_of(
    some.floats(allow_nan=True).map(repr),
    some.integers().map(str),
    some.sampled_from(["1e999", "-0", "1_0", "7,5", "٧", "0x1", "45000", "2958466", "-1", "1" * 5000, ""]),
)
LETTERS = some.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
TEXTS = some.text(LETTERS, max_size=30)
VALUES = some.one_of(NUMBERS, TEXTS, some.sampled_from(["_x000D_", "_xD800_", "_x0000_", "=1+1", "#N/A", "true"]))
CELLS = some.builds(
    lambda kind, style, formula, value, inline: (
        '<c r="{0}"'
        + (f' t="{kind}"' if kind else "")
        + (f' s="{style}"' if style else "")
        + ">"
        + ("<f>A1</f>" if formula else "")
        + ("" if value is None else f"<v>{escape(value)}</v>")
        + ("" if inline is None else f"<is><t>{escape(inline)}</t></is>")
        + "</c>"
    ),
    some.sampled_from(["", "n", "s", "str", "b", "d", "e", "inlineStr", "x"]),
    some.sampled_from(["", "0", "1", "2", "-1", "999", "x"]),
    some.booleans(),
    some.none() | VALUES,
    some.none() | VALUES,
)
PLACES = some.sampled_from(["K2", "E2", "A2", "A1", "K1", "J2"])
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answered(content: bytes) -> Read | None:
    """What the reader makes of it; None when it refuses, in words for people."""
    try:
        return read(content)
    except Unreadable as unreadable:
        words = str(unreadable)
    assert re.search("[\u4e00-\u9fff]", words)
    return None


@pytest.mark.case("C2")
@QUICK
@given(PLACES, CELLS)
def test_any_cell_becomes_a_value_or_a_fault_in_its_place(place: str, xml: str) -> None:
    found = answered(cell_as(GOOD, "点位", place, xml.replace("{0}", place)))
    if found is None:
        return
    (row,) = [row for row in found.rows if row.sheet.title == "点位"]
    for key, value in row.values.items():
        assert isinstance(value, str | float | int | bool | list | type(None))
        if isinstance(value, str):
            value.encode()
            assert not re.search("[\x00-\x1f\x7f-\x9f]", value), (key, value)
    for _key, reason in row.faults:
        assert re.search("[\u4e00-\u9fff]", reason)


@pytest.mark.case("C1")
@QUICK
@given(CELLS)
@example('<c r="{0}" t="inlineStr"><f>A1</f><is><t>_x0000_</t></is></c>')
@example('<c r="{0}" t="inlineStr"><v>0.0</v><is><t>_x0000_</t></is></c>')
def test_a_limit_is_empty_only_where_the_cell_shows_nothing(xml: str) -> None:
    found = answered(cell_as(GOOD, "点位", "K2", xml.replace("{0}", "K2")))
    if found is None:
        return
    (row,) = [row for row in found.rows if row.sheet.title == "点位"]
    if row.values["h"] is None:
        shown = re.sub("<f>.*?</f>|<[^>]*>|_x[0-9A-Fa-f]{4}_|[\u200b-\u206f\u00ad\ufeff]", "", xml)
        bare = "".join(letter for letter in shown if letter.isprintable())
        assert not bare.strip(), xml
        assert "<f>" not in xml or ' t="str"' in xml


@pytest.mark.case("C2")
@QUICK
@given(some.data())
def test_any_damage_to_a_sheet_is_answered(data: Any) -> None:
    def damage(text: str) -> str:
        at = data.draw(some.integers(0, len(text)))
        long = data.draw(some.integers(0, 40))
        return text[:at] + data.draw(TEXTS) + text[at + long :]

    answered(sheet_as(GOOD, "点位", damage))


@pytest.mark.case("C2")
@QUICK
@given(some.integers(0, len(GOOD)), some.binary(max_size=30))
def test_any_damage_to_the_file_is_answered(at: int, put: bytes) -> None:
    answered(GOOD[:at] + put + GOOD[at + len(put) :])


def test_the_workbook_that_is_damaged_here_is_whole() -> None:
    assert zipfile.is_zipfile(io.BytesIO(GOOD))
    assert answered(GOOD) is not None
    assert POINTS.column("h").guards
