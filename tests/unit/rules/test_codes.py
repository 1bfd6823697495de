"""Code schemes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules import codes
from anlan.rules.codes import CodeError, LengthScheme

POINT = "540170007002G0001YW001"


def test_a_national_point_code_tells_its_owners() -> None:
    parsed = codes.NATIONAL.parse_point(POINT)
    assert (parsed.enterprise, parsed.source, parsed.device, parsed.letters) == (
        "540170007", "540170007002", "540170007002G0001", "YW",
    )  # fmt: skip
    assert codes.NATIONAL.is_gateway("54017000701")
    assert codes.NATIONAL.enterprise_of("54017000701") == "540170007"
    assert codes.NATIONAL.enterprise_of("540170007002G0001") == "540170007"


@pytest.mark.parametrize("code", ["371400030012G0002WD001", "371400030010G0004YW002", "371400030007Q0001QT001"])
def test_point_codes_seen_in_the_field_are_national(code: str) -> None:
    assert [scheme.id for scheme in codes.schemes_of_point(code)] == ["national"]


def test_the_two_schemes_differ_by_their_lengths() -> None:
    lengths = {scheme.id: scheme.lengths for scheme in codes.schemes() if isinstance(scheme, LengthScheme)}
    assert lengths["national"] == (9, 12, 17, 22)
    assert lengths["jiangsu"] == (11, 14, 19, 24)
    jiangsu = "32000000001002GT001WD001"
    assert [scheme.id for scheme in codes.schemes_of_point(jiangsu)] == ["jiangsu"]
    assert codes.scheme("jiangsu").parse_point(jiangsu).device == "32000000001002GT001"


@pytest.mark.parametrize(
    "code", ["", "54017000", "540170007002G0001YW00", "540170007002g0001YW001", "５40170007", POINT + "\n", POINT + "0"]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(CodeError):
        codes.NATIONAL.enterprise_of(code)
    with pytest.raises(CodeError):
        codes.NATIONAL.parse_point(code)


def test_letters_are_hints_and_unknown_letters_stay_themselves() -> None:
    assert codes.indicator_title("WD") == "温度"
    assert codes.indicator_title("ZZ") == "ZZ"
    assert codes.device_title("G") == "储罐"


def test_a_scheme_is_registered_once() -> None:
    with pytest.raises(CodeError, match="已存在"):
        codes.register(codes.NATIONAL)
    with pytest.raises(CodeError, match="没有编码方案"):
        codes.scheme("martian")


@given(st.from_regex(r"\A[0-9]{12}[A-Z][0-9]{4}[A-Z]{2}[0-9]{3}\Z"))
def test_every_national_point_code_belongs_to_the_enterprise_it_begins_with(code: str) -> None:
    assert codes.NATIONAL.enterprise_of(code) == code[:9]
    assert codes.NATIONAL.parse_point(code).code == code
