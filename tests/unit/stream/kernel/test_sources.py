"""A source whose clock is wrong neither freezes its point nor becomes the first of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.roles.engine.state import EngineCore
from anlan.stream.alarm import AlarmEvent
from anlan.stream.envelope import Record, pack
from anlan.stream.frame import GOOD, UNCERTAIN, Frame
from anlan.stream.kernel import Kernel
from anlan.stream.log import LogMessage
from anlan.stream.packet import Form
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.tags import tags_hash
from anlan.testing.sender import collect_time, packet

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
POINTS = ["990131103001G0001YL001", "990131103001G0001YL002"]
SPECS = [
    PointSpec(code=code, enterprise="990131103", gateway="99013110301", source="990131103001", hh=1.65, h=1.5)
    for code in POINTS
]
NO_TIME = [datetime(1601, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)]


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class Engine:
    """An engine that hears both points once a second; the first one's own time is as told."""

    def __init__(self) -> None:
        self.core, self.seq, self.now = EngineCore(SPECS, lambda gateway, digest: POINTS), 0, START
        self.events: list[AlarmEvent] = []

    def hear(self, value: float, own: datetime | None, *, other: float = 1.0, form: str = "national") -> None:
        self.now += timedelta(seconds=1)
        report: dict[str, Any] = packet("990131103", "99013110301", self.now, {POINTS[0]: value, POINTS[1]: other})
        if form == "compact":
            del report["report"]["datas"]
            offset = 0 if own is None else micros(own) - micros(self.now)
            report["report"] |= {"tagsHash": tags_hash(POINTS), "values": [value, other], "offsetsUs": [offset, 0]}
        elif own is not None:
            report["report"]["datas"][0]["collectTime"] = collect_time(own)
        self.seq += 1
        body = msgspec.json.encode(report)
        record = Record(
            "990131103", "99013110301", str(self.seq), micros(self.now), body,
            form=Form.COMPACT if form == "compact" else Form.NATIONAL,
        )  # fmt: skip
        self.events += self.core.take([LogMessage(self.seq, 1, pack([record]))])

    def quality(self) -> int:
        return int(self.core.kernel.latest([0]).quality[0])

    def said(self) -> list[tuple[str, str, float]]:
        """Point, change and seconds after the start of everything that was said."""
        return [
            (event.point[-3:], f"{event.change} {event.level}", (event.at_us - micros(START)) / 1e6)
            for event in self.events
        ]


@pytest.mark.case("A7")
@pytest.mark.parametrize("form", ["national", "compact"])
@pytest.mark.parametrize("own", NO_TIME, ids=["1601", "1970", "2000"])
def test_a_time_that_no_source_can_mean_is_none_and_the_high_alarm_comes(own: datetime, form: str) -> None:
    engine = Engine()
    for value in (1.0, 1.2, 1.7):
        engine.hear(value, own, form=form)
    assert engine.said() == [("001", "raised HH", 3.0)]
    assert engine.quality() == UNCERTAIN


@pytest.mark.case("A7")
@pytest.mark.parametrize("form", ["national", "compact"])
@pytest.mark.parametrize("hours", [-24 * 20, -8, -2, 1, 8, 24])
def test_a_clock_that_is_hours_off_is_neither_the_first_out_nor_blind(hours: int, form: str) -> None:
    engine = Engine()
    for second in range(1, 6):
        own = START + timedelta(hours=hours, seconds=second)
        engine.hear(1.7 if second >= 4 else 1.0, own, other=1.7 if second >= 3 else 1.0, form=form)
    assert engine.said() == [("002", "raised HH", 3.0), ("001", "raised HH", 4.0)]
    assert engine.quality() == UNCERTAIN


