"""The page of reliability scenarios and the tests that play them name each other, one row a scenario."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "reliability.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def marked() -> dict[int, set[tuple[str, str]]]:
    """Scenario number → (file, test) of every test that carries its mark."""
    found: dict[int, set[tuple[str, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.reliability(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in _numbers(node):
                    found.setdefault(number, set()).add((str(path.relative_to(ROOT)), node.name))
    return found


def _numbers(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
    return [
        argument.value
        for each in node.decorator_list
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.reliability"
        for argument in each.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, int)
    ]


def test_every_scenario_stands_on_the_page_with_the_tests_that_play_it() -> None:
    rows = {int(number): set(TEST.findall(tests)) for number, _, _, tests in ROW.findall(PAGE)}
    assert rows == marked()


def test_each_scenario_has_one_row_in_order() -> None:
    numbers = [int(number) for number, *_ in ROW.findall(PAGE)]
    assert numbers == sorted(set(numbers))
