"""Ties tests to the rows of the requirement matrix and writes what happened.

A test carries ``@pytest.mark.req("WRN-09")`` only where the row's acceptance check is executed as written. The result
of a run lies in ``build/conformance.json`` (or ``ANLAN_TEST_CONFORMANCE``); `./run conformance` reads it.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.reach import Reach, started

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r"[A-Z]{2,3}-\d{2}")
WORSE = ["passed", "rules alone", "skipped", "failed"]
"""Outcomes from best to worst. ``rules alone``: it passed and never reached a service, a page, the API, the command
line or a role (`reach`)."""


def rows_of(item: pytest.Item) -> list[str]:
    """Row ids that a test is marked with; UsageError for an id that cannot be one."""
    ids = [str(name) for mark in item.iter_markers("req") for name in mark.args]
    for name in ids:
        if not ROW.fullmatch(name):
            raise pytest.UsageError(f"{item.nodeid}: {name!r} is no row of the requirement matrix")
    return sorted(set(ids))


class Recorder:
    """Collects, per row, the tests that execute it and their outcomes; in a parallel run only the controller writes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._groups = [name for name in str(config.getoption("--req-group", "")).split(",") if name]
        self._outcomes: dict[str, dict[str, str]] = defaultdict(dict)
        self._starting: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept, dropped = [], []
        for item in items:
            rows = rows_of(item)
            item.user_properties.extend(("req", row) for row in rows)
            (kept if self._wanted(rows) else dropped).append(item)
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        before = started()
        made = yield
        if started() > before:
            self._starting.add(fixturedef.argname)
        return made

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if not rows_of(item):
            return (yield)
        before, reach = started(), Reach()
        try:
            with reach.watching():
                return (yield)
        finally:
            by_fixture = self._starting.intersection(getattr(item, "fixturenames", ()))
            if reach.found or by_fixture or started() > before:
                item.user_properties.append(("reaches", reach.found or "a process"))

    def _wanted(self, rows: list[str]) -> bool:
        return not self._groups or any(row in self._groups or row.split("-")[0] in self._groups for row in rows)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome: str = report.outcome
        reaches = any(key == "reaches" for key, _ in report.user_properties)
        if report.when == "call" and outcome == "passed" and not reaches:
            outcome = "rules alone"
        for key, row in report.user_properties:
            if key == "req":
                tests = self._outcomes[str(row)]
                seen = tests.get(report.nodeid, "passed")
                tests[report.nodeid] = max(seen, outcome, key=WORSE.index)

    def pytest_sessionfinish(self) -> None:
        if hasattr(self._config, "workerinput") or self._config.option.collectonly:
            return
        target = Path(os.environ.get("ANLAN_TEST_CONFORMANCE") or ROOT / "build" / "conformance.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        results = {row: dict(sorted(tests.items())) for row, tests in sorted(self._outcomes.items())}
        target.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
