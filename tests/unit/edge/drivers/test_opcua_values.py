"""Numbers and times as servers state them."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from anlan.edge.drivers.opcua_security import security
from anlan.edge.drivers.opcua_values import SourceTimes, number_of, single
from anlan.edge.table import ConfigError
from anlan.testing.clock import FakeClock

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def as_float32(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


@given(st.decimals(min_value=-9999, max_value=9999, places=2))
def test_what_an_instrument_shows_in_six_digits_comes_back_from_32_bits(shown):
    assert single(as_float32(float(shown))) == float(shown)


@given(st.floats(width=32))
def test_no_32_bit_number_becomes_another(number):
    back = single(number)
    assert math.isnan(back) if math.isnan(number) else as_float32(back) == number


def test_a_64_bit_number_stays_as_it_is():
    stated = ua.DataValue(ua.Variant(1.5499999523162842, ua.VariantType.Double))
    assert number_of(stated) == 1.5499999523162842


def stated(source: datetime | None, server: datetime | None) -> ua.DataValue:
    return ua.DataValue(ua.Variant(1.0), SourceTimestamp=source, ServerTimestamp=server)


@pytest.mark.case("A7")
@pytest.mark.parametrize(
    ("source", "server", "expected"),
    [
        (None, NOW, (NOW, True)),
        (None, None, (NOW, True)),
        (datetime(1601, 1, 1), NOW, (NOW, True)),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW - timedelta(seconds=3), (NOW - timedelta(seconds=3), False)),
        (NOW + timedelta(seconds=61), datetime(1601, 1, 1, tzinfo=UTC), (NOW, False)),
        (NOW + timedelta(seconds=59), NOW, (NOW + timedelta(seconds=59), True)),
        (NOW - timedelta(hours=8), NOW - timedelta(hours=8), (NOW, False)),
        (NOW - timedelta(minutes=20), NOW, (NOW - timedelta(minutes=20), True)),
        (None, NOW - timedelta(hours=8), (NOW, False)),
    ],
)
def test_a_new_value_has_the_sources_time_where_it_can_be_meant(source, server, expected):
    times = SourceTimes(FakeClock(NOW))
    times.of("p", stated(NOW, NOW))
    assert times.of("p", stated(source, server)) == expected
    assert times.doubted == (set() if expected[1] else {"p"})


def test_a_source_that_is_believed_again_is_no_longer_doubted():
    times = SourceTimes(FakeClock(NOW))
    times.of("p", stated(NOW + timedelta(hours=1), NOW))
    times.of("p", stated(NOW, NOW))
    assert times.doubted == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Basic256Sha256,Sign,a", "策略,方式,证书,私钥"),
        ("Basic257,Sign,a,b", "Basic257"),
        ("Basic256Sha256,None,a,b", "SignAndEncrypt"),
        ("Basic256Sha256,Sign,a,b", "读不到证书"),
    ],
)
def test_a_wrong_security_string_is_told_at_the_check(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        security(text, tmp_path, "[driver]")
