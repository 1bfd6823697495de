"""The page of alarm management and the tests that carry its mark name each other; no part of it goes without."""

from __future__ import annotations

import re

from tests.docs.marks import ROOT, TEST, marked

PAGE = (ROOT / "docs" / "reference" / "alarm-management.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\w+) \| (.+?) \| (`tests/.+?) \|$", re.M)
PARTS = ["确认", "搁置", "报备", "设计抑制", "抖动", "泛滥", "首发", "绩效"]


def test_every_part_stands_on_the_page_with_the_tests_that_hold_it() -> None:
    rows = {part: set(TEST.findall(tests)) for part, _, tests in ROW.findall(PAGE)}
    assert list(rows) == PARTS
    assert rows == marked("alarm_management")
