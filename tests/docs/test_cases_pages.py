"""The pages of cases and the tests that replay them name each other."""

from __future__ import annotations

import re

from tests.docs.marks import ROOT, TEST, marked

PAGES = sorted((ROOT / "docs" / "reference" / "cases").glob("*.md"))
ROW = re.compile(r"^\| ([A-G]\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)


def test_every_case_stands_on_the_page_of_its_kind_with_the_tests_that_replay_it() -> None:
    rows: dict[object, set[tuple[str, str]]] = {}
    for page in PAGES:
        for case, _, _, tests in ROW.findall(page.read_text(encoding="utf-8")):
            assert page.name.startswith(case[0].lower()), (case, page.name)
            assert case not in rows, f"{case} stands twice"
            rows[case] = set(TEST.findall(tests))
    assert rows == marked("case")
