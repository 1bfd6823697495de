"""The rules stand on the standard library alone and stay small."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import anlan.rules

ROOM = Path(anlan.rules.__file__).parent
MODULES = sorted(ROOM.rglob("*.py"))
FORBIDDEN = {"time", "os", "pathlib", "socket", "random", "threading", "asyncio", "subprocess", "sqlite3", "logging"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOM)))
def test_a_module_of_the_law_imports_nothing_that_acts_or_that_must_be_installed(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    for name in imported:
        assert name.startswith("anlan.rules") or name.split(".")[0] in sys.stdlib_module_names - FORBIDDEN, name


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOM)))
def test_a_module_of_the_law_says_why_it_exists(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
