"""Whatever comes, in whatever order: the kernel says what the obvious implementation says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import LONG
from tests.unit.stream.reference_kernel import ReferenceKernel, S, Sample

from anlan.stream.frame import Frame
from anlan.stream.kernel import AlarmEvent, Kernel
from anlan.stream.kernel.columns import DERIVED, SAVED
from anlan.stream.kernel.machine import machine, steps
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
    st.sampled_from(["", "", "", "sweep", "sweep that listens", "checkpoint", "replay"]),
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


WAYS: dict[str, Callable[..., int] | None] = {"arrays": None, "steps": steps}
"""The forms of the same rules: over arrays, and sample by sample as Python runs it and as numba compiles it."""
if machine() is not None:
    WAYS["compiled"] = machine()


def made(specs: Iterable[PointSpec], way: str) -> Kernel:
    kernel = Kernel(PointTable(specs))
    kernel._machine = WAYS[way]
    return kernel


def through_checkpoint(kernel: Kernel) -> Kernel:
    """A fresh kernel on a fresh table, carried over by bytes alone."""
    fresh = Kernel(PointTable(reversed(SPECS)))
    fresh._machine = kernel._machine
    for gateway in ("g1", "g2"):
        assert fresh.restore({gateway: kernel.state_of(gateway)}).damaged == []
    return fresh


@pytest.mark.case("F1")
@settings(max_examples=60, deadline=None)
@given(st.lists(frames, max_size=40), st.integers(1, 5))
def test_kernel_says_what_the_reference_says(steps: list, group: int) -> None:
    compare(steps, group)


@pytest.mark.slow
@settings(max_examples=3_000 if LONG else 600, deadline=None)
@given(st.lists(frames, min_size=20, max_size=120), st.integers(1, 8))
def test_kernel_says_what_the_reference_says_for_long(steps: list, group: int) -> None:
    compare(steps, group)


def test_a_flatline_that_a_later_sample_takes_back_is_another_alarm_the_next_time() -> None:
    """Reports without a newer sample let a sweep raise it; a sample of the same value, older than that, ends it."""

    def report(time: int, value: float, then: str = "") -> tuple:
        return ("g2", 0, 0, [Sample("d", value, 0, time)], then)

    on = [("g1", 1, 0, [], "")]
    story = [
        report(0, 10.0),
        *on * 6,
        report(-6, 10.0, "sweep"),
        *on,
        report(-4, 10.0),
        *on * 5,
        report(-9, 10.0, "sweep"),
    ]
    compare(story, 1)
    compare([*story, *on, report(0, 15.0), *on * 6, report(-6, 15.0, "sweep")], 4)


@pytest.mark.parametrize("qualities", [(0,), (0, 0, 2)])
def test_a_point_that_comes_and_goes_is_held_alike_by_every_form(qualities: tuple[int, ...]) -> None:
    """Long enough to be held, absorbed, calm and held again, through checkpoints and sweeps."""
    dice, story = np.random.default_rng(28), []
    for step in range(260):
        value = 50.0 if 120 <= step < 190 else float(dice.choice([50.0, 85.0, 95.0]))
        quality = int(dice.choice(qualities))
        then = {0: "checkpoint", 13: "sweep"}.get(step % 40, "")
        story.append(("g1", 1, 0, [Sample(code, value, quality, 0) for code in "ab"], then))
    compare(story, 7)


def compare(story: list, group: int) -> None:
    """Drive the reference and every form, by call and in groups, through the same steps; every word is the same."""
    reference = ReferenceKernel(SPECS)
    singles = {way: made(SPECS, way) for way in WAYS}
    grouped = {way: made(SPECS, way) for way in WAYS}
    expected: list[AlarmEvent] = []
    said: dict[tuple[str, str], list[AlarmEvent]] = {(how, way): [] for how in ("single", "grouped") for way in WAYS}
    waiting: list[tuple[str, int, int, list[Sample]]] = []
    clock = START

    def flush() -> None:
        for way, kernel in grouped.items():
            said["grouped", way].extend(kernel.apply_many([to_frame(kernel.table, *each) for each in waiting]))
        waiting.clear()

    for gateway, step, delay, taken, then in story:
        clock += max(step, 0) * S
        collected = clock + min(step, 0) * S
        received = clock + delay * S
        own = [s for s in taken if (s.code in "ab") == (gateway == "g1")]
        timed = [Sample(s.code, s.value, s.quality, collected + s.time * S) for s in own]
        for _ in range(2 if then == "replay" else 1):
            expected += reference.frame(collected, received, timed)
            for way, kernel in singles.items():
                said["single", way] += kernel.apply(to_frame(kernel.table, gateway, collected, received, timed))
            waiting.append((gateway, collected, received, timed))
        if len(waiting) >= group:
            flush()
        if then.startswith("sweep"):
            flush()
            now = clock + 3 * S
            listening = clock - 12 * S if then == "sweep that listens" else START - 99 * S
            expected += sorted_events(reference.sweep(now, listening))
            for how, kernels in (("single", singles), ("grouped", grouped)):
                for way, kernel in kernels.items():
                    said[how, way] += sorted_events(kernel.sweep(now, listening))
        if then == "checkpoint":
            flush()
            for kernels in (singles, grouped):
                kernels.update({way: through_checkpoint(kernel) for way, kernel in kernels.items()})
    flush()
    for how, words in said.items():
        assert words == expected, how
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


MANY = 600


def crowd(dice: np.random.Generator) -> list[PointSpec]:
    """Points of many kinds; ten of them to a gateway."""
    return [
        spec(
            f"p{n}", f"g{n // 10}",
            ll=10 if n % 2 else None, l=20 if n % 3 else None, h=80, hh=90 if n % 5 else None,
            deadband=float(n % 4), on_delay_s=float(dice.integers(0, 3) * 4),
            off_delay_s=float(dice.integers(0, 2) * 5),
            flatline_s=12 if n % 7 == 0 else None, no_data_s=20,
        )
        for n in range(MANY)
    ]  # fmt: skip


def scenes(dice: np.random.Generator, specs: list[PointSpec], count: int) -> list[Frame]:
    """Frames with repeated points, back-fill, clocks that jump, bad samples and silences."""
    made_frames = []
    clock = START
    for _ in range(count):
        clock += int(dice.integers(0, 3)) * S
        gateway = int(dice.integers(0, MANY // 10))
        collected = clock - int(dice.choice([0, 0, 0, 0, 7, 300])) * S + int(dice.choice([0, 0, 0, 40])) * S
        size = int(dice.integers(0, 25))
        index = (gateway * 10 + dice.integers(0, 10, size)).astype(np.int32)
        quality = dice.choice([0, 0, 0, 0, 0, 1, 2], size).astype(np.uint8)
        value = dice.choice(VALUES, size) + dice.choice([0.0, 0.0, 0.5, -0.25], size)
        value[(quality == 2) & (dice.random(size) < 0.5)] = np.nan
        made_frames.append(
            Frame(
                gateway=f"g{gateway}",
                collected_at_us=collected,
                received_at_us=clock + int(dice.integers(0, 3)) * S,
                index=index,
                value=value,
                quality=quality,
                sampled_at_us=collected + dice.integers(-4, 2, size) * S,
                unknown=[],
            )
        )
    return made_frames


@pytest.mark.parametrize("way", [way for way in WAYS if way != "arrays"])
@pytest.mark.parametrize("seed", range(3))
def test_all_forms_leave_the_same_memory_behind(seed: int, way: str) -> None:
    dice = np.random.default_rng(seed)
    specs = crowd(dice)
    arrays, other = made(specs, "arrays"), made(specs, way)
    gone = PointTable(specs[:-100])
    for number in range(12 if way == "compiled" else 3):
        frames = scenes(dice, specs, 120)
        events = arrays.apply_many(frames)
        assert other.apply_many(frames) == events
        now = frames[-1].received_at_us + 25 * S * (number % 2)
        assert sorted_events(other.sweep(now)) == sorted_events(arrays.sweep(now))
        if number == 1:
            for kernel in (arrays, other):
                kernel.table.update(gone.specs)
        for column in (*SAVED, *DERIVED):
            one, two = getattr(arrays._columns, column), getattr(other._columns, column)
            assert np.array_equal(one, two, equal_nan=one.dtype.kind == "f"), column
    assert events
