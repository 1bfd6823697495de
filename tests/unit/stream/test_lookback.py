"""Excursions out of stored samples: the same as the live kernel sees when the samples come in their order."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest

from anlan.stream.alarm import Side
from anlan.stream.blocks import Series, encode, read
from anlan.stream.frame import Frame
from anlan.stream.kernel import Kernel
from anlan.stream.lookback import excursions
from anlan.stream.points import PointSpec, PointTable

S = 1_000_000
START = 1_700_002_800 * S
SPECS = [
    PointSpec(code=f"p{n}", enterprise="e", gateway="g", h=80.0, hh=90.0, l=20.0, deadband=1.0, on_delay_s=10.0)
    for n in range(3)
]


def frames(values: list[tuple[int, float]], table: PointTable) -> list[Frame]:
    """One frame a (second, value), all points alike."""
    count = len(table)
    return [
        Frame(
            gateway="g",
            collected_at_us=START + second * S,
            received_at_us=START + (second + 1) * S,
            index=np.arange(count, dtype=np.int32),
            value=np.full(count, value),
            quality=np.zeros(count, np.uint8),
            sampled_at_us=np.full(count, START + second * S, np.int64),
            unknown=[],
            unique=True,
        )
        for second, value in values
    ]


def stored(values: list[tuple[int, float]], parts: int = 1) -> dict[str, list[Series]]:
    """The same through blocks, shuffled over ``parts`` of them."""
    table = PointTable(SPECS)
    shuffled = frames(values, table)
    random.Random(4).shuffle(shuffled)
    found: dict[str, list[Series]] = {}
    for part in range(parts):
        for code, series in read(encode("g", shuffled[part::parts], table)).items():
            found.setdefault(code, []).append(series)
    return found


def test_an_excursion_has_its_start_its_delay_its_worst_and_its_end() -> None:
    values = [(s, 50.0) for s in range(0, 60, 5)] + [(s, 85.0) for s in range(60, 90, 5)]
    values += [(s, 95.5) for s in range(90, 120, 5)] + [(s, 50.0) for s in range(120, 180, 5)]
    found = excursions("g", [(0, SPECS)], stored(values, parts=5))
    assert [each.point for each in found] == ["p0", "p1", "p2"]
    each = found[0]
    assert (each.side, each.worst, each.limit, each.extreme) == (Side.HIGH, "HH", 90.0, 95.5)
    assert (each.since_us, each.raised_us) == (START + 60 * S, START + 70 * S)
    assert each.cleared_us == START + 120 * S


def test_a_spike_shorter_than_the_delay_is_none_and_one_that_goes_on_has_no_end() -> None:
    spike = [(0, 50.0), (5, 85.0), (10, 50.0), (15, 50.0)]
    assert excursions("g", [(0, SPECS)], stored(spike)) == []
    [first, *_] = excursions("g", [(0, SPECS)], stored([*spike, (20, 15.0), (30, 14.0), (40, 15.0)]))
    assert (first.side, first.worst, first.extreme, first.cleared_us) == (Side.LOW, "L", 14.0, None)


def test_the_limits_that_held_then_decide() -> None:
    values = [(s, 85.0) for s in range(0, 120, 5)]
    lower = [msgspec.structs.replace(spec, h=86.0, hh=None) for spec in SPECS]
    assert excursions("g", [(0, lower)], stored(values)) == []
    found = excursions("g", [(0, lower), (START + 60 * S, SPECS)], stored(values))
    assert found[0].since_us == START + 60 * S


@pytest.mark.parametrize("seed", range(5))
def test_it_sees_what_the_kernel_sees_whatever_the_order_of_storage(seed: int) -> None:
    chance = random.Random(seed)
    values, value = [], 50.0
    for second in range(0, 3000, 5):
        value = min(max(value + chance.gauss(0, 9), 0.0), 100.0)
        values.append((second, round(value, 2)))
    table = PointTable(SPECS)
    live = [e for e in Kernel(table).apply_many(frames(values, table)) if e.side in (Side.HIGH, Side.LOW)]
    begun = {event.alarm_id: event.at_us for event in live if event.change == "raised"}
    ended = {event.alarm_id: event.at_us for event in live if event.change == "cleared"}
    found = excursions("g", [(0, SPECS)], stored(values, parts=7))
    assert {each.alarm_id: each.raised_us for each in found} == begun
    assert {each.alarm_id: each.cleared_us for each in found if each.cleared_us is not None} == ended


def test_nothing_stored_shows_nothing() -> None:
    assert excursions("g", [(0, SPECS)], {}) == []
    assert excursions("g", [], stored([(0, 95.0)])) == []
