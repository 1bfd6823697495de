"""Whatever comes, in whatever order: the kernel says what the obvious implementation says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.stream.reference_kernel import ReferenceKernel, S, Sample

from anlan.stream.frame import Frame
from anlan.stream.kernel import Kernel
from anlan.stream.points import PointSpec, PointTable

START = 1_700_000_000 * S


def spec(code: str, gateway: str, **limits: float | None) -> PointSpec:
    return PointSpec(code=code, enterprise="e1", gateway=gateway, source="s1", **limits)


SPECS = [
    spec("a", "g1", ll=10, l=20, h=80, hh=90, deadband=2, no_data_s=15),
    spec("b", "g1", h=80, hh=90, on_delay_s=4, off_delay_s=6, no_data_s=40, flatline_s=8),
    spec("c", "g2", l=20, ll=10, deadband=5, on_delay_s=10, no_data_s=25),
    spec("d", "g2", hh=90, deadband=1, off_delay_s=3, flatline_s=5, no_data_s=1000),
]
VALUES = [5.0, 10.0, 15.0, 20.0, 22.5, 50.0, 50.0, 78.5, 80.0, 88.5, 90.0, 95.0]

samples = st.builds(
    Sample,
    code=st.sampled_from("abcd"),
    value=st.sampled_from(VALUES),
    quality=st.sampled_from([0, 0, 0, 0, 1, 2]),
    time=st.integers(-6, 2),
)
frames = st.tuples(
    st.sampled_from(["g1", "g2"]),
    st.integers(-3, 6),
    st.integers(0, 3),
    st.lists(samples, max_size=6),
    st.sampled_from(["", "", "", "sweep", "checkpoint", "replay"]),
)


def to_frame(table: PointTable, gateway: str, collected: int, received: int, taken: list[Sample]) -> Frame:
    index = table.index(gateway, [sample.code for sample in taken])
    return Frame(
        gateway=gateway,
        collected_at_us=collected,
        received_at_us=received,
        index=index,
        value=np.array([math.nan if s.quality == 2 else s.value for s in taken], np.float64),
        quality=np.array([s.quality for s in taken], np.uint8),
        sampled_at_us=np.array([s.time for s in taken], np.int64),
        unknown=[],
    )


def through_checkpoint(kernel: Kernel) -> Kernel:
    """A fresh kernel on a fresh table, carried over by bytes alone."""
    fresh = Kernel(PointTable(reversed(SPECS)))
    for gateway in ("g1", "g2"):
        fresh.restore(gateway, kernel.state_of(gateway))
    return fresh


@settings(max_examples=120, deadline=None)
@given(st.lists(frames, max_size=40), st.integers(1, 5))
def test_kernel_says_what_the_reference_says(steps: list, group: int) -> None:
    compare(steps, group)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None)
@given(st.lists(frames, min_size=20, max_size=120), st.integers(1, 8))
def test_kernel_says_what_the_reference_says_for_long(steps: list, group: int) -> None:
    compare(steps, group)


def compare(steps: list, group: int) -> None:
    """Drive reference, single calls and grouped calls through the same steps; every word must be the same."""
    reference = ReferenceKernel(SPECS)
    single = Kernel(PointTable(SPECS))
    grouped = Kernel(PointTable(SPECS))
    expected, one_by_one, in_groups = [], [], []
    waiting: list[Frame] = []
    clock = START

    def flush() -> None:
        in_groups.extend(grouped.apply_many(waiting))
        waiting.clear()

    for gateway, step, delay, taken, then in steps:
        clock += max(step, 0) * S
        collected = clock + min(step, 0) * S
        received = clock + delay * S
        own = [s for s in taken if (s.code in "ab") == (gateway == "g1")]
        timed = [Sample(s.code, s.value, s.quality, collected + s.time * S) for s in own]
        for _ in range(2 if then == "replay" else 1):
            expected += reference.frame(collected, received, timed)
            frame = to_frame(single.table, gateway, collected, received, timed)
            one_by_one += single.apply(frame)
            waiting.append(to_frame(grouped.table, gateway, collected, received, timed))
        if len(waiting) >= group:
            flush()
        if then == "sweep":
            flush()
            now = clock + 3 * S
            expected += sorted_events(reference.sweep(now))
            one_by_one += sorted_events(single.sweep(now))
            in_groups += sorted_events(grouped.sweep(now))
        if then == "checkpoint":
            flush()
            single, grouped = through_checkpoint(single), through_checkpoint(grouped)
    flush()
    assert one_by_one == expected
    assert in_groups == expected
    assert len({event.event_id for event in expected}) == len(expected)


def sorted_events(events: list) -> list:
    # a sweep has no order between points
    return sorted(events, key=lambda event: (event.point, event.event_id))


@settings(max_examples=60, deadline=None)
@given(st.lists(frames, max_size=25))
def test_a_replay_of_everything_says_nothing_new(steps: list) -> None:
    kernel = Kernel(PointTable(SPECS))
    clock, sent = START, []
    for gateway, step, delay, taken, _ in steps:
        clock += max(step, 0) * S
        own = [s for s in taken if (s.code in "ab") == (gateway == "g1")]
        timed = [Sample(s.code, s.value, s.quality, clock + s.time * S) for s in own]
        sent.append(to_frame(kernel.table, gateway, clock, clock + delay * S, timed))
    kernel.apply_many(sent)
    assert kernel.apply_many(sent) == []
