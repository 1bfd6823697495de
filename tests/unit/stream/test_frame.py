"""From packet bytes to arrays: never an uncaught exception, never a wrong number."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.stream.packets import HOSTILE, packet

from anlan.stream.envelope import Record
from anlan.stream.frame import BAD, GOOD, UNCERTAIN, Frame, FrameDecoder
from anlan.stream.packet import PacketError
from anlan.stream.points import PointSpec, PointTable

AT = 1_709_251_200_000_000  # 2024-03-01 08:00 in Beijing
RECEIVED = AT + 1_500_000
CODES = ["a", "b", "c", "d"]


def make_table() -> PointTable:
    specs = [PointSpec(code=code, enterprise="e", gateway="g", range_min=0, range_max=100) for code in CODES]
    return PointTable([*specs, PointSpec(code="z", enterprise="e", gateway="other")])


def decode(body: bytes, decoder: FrameDecoder | None = None) -> Frame:
    decoder = decoder or FrameDecoder(make_table())
    return decoder.decode(Record("e", "g", "p", RECEIVED, body))


def cells(frame: Frame) -> list[tuple[int, float | None, int, int]]:
    return [
        (int(row), None if math.isnan(value) else float(value), int(quality), int(at) - AT)
        for row, value, quality, at in zip(frame.index, frame.value, frame.quality, frame.sampled_at_us, strict=True)
    ]


def test_a_plain_packet_becomes_arrays() -> None:
    frame = decode(packet({"b": "12.5", "a": "0", "d": "99.99"}))
    assert cells(frame) == [(1, 12.5, GOOD, 0), (0, 0.0, GOOD, 0), (3, 99.99, GOOD, 0)]
    assert (frame.gateway, frame.collected_at_us, frame.received_at_us) == ("g", AT, RECEIVED)
    assert frame.index.dtype == np.int32
    assert frame.value.dtype == np.float64
    assert frame.quality.dtype == np.uint8
    assert frame.sampled_at_us.dtype == np.int64
    assert frame.unique
    assert (frame.unknown, frame.damaged) == ([], 0)


def test_numbers_may_be_numbers() -> None:
    assert cells(decode(packet({"a": 12.5, "b": 7}))) == [(0, 12.5, GOOD, 0), (1, 7.0, GOOD, 0)]


def test_unknown_and_foreign_tags_are_named_and_left_out() -> None:
    frame = decode(packet({"x": "1", "a": "2", "z": "3", "b": "4"}))
    assert cells(frame) == [(0, 2.0, GOOD, 0), (1, 4.0, GOOD, 0)]
    assert frame.unknown == ["x", "z"]
    assert frame.claimed == ["z"]


def test_a_list_that_was_sent_before_follows_the_registry() -> None:
    table = make_table()
    decoder = FrameDecoder(table)
    specs = {spec.code: spec for spec in table.specs}

    def sent(**values: str) -> Frame:
        return [decode(packet(values), decoder) for _ in range(4)][-1]  # remembered, and learned where that can be

    def registered(code: str, gateway: str, range_max: float = 100) -> None:
        specs[code] = PointSpec(code=code, enterprise="e", gateway=gateway, range_min=0, range_max=range_max)
        table.update(specs.values())

    assert sent(a="50", b="50").quality.tolist() == [GOOD, GOOD]
    registered("z", "other", range_max=5)
    assert sent(a="50", b="50").quality.tolist() == [GOOD, GOOD]
    registered("a", "g", range_max=40)
    assert sent(a="50", b="50").quality.tolist() == [UNCERTAIN, GOOD]
    registered("b", "other")
    frame = sent(a="50", b="50")
    assert (frame.index.tolist(), frame.claimed) == ([0], ["b"])
    assert (sent(a="30", x="1").unknown, sent(a="30", x="1").claimed) == (["x"], [])
    registered("x", "other")
    assert sent(a="30", x="1").claimed == ["x"]
    registered("x", "g")
    assert sent(a="30", x="1").index.tolist() == [0, 5]
    del specs["a"]
    table.update(specs.values())
    assert sent(a="30", x="1").unknown == ["a"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc",
        "1_000",
        "１２",
        "12,5",
        "0x10",
        "NaN",
        "inf",
        "-Infinity",
        "1e400",
        None,
        True,
        "--",
        "null",
        {"n": 1},
        [1],
    ],
)
def test_a_value_that_is_no_number_is_bad_and_its_neighbours_land(value: Any) -> None:
    frame = decode(packet({"a": "1.5", "b": value, "c": "2.5"}))
    assert cells(frame) == [(0, 1.5, GOOD, 0), (1, None, BAD, 0), (2, 2.5, GOOD, 0)]


@pytest.mark.parametrize(
    "sample",
    [
        5,
        None,
        [],
        {},
        {"quotaId": None, "value": "1"},
        {"value": "1"},
        {"quotaId": ["b"], "value": "1"},
    ],
)
def test_a_sample_that_is_no_sample_is_counted_and_its_neighbours_land(sample: Any) -> None:
    frame = decode(packet(samples=[{"quotaId": "a", "value": "1"}, sample, {"quotaId": "c", "value": "3"}]))
    assert cells(frame) == [(0, 1.0, GOOD, 0), (2, 3.0, GOOD, 0)]
    assert frame.damaged == 1


@pytest.mark.parametrize("text", [" 12.5", "12.5 ", "+12.5", "012.5", "12.50", "1.25e1", "125E-1"])
def test_harmless_ways_to_write_a_number_are_read(text: str) -> None:
    assert cells(decode(packet({"a": text}))) == [(0, 12.5, GOOD, 0)]


@pytest.mark.parametrize("flag", [False, "0", "false", 0])
def test_an_invalid_sample_keeps_its_number_and_is_bad(flag: object) -> None:
    frame = decode(packet(samples=[{"quotaId": "a", "value": "7", "isValid": flag}]))
    assert cells(frame) == [(0, 7.0, BAD, 0)]


@pytest.mark.parametrize("more", [{}, {"isValid": "1"}, {"time": "20240301080000"}])
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e999"])
def test_a_point_without_a_range_still_takes_finite_numbers_only(value: str, more: dict[str, str]) -> None:
    decoder = FrameDecoder(PointTable([PointSpec(code="a", enterprise="e", gateway="g")]))
    frame = decode(packet(samples=[{"quotaId": "a", "value": value, **more}]), decoder)
    assert cells(frame) == [(0, None, BAD, 0)]


@pytest.mark.parametrize("value", ["7", " 7"])
def test_our_gateways_word_for_a_doubtful_value_is_understood(value: str) -> None:
    sample = {"quotaId": "a", "value": value, "isValid": "0"}
    assert cells(decode(packet(samples=[{**sample, "quality": "uncertain"}]))) == [(0, 7.0, UNCERTAIN, 0)]
    assert cells(decode(packet(samples=[{**sample, "quality": "bad"}]))) == [(0, 7.0, BAD, 0)]


@pytest.mark.parametrize("word", [192, None, {"code": 1}, "uncertain"])
def test_other_systems_words_for_quality_mean_nothing_here(word: object) -> None:
    assert cells(decode(packet(samples=[{"quotaId": "a", "value": "7", "quality": word}]))) == [(0, 7.0, GOOD, 0)]


@pytest.mark.parametrize("flag", [True, "1", "true", 1, None])
def test_a_valid_sample_is_good(flag: object) -> None:
    frame = decode(packet(samples=[{"quotaId": "a", "value": "7", "isValid": flag}]))
    assert cells(frame) == [(0, 7.0, GOOD, 0)]


@pytest.mark.parametrize("name", ["time", "collectTime"])
def test_a_sample_may_carry_its_own_time(name: str) -> None:
    sample = {"quotaId": "a", "value": "7", name: "20240301075957"}
    frame = decode(packet(samples=[sample, {"quotaId": "b", "value": "8"}]))
    assert cells(frame) == [(0, 7.0, GOOD, -3_000_000), (1, 8.0, GOOD, 0)]


@pytest.mark.parametrize("time", ["yesterday", "20240301090000", "20240230000000", "99999999999999"])
def test_a_time_that_cannot_be_is_replaced_and_the_sample_is_uncertain(time: str) -> None:
    frame = decode(packet(samples=[{"quotaId": "a", "value": "7", "time": time}]))
    assert cells(frame) == [(0, 7.0, UNCERTAIN, 0)]


def test_a_device_clock_slightly_ahead_is_believed() -> None:
    frame = decode(packet(samples=[{"quotaId": "a", "value": "7", "time": "20240301080030"}]))
    assert cells(frame) == [(0, 7.0, GOOD, 30_000_000)]


@pytest.mark.parametrize("value", ["100.01", "-0.01", "1e308", "-1e308"])
def test_a_value_outside_the_range_is_kept_and_uncertain(value: str) -> None:
    assert cells(decode(packet({"a": value, "b": "100", "c": "0"}))) == [
        (0, float(value), UNCERTAIN, 0),
        (1, 100.0, GOOD, 0),
        (2, 0.0, GOOD, 0),
    ]


def test_without_its_control_system_nothing_a_gateway_repeats_is_good() -> None:
    frame = decode(packet({"a": "1", "b": "2"}, isConnectDataSource="false"))
    assert frame.quality.tolist() == [BAD, BAD]


def test_a_tag_named_twice_comes_twice() -> None:
    frame = decode(packet(samples=[{"quotaId": "a", "value": "1"}, {"quotaId": "a", "value": "2"}]))
    assert cells(frame) == [(0, 1.0, GOOD, 0), (0, 2.0, GOOD, 0)]
    assert not frame.unique


def test_of_a_key_written_twice_the_last_one_counts_as_in_every_json_reader() -> None:
    body = packet({"a": "1"}).replace(b'"value": "1"', b'"value": "1", "value": "2"')
    assert cells(decode(body)) == [(0, 2.0, GOOD, 0)]


def test_fractions_of_a_second_survive() -> None:
    assert decode(packet({"a": "1"}, at="20240301080000123456")).collected_at_us == AT + 123_456


@pytest.mark.parametrize("name", [name for name in HOSTILE if "gateway" not in name and "enterprise" not in name])
def test_hostile_bytes_end_in_a_refusal_or_an_empty_frame(name: str) -> None:
    try:
        frame = decode(HOSTILE[name])
    except PacketError:
        return
    assert set(frame.value.tolist()) <= {1.0}


def test_a_changed_tag_list_is_noticed() -> None:
    decoder = FrameDecoder(make_table())
    assert decode(packet({"a": "1", "b": "2"}), decoder).index.tolist() == [0, 1]
    assert decode(packet({"b": "1", "a": "2"}), decoder).index.tolist() == [1, 0]
    assert decode(packet({"b": "1"}), decoder).index.tolist() == [1]


def test_a_changed_registry_is_noticed() -> None:
    table = make_table()
    decoder = FrameDecoder(table)
    body = packet({"a": "50", "new": "2"})
    assert decode(body, decoder).unknown == ["new"]
    table.update([PointSpec(code=c, enterprise="e", gateway="g", range_max=10) for c in ("a", "new")])
    frame = decode(body, decoder)
    assert frame.unknown == []
    assert frame.quality.tolist() == [UNCERTAIN, GOOD]


def test_one_strange_packet_does_not_slow_down_or_spoil_the_next() -> None:
    decoder = FrameDecoder(make_table())
    plain = packet({"a": "1", "b": "2"})
    before = cells(decode(plain, decoder))
    decode(packet({"a": "1", "b": "--"}), decoder)
    assert cells(decode(plain, decoder)) == before
    assert cells(decode(plain, decoder)) == before


NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(2**70), 2**70),
    st.floats(0, 100).map(lambda x: f"{x:.3f}"),
    st.floats().map(repr),
    st.text(max_size=6),
    st.none(),
    st.booleans(),
)
SAMPLES = st.fixed_dictionaries(
    {"quotaId": st.sampled_from([*CODES, "x"]), "value": NUMBERS},
    optional={"isValid": st.sampled_from([True, False, "0", "1", None]), "more": st.integers()},
)


def obvious_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(SAMPLES, max_size=6), min_size=1, max_size=4))
def test_values_are_what_a_general_json_parser_and_float_say(batches: list[list[dict[str, Any]]]) -> None:
    decoder = FrameDecoder(make_table())
    for samples in batches:
        body = packet(samples=samples)
        try:
            frame = decode(body, decoder)
        except PacketError:
            # NaN and Infinity as bare words are no JSON, though Python's own parser takes them
            assert b"NaN" in body or b"Infinity" in body
            continue
        expected = []
        for sample in json.loads(body)["report"]["datas"]:
            if sample["quotaId"] == "x":
                continue
            number = obvious_number(sample["value"])
            valid = sample.get("isValid") not in (False, "0")
            inside = number is not None and 0 <= number <= 100
            quality = BAD if number is None or not valid else GOOD if inside else UNCERTAIN
            expected.append((CODES.index(sample["quotaId"]), number, quality, 0))
        assert cells(frame) == expected


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_packet_never_yields_a_number_that_a_general_parser_would_not(data: st.DataObject) -> None:
    raw = bytearray(packet({"a": "12.5", "b": "7.25", "c": "99"}))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        frame = decode(bytes(raw))
    except PacketError:
        return
    # the intake refuses bytes that are not UTF-8; the decoder only has to stay right about what it reads
    datas = json.loads(bytes(raw).decode("utf-8", "replace"))["report"]["datas"]
    known = {code: obvious_number(s.get("value")) for s in datas if (code := s.get("quotaId")) in CODES}
    for row, value, _, _ in cells(frame):
        assert value == known[CODES[row]]
