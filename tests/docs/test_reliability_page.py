"""The page of reliability scenarios and the tests that play them name each other, one row a scenario."""

from __future__ import annotations

import re

from tests.docs.marks import ROOT, TEST, marked

PAGE = (ROOT / "docs" / "reference" / "reliability.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)


def test_every_scenario_stands_on_the_page_with_the_tests_that_play_it() -> None:
    rows = {int(number): set(TEST.findall(tests)) for number, _, _, tests in ROW.findall(PAGE)}
    assert rows == marked("reliability")


def test_each_scenario_has_one_row_in_order() -> None:
    numbers = [int(number) for number, *_ in ROW.findall(PAGE)]
    assert numbers == sorted(set(numbers))
