"""Curves in few points: peaks stay, gaps show, nothing is invented."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.stream.blocks.test_block import START, TABLE, S, frame

from anlan.stream.blocks import BlockError, compact, encode
from anlan.stream.rollup import read_rollup, roll_up
from anlan.stream.trend import Trend, trend

HOUR = 3600


def block(samples: list[tuple[float, float]]) -> bytes:
    return encode("g", [frame(at, [("a", value, 0, 0)]) for at, value in samples], TABLE)


def curve(blocks: list[bytes], seconds: float, buckets: int, **more: object) -> Trend:
    return trend("a", START, START + round(seconds * S), buckets, blocks=blocks, **more)  # type: ignore[arg-type]


def test_a_peak_of_one_sample_is_never_lost() -> None:
    samples = [(n, 50.0) for n in range(0, HOUR, 5)]
    samples[333] = (samples[333][0], 99.9)
    found = curve([block(samples)], HOUR, 60)
    assert len(found.count) == 60
    assert found.highest.max() == 99.9
    assert found.count.sum() == len(samples)


def test_each_point_says_lowest_highest_mean_last_and_count() -> None:
    found = curve([block([(0, 1.0), (5, 4.0), (10, 2.5), (15, 9.0)])], 20, 2)
    assert found.width_us == 10 * S
    assert found.start_us.tolist() == [START, START + 10 * S]
    assert (found.lowest.tolist(), found.highest.tolist()) == ([1.0, 2.5], [4.0, 9.0])
    assert (found.mean.tolist(), found.last.tolist(), found.count.tolist()) == ([2.5, 5.75], [4.0, 9.0], [2, 2])


def test_a_gap_is_one_empty_point() -> None:
    samples = [(n, 50.0) for n in range(0, 600, 5)] + [(n, 50.0) for n in range(1800, HOUR, 5)]
    found = curve([block(samples)], HOUR, 120)
    assert np.flatnonzero(found.count == 0).tolist() == [20]
    assert math.isnan(found.mean[20])


def test_points_finer_than_the_period_are_no_gaps() -> None:
    found = curve([block([(n, 1.0) for n in range(0, 60, 5)])], 60, 600)
    assert found.count.tolist() == [1] * 12


def test_missing_beginning_and_end_are_gaps_too() -> None:
    found = curve([block([(n, 1.0) for n in range(1000, 2000, 5)])], HOUR, 36)
    assert found.count[0] == 0
    assert found.count[-1] == 0
    assert (found.count[1:-1] > 0).all()


def test_nothing_measured_is_one_empty_point() -> None:
    assert curve([], HOUR, 600).count.tolist() == [0]


def test_bad_samples_are_gaps() -> None:
    frames = [frame(n, [("a", 50.0, 2 if 600 <= n < 1200 else 0, 0)]) for n in range(0, HOUR, 5)]
    found = curve([encode("g", frames, TABLE)], HOUR, 60)
    assert found.count.sum() == 600
    assert (found.count == 0).sum() == 1


def test_overlapping_blocks_count_a_sample_once() -> None:
    samples = [(n, float(n)) for n in range(0, 60, 5)]
    assert curve([block(samples), block(samples[3:8])], 60, 12).count.tolist() == [1] * 12


def test_a_standing_source_time_that_is_confirmed_is_no_gap() -> None:
    frames = [frame(n, [("a", 50.0, 0, -n)]) for n in range(0, HOUR, 5)]
    found = curve([encode("g", frames, TABLE)], HOUR, 60)
    assert (found.count > 0).all()


def test_rollups_say_what_samples_say() -> None:
    rng = np.random.default_rng(2)
    blocks = [block([(n, round(50 + rng.normal(), 2)) for n in range(h * HOUR, (h + 1) * HOUR, 5)]) for h in range(3)]
    exact = curve(blocks, 3 * HOUR, 36)
    rolled = trend("a", START, START + 3 * HOUR * S, 36, rollups=[roll_up(b) for b in blocks])
    mixed = trend("a", START, START + 3 * HOUR * S, 36, rollups=[roll_up(b) for b in blocks[:2]], blocks=blocks[2:])
    for other in (rolled, mixed):
        assert other.start_us.tolist() == exact.start_us.tolist()
        assert other.lowest.tolist() == exact.lowest.tolist()
        assert other.highest.tolist() == exact.highest.tolist()
        assert other.last.tolist() == exact.last.tolist()
        assert other.count.tolist() == exact.count.tolist()
        # a minute's mean keeps one digit more than the instrument
        assert np.abs(other.mean - exact.mean).max() <= 0.0005 + 1e-12


def test_a_rollup_leaves_bad_samples_out_and_keeps_minutes_apart() -> None:
    frames = [frame(0, [("a", 1.0, 0, 0)]), frame(30, [("a", 2.0, 0, 0)]), frame(59, [("a", 9.0, 2, 0)])]
    frames += [frame(180, [("a", 3.0, 1, 0), ("b", None, 2, 0)])]
    minutes = read_rollup(roll_up(encode("g", frames, TABLE)))
    assert list(minutes) == ["a"]
    a = minutes["a"]
    assert ((a.start_us - START) // S).tolist() == [0, 180]
    assert (a.lowest.tolist(), a.highest.tolist(), a.mean.tolist()) == ([1.0, 3.0], [2.0, 3.0], [1.5, 3.0])
    assert (a.last.tolist(), a.count.tolist()) == ([2.0, 3.0], [2, 1])


def test_a_rollup_of_nothing_is_nothing() -> None:
    assert read_rollup(roll_up(encode("g", [], TABLE))) == {}


def test_a_rollup_survives_absurd_values() -> None:
    frames = [frame(n, [("a", value, 1, 0)]) for n, value in enumerate((1.7e308, 1.7e308, -1.7e308, 5e-324))]
    minutes = read_rollup(roll_up(encode("g", frames, TABLE)))["a"]
    assert (minutes.lowest[0], minutes.highest[0], minutes.last[0]) == (-1.7e308, 1.7e308, 5e-324)
    assert np.isfinite(minutes.mean[0])


def test_a_damaged_rollup_is_refused() -> None:
    rollup = roll_up(block([(0, 1.0), (60, 2.0)]))
    for place in range(len(rollup)):
        broken = bytearray(rollup)
        broken[place] ^= 0x10
        with pytest.raises(BlockError):
            read_rollup(bytes(broken))


@pytest.mark.parametrize(("seconds", "buckets"), [(0, 10), (-5, 10), (10, 0)])
def test_a_range_that_is_none_is_refused(seconds: float, buckets: int) -> None:
    with pytest.raises(ValueError, match="range"):
        curve([], seconds, buckets)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 999), st.integers(-999, 999)), max_size=60),
    st.integers(1, 40),
    st.integers(1, 1000),
)
def test_no_sample_is_lost_or_counted_twice_and_points_never_exceed_their_number(
    samples: list[tuple[int, int]], buckets: int, seconds: int
) -> None:
    latest = dict(samples)
    found = curve([compact([block([sample]) for sample in latest.items()])] if latest else [], seconds, buckets)
    inside = [value for at, value in latest.items() if at < seconds]
    assert found.count.sum() == len(inside)
    assert len(found.count) <= buckets
    assert (np.diff(found.start_us) > 0).all()
    if inside:
        assert np.nanmin(found.lowest) == min(inside)
        assert np.nanmax(found.highest) == max(inside)
        full = found.count > 0
        assert (found.lowest[full] <= found.mean[full]).all()
        assert (found.mean[full] <= found.highest[full]).all()
