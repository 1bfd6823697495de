"""Numbers and addresses as people type them: brought into one form, or refused where they are entered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.addresses import dialled, mail, phone, tidy_phone
from anlan.refused import Refused


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    "typed",
    [
        "13800000000", "+86 138 0000 0000", "+8613800000000", "008613800000000", "86-13800000000", "138-0000-0000",
        " 138 0000 0000 ", "１３８００００００００", "＋８６　１３８　００００　００００", "\u202a13800000000\u202c",
        "138\u200b0000\u20110000", "138\u00a00000\u20130000", "(+86)138 0000 0000", "١٣٨٠٠٠٠٠٠٠٠",
        "138.0000.0000", "13800000000\n",
    ],
)  # fmt: skip
def test_a_mobile_in_any_spelling_is_eleven_digits(typed: str) -> None:
    assert phone(typed) == "13800000000"


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    ("typed", "kept", "given"),
    [
        ("010 1234 5678", "010-12345678", "01012345678"),
        ("（0431）81234567", "0431-81234567", "043181234567"),
        ("+86 431 8123 4567", "0431-81234567", "043181234567"),
        ("400-123-4567", "4001234567", "4001234567"),
        ("+852 9123 4567", "+85291234567", "+85291234567"),
        ("", "", ""),
        ("  \u200f ", "", ""),
    ],
)
def test_other_numbers_have_one_form_too_and_are_dialled_without_dashes(typed: str, kept: str, given: str) -> None:
    assert phone(typed) == kept
    assert dialled(kept) == given


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    "typed",
    [
        "13800000000/13900000000", "13800000000、13900000000", "13800000000 13900000000", "1380000000", "138000000000",
        "12800000000", "000-0000", "甲 13800000000", "010-12345678转8001", "12350", "无", "-", "+86",
    ],
)  # fmt: skip
def test_what_is_no_number_or_more_than_one_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        phone(typed)
    assert any(word in str(refused.value) for word in ("号码", "分机"))
    assert tidy_phone(typed) == typed


@pytest.mark.case("B3")
def test_a_duty_desk_may_have_a_short_number_or_an_extension() -> None:
    assert phone("１２３５０", desk=True) == "12350"
    assert phone("010-12345678 转 8001", desk=True) == "010-12345678转8001"
    assert phone("13800000000", desk=True) == "13800000000"


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("duty@county.example", "duty@county.example"),
        (" Duty@County.EXAMPLE ", "Duty@county.example"),
        ("ｄｕｔｙ＠county．example", "duty@county.example"),
        ("\u202aduty@county.example\u202c", "duty@county.example"),
        ("x@例子.中国", "x@例子.中国"),
        ("x@例子。中国", "x@例子.中国"),
        ("duty@mail.local", "duty@mail.local"),
        ("", ""),
    ],
)
def test_a_mail_address_has_one_form(typed: str, kept: str) -> None:
    assert mail(typed) == kept


@pytest.mark.case("B3")
@pytest.mark.parametrize(
    "typed",
    ["duty", "a@b@c.example", "a@b", "a@x.example;b@x.example", "a b@x.example", "a@-x.example", "<a@x.example>"],
)
def test_what_is_no_mail_address_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="邮箱"):
        mail(typed)


@pytest.mark.case("B3")
@given(st.text(alphabet="0123456789+-() 转x", max_size=30))
def test_the_form_of_a_form_is_itself(text: str) -> None:
    try:
        kept = phone(text, desk=True)
    except Refused:
        return
    assert phone(kept, desk=True) == kept
