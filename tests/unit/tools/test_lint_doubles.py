"""Ten lines that stand twice are found, wherever they are indented; fewer are let be."""

from __future__ import annotations

import sys

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from lint_doubles import MOST, doubles

LINES = [f"step_{number}(row, at)" for number in range(MOST + 1)]


def test_ten_lines_are_found_in_another_place_and_another_depth() -> None:
    first, second = "\n".join(LINES), "\n\n".join(f"    {line}  " for line in LINES)
    assert doubles({"a.py": first, "b.html": f"def f():\n{second}"}) == [(("b.html", 2), ("a.py", 1))]


def test_nine_lines_imports_and_comments_are_let_be() -> None:
    few = "\n".join(LINES[:MOST])
    heads = "\n".join(f"from anlan.a{number} import b\n# the same" for number in range(20))
    assert doubles({"a.py": f"{heads}\n{few}", "b.py": f"{heads}\n{few}"}) == []


def test_a_table_of_like_lines_is_no_double_of_itself() -> None:
    assert doubles({"a.py": "\n".join(["x = 1"] * (MOST + 5))}) == []
