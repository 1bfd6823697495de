"""Which tests carry a mark: what a page of the reference is held against."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
"""How a page names a test."""


def marked(mark: str) -> dict[object, set[tuple[str, str]]]:
    """Argument of ``@pytest.mark.<mark>(…)`` → (file, test) of every test that carries it."""
    found: dict[object, set[tuple[str, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{mark}(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for argument in _arguments(node, mark):
                    found.setdefault(argument, set()).add((str(path.relative_to(ROOT)), node.name))
    return found


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef, mark: str) -> list[object]:
    return [
        argument.value
        for each in node.decorator_list
        if isinstance(each, ast.Call) and ast.unparse(each.func) == f"pytest.mark.{mark}"
        for argument in each.args
        if isinstance(argument, ast.Constant)
    ]
