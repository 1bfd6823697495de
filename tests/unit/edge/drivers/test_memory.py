"""Single notifications become full frames; silence becomes falling quality; nothing the source told is dropped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anlan.edge.drivers.memory import PointMemory
from anlan.edge.scan import Quality, Sample

SECOND = 1_000_000
START = 1_700_000_000 * SECOND


def connected(*codes: str, **options: float) -> PointMemory:
    memory = PointMemory(codes, period_seconds=1.0, **options)
    memory.connect(codes, monotonic=0.0)
    return memory


def say(memory: PointMemory, code: str, value: float | None, second: float, quality: Quality = Quality.GOOD) -> None:
    memory.arrive(code, value, quality, START + int(second * SECOND), monotonic=second)


def test_a_source_that_stamps_its_scan_alike_gives_the_frame_its_time():
    memory = connected("a", "b")
    say(memory, "a", 1.0, 0.4)
    say(memory, "b", 2.0, 0.4)
    assert memory.complete
    (frame,) = memory.frames(START + SECOND, 1.0)
    assert frame.collected_at_us == START + 400_000
    assert {code: sample.value for code, sample in frame.samples.items()} == {"a": 1.0, "b": 2.0}


def test_a_point_that_said_nothing_keeps_its_value_with_its_own_old_time():
    memory = connected("a", "b")
    say(memory, "a", 1.0, 0.4)
    say(memory, "b", 2.0, 0.4)
    memory.frames(START + SECOND, 1.0)
    say(memory, "a", 1.5, 1.4)
    assert not memory.complete
    (frame,) = memory.frames(START + 2 * SECOND, 2.0)
    assert frame.samples["b"] == Sample(2.0, Quality.GOOD, START + 400_000)


def test_silence_makes_a_point_uncertain_and_then_bad_without_a_value():
    memory = connected("a", "b", uncertain_after=3, bad_after=10)
    say(memory, "b", 2.0, 0.0)
    seen = []
    for second in range(1, 13):
        say(memory, "a", float(second), second)
        seen += [frame.samples["b"] for frame in memory.frames(START + second * SECOND + 1, second + 0.1)]
    assert [sample.quality for sample in seen] == [Quality.GOOD] * 2 + [Quality.UNCERTAIN] * 7 + [Quality.BAD] * 3
    assert {sample.value for sample in seen[:9]} == {2.0}
    assert {sample.sampled_at_us for sample in seen[:9]} == {START}
    assert {sample.value for sample in seen[9:]} == {None}


def test_a_point_that_never_spoke_has_its_grace_and_then_is_bad():
    memory = connected("a", "b")
    say(memory, "a", 1.0, 0.5)
    (frame,) = memory.frames(START + SECOND, 1.0)
    assert set(frame.samples) == {"a"}
    (frame,) = memory.frames(START + 4 * SECOND, 4.0)
    assert frame.samples["b"].quality is Quality.BAD


def test_two_values_between_ticks_become_two_frames_in_order():
    memory = connected("a", "b")
    for second, value in ((0.1, 1.0), (0.5, 2.0), (0.9, 3.0)):
        say(memory, "a", value, second)
    say(memory, "b", 9.0, 0.9)
    frames = memory.frames(START + SECOND, 1.0)
    assert [frame.samples["a"].value for frame in frames] == [1.0, 2.0, 3.0]
    assert [frame.collected_at_us for frame in frames] == [START + at for at in (100_000, 500_000, 900_000)]
    assert [set(frame.samples) for frame in frames] == [{"a"}, {"a"}, {"a", "b"}]


def test_nothing_new_within_the_grace_makes_no_frame():
    memory = connected("a")
    say(memory, "a", 1.0, 0.5)
    assert len(memory.frames(START + SECOND, 1.0)) == 1
    assert memory.frames(START + 2 * SECOND, 2.0) == []


def test_a_lost_link_makes_every_point_bad_at_each_tick_but_first_tells_what_came_before():
    memory = connected("a")
    say(memory, "a", 1.0, 0.5)
    memory.disconnect()
    before, after = memory.frames(START + SECOND, 1.0)
    assert (before.connected, before.samples["a"].value) == (True, 1.0)
    assert (after.connected, after.samples["a"].quality) == (False, Quality.BAD)
    (again,) = memory.frames(START + 2 * SECOND, 2.0)
    assert not again.connected


def test_numbers_that_are_none_are_bad():
    memory = connected("a", "b", "c")
    say(memory, "a", float("nan"), 0.5)
    say(memory, "b", float("inf"), 0.5)
    say(memory, "c", 3.0, 0.5, Quality.BAD)
    (frame,) = memory.frames(START + SECOND, 1.0)
    assert {sample.value for sample in frame.samples.values()} == {None}
    assert {sample.quality for sample in frame.samples.values()} == {Quality.BAD}


def test_a_source_with_a_wrong_clock_does_not_set_the_time_of_the_frame():
    memory = connected("a")
    memory.arrive("a", 1.0, Quality.GOOD, START - 7200 * SECOND, 0.5)
    (frame,) = memory.frames(START + SECOND, 1.0)
    assert frame.collected_at_us == START + SECOND
    assert frame.samples["a"].sampled_at_us == START - 7200 * SECOND


def test_a_clock_set_back_by_hours_is_followed_back():
    memory = connected("a")
    say(memory, "a", 1.0, 0.5)
    memory.frames(START + SECOND, 1.0)
    memory.arrive("a", 2.0, Quality.GOOD, START - 3600 * SECOND, 1.5)
    (frame,) = memory.frames(START - 3600 * SECOND + 1, 2.0)
    assert frame.collected_at_us < START


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.floats(-100, 100), st.integers(-900_000, 0)), max_size=6),
        max_size=20,
    )
)
def test_every_value_told_reaches_a_frame_once_as_fresh_and_collect_times_rise(ticks):
    memory = connected("a", "b", "c")
    told: list[tuple[str, float, int]] = []
    shown: set[tuple[str, float | None, int]] = set()
    times: list[int] = []
    for number, sayings in enumerate(ticks, start=1):
        for order, (code, value, offset) in enumerate(sayings):
            at = START + number * SECOND + offset + order
            memory.arrive(code, value, Quality.GOOD, at, number - 0.5)
            told.append((code, value, at))
        for frame in memory.frames(START + number * SECOND, float(number)):
            times.append(frame.collected_at_us)
            shown |= {(code, sample.value, sample.sampled_at_us) for code, sample in frame.samples.items()}
    assert set(told) <= shown
    assert times == sorted(set(times))
