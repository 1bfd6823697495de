"""Text from outside: what a machine would obey is washed out, the words stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.plain import lines, one_line
from anlan.schema import Field


@pytest.mark.case("B2")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("示例\n化工", "示例 化工"),
        ("示例\r\n化工\r", "示例 化工"),
        ("示例_x000D_\n化工", "示例 化工"),
        ("示例_x000a_化工", "示例 化工"),
        ("型号_x0041_", "型号_x0041_"),
        ("a\tb\x0bc\x85d\u2028e", "a b c d e"),
        ("\u202e液氨\u200f\ufeff罐\u200b区", "液氨罐区"),
        ("\x00\x1b[31m红", "[31m红"),
        ("半\ud83d个", "半个"),
        ("全\u3000角", "全 角"),
        ("  ", ""),
    ],
)
def test_text_from_outside_is_washed_to_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_a_text_of_several_lines_keeps_them_and_nothing_else() -> None:
    assert lines("一\r\n二\x00\r三\u2028\n四\ud800 ") == "一\n二\n三\n\n四"


@given(st.text())
def test_what_is_washed_fits_a_header_and_washing_again_changes_nothing(text: str) -> None:
    washed = one_line(text)
    washed.encode()
    assert "\n" not in washed
    assert "\r" not in washed
    assert one_line(washed) == washed


@pytest.mark.case("B2")
def test_a_break_in_a_cell_is_one_blank_in_the_register() -> None:
    assert Field("name", "名称", "").read("示例\n化工_x000D_有限公司\u200b") == "示例 化工 有限公司"
    with pytest.raises(ValueError, match="空白"):
        Field("code", "编码", "", "code").read("AB\nCD")
