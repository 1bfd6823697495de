"""A row is met only when every test that executes its check ran and passed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import conformance  # noqa: E402
import unused_rules  # noqa: E402

CONFTEST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.conformance.plugin import Recorder

def pytest_addoption(parser):
    parser.addoption("--req-group", default="")

def pytest_configure(config):
    config.addinivalue_line("markers", "req(id): a row")
    config.pluginmanager.register(Recorder(config))
"""
STORY = """
import pytest

@pytest.mark.req("WRN-09")
def test_yellow():
    from anlan.logs import PlainLines  # any product code that is no rule

    assert PlainLines() is not None

@pytest.mark.req("WRN-11")
def test_red():
    from anlan.rules.level import Level

    assert Level("red").rank == 4

@pytest.mark.req("WRN-09", "WRN-10")
def test_orange():
    assert False

@pytest.mark.req("GEN-01")
def test_clock():
    pytest.skip("no clock here")

def test_of_no_row():
    assert True
"""


def run(folder: Path, *arguments: str, story: str = STORY) -> tuple[int, dict[str, dict[str, str]]]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_story.py").write_text(story)
    (folder / "pytest.ini").write_text("[pytest]\n")
    results = folder / "results.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", *arguments]
    env = os.environ | {"ANLAN_TEST_CONFORMANCE": str(results)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, json.loads(results.read_text()) if results.exists() else {}


@pytest.mark.parametrize("parallel", [[], ["-n", "2"]], ids=["alone", "parallel"])
def test_a_run_records_the_outcome_of_every_marked_test(tmp_path: Path, parallel: list[str]) -> None:
    _, results = run(tmp_path, *parallel)
    assert results == {
        "GEN-01": {"test_story.py::test_clock": "skipped"},
        "WRN-09": {"test_story.py::test_orange": "failed", "test_story.py::test_yellow": "passed"},
        "WRN-10": {"test_story.py::test_orange": "failed"},
        "WRN-11": {"test_story.py::test_red": "rules alone"},
    }


def test_a_group_or_a_single_row_can_be_chosen(tmp_path: Path) -> None:
    assert set(run(tmp_path, "--req-group", "GEN")[1]) == {"GEN-01"}
    assert set(run(tmp_path, "--req-group", "WRN-10")[1]) == {"WRN-09", "WRN-10"}  # one test stands for both


def test_a_mark_that_is_no_row_stops_the_run(tmp_path: Path) -> None:
    story = "import pytest\n\n@pytest.mark.req('WRN-9')\ndef test_it():\n    pass\n"
    assert run(tmp_path, story=story)[0] == 4


@pytest.mark.parametrize(
    ("outcomes", "passed"),
    [
        ({}, None),
        ({"a": "passed", "b": "passed"}, True),
        ({"a": "passed", "b": "failed"}, False),
        ({"a": "skipped"}, False),
    ],
)
def test_a_row_is_met_when_all_its_tests_ran_and_passed(outcomes: dict[str, str], passed: bool | None) -> None:
    row = conformance.summary({"id": "SEC-01", "tier": "A", "title": "x"}, outcomes)
    assert row == {"id": "SEC-01", "tier": "A", "tests": sorted(outcomes), "passed": passed}


@pytest.mark.parametrize(("outcome", "passed"), [("passed", None), ("failed", False)])
def test_a_row_that_waits_says_for_what_and_never_counts_as_met(outcome: str, passed: bool | None) -> None:
    row = conformance.summary({"id": "GEN-06", "tier": "A", "title": "x"}, {"a": outcome})
    assert str(row["open"]).startswith("needs ")
    assert row["passed"] is passed


@pytest.mark.case("E5")
def test_a_row_counts_only_by_tests_that_reach_more_than_the_rules() -> None:
    row = {"id": "SEC-01", "tier": "A", "title": "x"}
    alone = conformance.summary(row, {"a": "rules alone"})
    assert (alone["passed"], alone["open"]) == (None, "its tests reach the rules alone")
    assert conformance.summary(row, {"a": "rules alone", "b": "passed"})["passed"] is True
    assert conformance.summary(row, {"a": "rules alone", "b": "failed"})["passed"] is False


WAYS = """
import datetime, subprocess, sys, threading
import pytest
from anlan.logs import PlainLines
from anlan.rules.calendar import civil_day

START = [sys.executable, "-c", "import anlan"]

@pytest.fixture(scope="module")
def serving():
    subprocess.run(START, check=True)

@pytest.mark.req("GEN-01")
def test_a_rule(): civil_day(datetime.datetime.now(datetime.UTC))

@pytest.mark.req("GEN-01")
def test_an_import(): import anlan.database.size

@pytest.mark.req("GEN-01")
def test_nothing(): pass

@pytest.mark.req("GEN-02")
def test_a_call(): PlainLines()

@pytest.mark.req("GEN-02")
def test_a_thread():
    thread = threading.Thread(target=PlainLines)
    thread.start()
    thread.join()

@pytest.mark.req("GEN-02")
def test_a_process(): subprocess.run(START, check=True)

@pytest.mark.req("GEN-02")
def test_a_fixture_s_process(serving): pass

@pytest.mark.req("GEN-02")
def test_the_same_process_again(serving): pass
"""


@pytest.mark.case("E5")
def test_what_reaching_is(tmp_path: Path) -> None:
    found = run(tmp_path, story=WAYS)[1]
    assert (set(found["GEN-01"].values()), len(found["GEN-01"])) == ({"rules alone"}, 3)
    assert (set(found["GEN-02"].values()), len(found["GEN-02"])) == ({"passed"}, 5)


@pytest.mark.case("E5")
def test_rules_that_no_product_code_reaches_are_found_by_imports_and_names(tmp_path: Path) -> None:
    files = {
        "rules/law.py": "def used(): return deeper()\ndef deeper(): return 1\ndef unused(): return used()\n",
        "rules/other.py": "from anlan.rules.law import used as again\nclass Kept: pass\nclass Left: pass\n",
        "rules/__init__.py": "from anlan.rules.other import Kept\n",
        "apps/x/services.py": "from anlan.rules import Kept, law\n\ndef act(): return law.used(), Kept\n",
        "testing/drill.py": "from anlan.rules.law import unused\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert unused_rules.unreached(tmp_path) == ["law.unused", "other.Left"]
