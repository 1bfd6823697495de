"""History gives back exactly what was stored, in any order, or says that it cannot."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.stream.blocks import BlockError, compact, encode, header, read
from anlan.stream.frame import Frame
from anlan.stream.points import PointSpec, PointTable

S = 1_000_000
START = 1_709_251_200 * S
CODES = ["a", "b", "c", "d"]
TABLE = PointTable(PointSpec(code=code, enterprise="e", gateway="g", decimals=2) for code in CODES)

Cell = tuple[str, float | None, int, int]


def frame(at: float, cells: list[Cell], *, received: float | None = None) -> Frame:
    """Cells are (code, value or None, quality, sample time minus collect time in seconds)."""
    return Frame(
        gateway="g",
        collected_at_us=START + round(at * S),
        received_at_us=START + round((at + 1 if received is None else received) * S),
        index=TABLE.index("g", [code for code, _, _, _ in cells]),
        value=np.array([math.nan if value is None else value for _, value, _, _ in cells], np.float64),
        quality=np.array([quality for _, _, quality, _ in cells], np.uint8),
        sampled_at_us=np.array([START + round((at + offset) * S) for _, _, _, offset in cells], np.int64),
        unknown=[],
    )


def stored(block: bytes) -> dict[str, list[tuple[float, float | None, int, float]]]:
    """code → (collect time, value, quality, sample time), seconds after the start."""
    return {
        code: [
            ((c - START) / S, None if math.isnan(v) else v, q, (s - START) / S)
            for c, v, q, s in zip(
                one.collected_us.tolist(),
                one.value.tolist(),
                one.quality.tolist(),
                one.sampled_us.tolist(),
                strict=True,
            )
        ]
        for code, one in read(block).items()
    }


def test_values_times_and_qualities_come_back() -> None:
    block = encode(
        "g",
        [
            frame(0, [("a", 1.25, 0, 0), ("b", None, 2, 0)]),
            frame(5, [("a", 1.5, 1, -2), ("b", 7.0, 2, 0)]),
            frame(10, [("b", 8.0, 0, 0)]),
        ],
        TABLE,
    )
    assert stored(block) == {
        "a": [(0, 1.25, 0, 0), (5, 1.5, 1, 3)],
        "b": [(0, None, 2, 0), (5, 7.0, 2, 5), (10, 8.0, 0, 10)],
    }


def test_the_header_knows_the_block_without_reading_samples() -> None:
    block = encode("g", [frame(0, [("a", 3.0, 0, 0)]), frame(5, [("a", 1.0, 0, 0), ("b", 9.0, 2, 0)])], TABLE)
    head = header(block)
    assert (head.gateway, head.codes, head.frames, head.samples) == ("g", ["a", "b"], 2, 3)
    assert (head.first_us, head.last_us) == (START, START + 5 * S)
    assert head.statistics() == {"a": (1.0, 3.0, 1.0, 2)}


@pytest.mark.parametrize(
    "value", [1 / 3, math.pi, 1e308, -1e308, 5e-324, 2.0**53 + 1, 2147483647.0, -2147483648.0, 1e9 + 0.125, 0.1 + 0.2]
)
def test_a_value_that_does_not_fit_the_resolution_is_kept_to_the_last_bit(value: float) -> None:
    block = encode("g", [frame(0, [("a", 1.25, 0, 0)]), frame(5, [("a", value, 0, 0)])], TABLE)
    assert struct.pack("d", read(block)["a"].value[1]) == struct.pack("d", value)
    assert read(block)["a"].value[0] == 1.25
    assert header(block).statistics()["a"][2] == value


def test_a_tag_with_more_digits_than_declared_still_costs_little() -> None:
    rng = np.random.default_rng(1)
    frames = [frame(n, [("a", round(50 + rng.normal() / 100, 4), 0, 0)]) for n in range(3_000)]
    assert len(encode("g", frames, TABLE)) / 3_000 < 3


def test_a_tag_named_twice_in_a_packet_keeps_both_samples() -> None:
    block = encode("g", [frame(5, [("a", 1.0, 0, -3), ("a", 2.0, 0, 0), ("b", 4.0, 0, 0)])], TABLE)
    assert stored(block) == {"a": [(5, 1.0, 0, 2), (5, 2.0, 0, 5)], "b": [(5, 4.0, 0, 5)]}
    assert read(block)["a"].burst.tolist() == [True, True]
    assert read(block)["b"].burst.tolist() == [False]


def test_two_packets_of_one_collect_time_complete_each_other() -> None:
    one, two = frame(0, [("a", 1.0, 0, 0)]), frame(0, [("b", 2.0, 0, 0)], received=3)
    assert stored(encode("g", [one, two], TABLE)) == {"a": [(0, 1.0, 0, 0)], "b": [(0, 2.0, 0, 0)]}


def test_what_was_received_last_stands() -> None:
    first, second = frame(0, [("a", 1.0, 0, 0)], received=1), frame(0, [("a", 2.0, 0, 0)], received=2)
    for order in ([first, second], [second, first]):
        assert stored(encode("g", order, TABLE)) == {"a": [(0, 2.0, 0, 0)]}
    one, two = encode("g", [first], TABLE), encode("g", [second], TABLE)
    assert stored(compact([one, two])) == stored(compact([two, one])) == {"a": [(0, 2.0, 0, 0)]}


def test_only_what_was_asked_for_is_read() -> None:
    block = encode("g", [frame(n, [("a", n, 0, 0), ("b", -n, 0, 0)]) for n in range(10)], TABLE)
    found = read(block, ["b", "unheard of"], START + 3 * S, START + 6 * S)
    assert list(found) == ["b"]
    assert found["b"].value.tolist() == [-3.0, -4.0, -5.0]


def test_nothing_makes_an_empty_block() -> None:
    block = encode("g", [], TABLE)
    assert read(block) == {}
    assert header(block).samples == 0
    assert stored(compact([block, encode("g", [frame(0, [("a", 1.0, 0, 0)])], TABLE)])) == {"a": [(0, 1.0, 0, 0)]}


def test_no_damaged_byte_goes_unnoticed() -> None:
    block = encode("g", [frame(n, [("a", n / 4, 0, 0), ("b", 1 / (n + 3), n % 3, -1)]) for n in range(20)], TABLE)
    for place in range(len(block)):
        broken = bytearray(block)
        broken[place] ^= 0x10
        with pytest.raises(BlockError):
            read(bytes(broken))
        with pytest.raises(BlockError):
            compact([block, bytes(broken)])


@pytest.mark.parametrize("cut", [0, 3, 8, 12, 40])
def test_a_torn_block_is_refused(cut: int) -> None:
    with pytest.raises(BlockError):
        read(encode("g", [frame(0, [("a", 1.0, 0, 0)])], TABLE)[:cut])


def test_a_block_of_a_later_version_is_refused_by_name() -> None:
    block = encode("g", [frame(0, [("a", 1.0, 0, 0)])], TABLE)
    with pytest.raises(BlockError, match="version 02"):
        read(block[:3] + b"\x02" + block[4:])


def test_blocks_of_different_gateways_do_not_merge() -> None:
    with pytest.raises(BlockError):
        compact([encode("g", [], TABLE), encode("h", [], TABLE)])


values = st.one_of(
    st.none(), st.integers(-5_000, 5_000).map(lambda n: n / 100), st.floats(allow_nan=False, allow_infinity=False)
)
cell = st.tuples(st.sampled_from(CODES), values, st.sampled_from([0, 0, 1, 2]), st.integers(-5, 1)).map(
    lambda c: c if c[1] is not None else (c[0], None, 2, c[3])
)
frames = st.lists(
    st.tuples(st.integers(0, 12), st.lists(cell, max_size=6)).map(lambda f: frame(f[0], f[1])), max_size=12
)


def expected(parts: list[Frame]) -> dict[str, list[tuple[float, float | None, int, float]]]:
    """Cell by cell: the last received (here: the last in order) of each (time, tag, how many of it before) stands."""
    cells: dict[tuple[int, int, str], tuple[float, float | None, int, float]] = {}
    for part in sorted(parts, key=lambda p: p.received_at_us):
        seen: dict[str, int] = {}
        for place, row in enumerate(part.index.tolist()):
            code = TABLE.specs[row].code
            number = seen.get(code, 0)
            seen[code] = number + 1
            value = float(part.value[place])
            cells[part.collected_at_us, number, code] = (
                (part.collected_at_us - START) / S,
                None if math.isnan(value) else value + 0.0,
                int(part.quality[place]),
                (int(part.sampled_at_us[place]) - START) / S,
            )
    found: dict[str, list[tuple[float, float | None, int, float]]] = {}
    for _, _, code in sorted(cells):
        found.setdefault(code, [])
    for (_, _, code), content in sorted(cells.items(), key=lambda item: item[0][:2]):
        found[code].append(content)
    return found


@settings(max_examples=80, deadline=None)
@given(frames)
def test_a_block_gives_back_what_it_was_given(parts: list[Frame]) -> None:
    assert stored(encode("g", parts, TABLE)) == expected(parts)


@settings(max_examples=80, deadline=None)
@given(frames, st.lists(st.integers(0, 11), max_size=4), st.randoms(use_true_random=False))
def test_compacting_in_any_cut_and_order_gives_the_same_history(parts: list[Frame], cuts: list[int], rng) -> None:
    edges = sorted({0, len(parts), *(cut for cut in cuts if cut < len(parts))})
    blocks = [encode("g", parts[a:b], TABLE) for a, b in pairwise(edges)] or [encode("g", [], TABLE)]
    whole = compact(blocks)
    # packets of one collect time are distinguished by receipt, which is equal here: keep their order
    assert stored(whole) == expected(parts)
    assert compact([whole]) == whole
    assert stored(compact([whole, whole])) == stored(whole)
    distinct = len({part.collected_at_us for part in parts}) == len(parts)
    if distinct:
        rng.shuffle(blocks)
        assert compact(blocks) == whole