@pytest.mark.case("A7")
@pytest.mark.parametrize("form", ["national", "compact"])
@pytest.mark.parametrize("back_s", [20, 90, 600, 8 * 3600])
def test_a_clock_that_was_set_back_silences_its_point_for_one_sample_at_most(back_s: int, form: str) -> None:
    engine = Engine()
    for second in range(1, 4):
        engine.hear(1.0, START + timedelta(seconds=second, milliseconds=-10), form=form)
    for second in range(4, 9):
        engine.hear(1.7, START + timedelta(seconds=second - back_s), form=form)
    [(point, said, at)] = engine.said()
    assert (point, said) == ("001", "raised HH")
    assert at <= 5.0
    assert engine.quality() == UNCERTAIN


@pytest.mark.case("A7")
def test_a_clock_that_ran_ahead_and_was_set_right_silences_nothing() -> None:
    engine = Engine()
    for second in range(1, 4):
        engine.hear(1.0, START + timedelta(seconds=second + 50))
    engine.hear(1.7, START + timedelta(seconds=4))
    engine.hear(1.7, START + timedelta(seconds=5))
    assert engine.said() == [("001", "raised HH", 4.0)]


def test_a_standing_value_keeps_its_own_time_and_quality_however_often_it_is_repeated() -> None:
    engine, stands = Engine(), START + timedelta(seconds=1, milliseconds=-10)
    for _ in range(4000):
        engine.hear(1.2, stands)
    latest = engine.core.kernel.latest([0])
    assert (latest.sampled_at_us.tolist(), latest.quality.tolist()) == ([micros(stands)], [GOOD])


def test_an_analyser_that_states_news_of_some_minutes_ago_is_believed() -> None:
    engine = Engine()
    for second in range(1, 600):
        cycle = second // 300
        engine.hear(1.7 if cycle else 1.0, START + timedelta(seconds=300 * cycle - 240))
    assert engine.said() == [("001", "raised HH", 60.0)]
    assert engine.quality() == GOOD


def test_late_data_that_goes_back_once_changes_no_alarm() -> None:
    engine = Engine()
    for second, own in enumerate((0.99, 1.99, 1.0, 3.99), start=1):
        engine.hear(1.7 if second == 3 else 1.0, START + timedelta(seconds=own))
    assert engine.said() == []


def test_what_the_source_said_is_part_of_the_checkpoint() -> None:
    """A restart in the midst of a wrong clock costs no sample."""
    engine = Engine()
    for second in range(1, 4):
        engine.hear(1.0, START + timedelta(hours=-8, seconds=second))
    after = Engine()
    after.core.kernel.restore({"99013110301": engine.core.kernel.state_of("99013110301")})
    after.now = engine.now
    after.hear(1.7, START + timedelta(hours=-8, seconds=4))
    assert after.said() == [("001", "raised HH", 4.0)]


STEP = st.tuples(
    st.integers(0, 2), st.integers(-3, 3), st.sampled_from([0, 1, -1, 40, -20, -70, -900, -4000, -30000]),
    st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(STEP, max_size=40))
def test_many_frames_at_once_are_taken_as_one_after_the_other(steps: list[tuple[int, int, int, bool, bool]]) -> None:
    frames, now = [], 0
    table = PointTable(SPECS)
    for forward, late, own, timed, twice in steps:
        now += forward
        collected = (now + late) * 1_000_000
        index = np.array([0, 0, 1] if twice else [0, 1], np.int32)
        sampled = np.full(len(index), collected, np.int64)
        if timed:
            sampled[0] += own * 1_000_000
        frames.append(
            Frame(
                gateway="99013110301", collected_at_us=collected, received_at_us=now * 1_000_000 + 500_000,
                index=index, value=np.full(len(index), 1.0 + 0.1 * (now % 9)), quality=np.zeros(len(index), np.uint8),
                sampled_at_us=sampled, unknown=[], unique=not twice, timed=timed,
            )
        )  # fmt: skip
    together, apart = Kernel(table), Kernel(PointTable(SPECS))
    assert together.apply_many(frames) == [event for frame in frames for event in apart.apply(frame)]
    assert together.state_of("99013110301") == apart.state_of("99013110301")
