"""The minutes that are still filling: what is written, what is forgotten, and what counts as late."""

from __future__ import annotations

import numpy as np

from anlan.roles.historian.minutes import HOUR_US, MINUTE_US, OpenMinutes
from anlan.stream.blocks import read
from anlan.stream.frame import Frame
from anlan.stream.points import PointSpec, PointTable

S = 1_000_000
START = 1_700_002_800 * S
TABLE = PointTable(PointSpec(code=f"p{n}", enterprise="e", gateway="g") for n in range(4))


def frame(second: float, rows: range = range(4), *, receipt: float | None = None, suspect: bool = False) -> Frame:
    at = START + round(second * S)
    return Frame(
        gateway="g",
        collected_at_us=at,
        received_at_us=START + round((second + 1 if receipt is None else receipt) * S),
        index=np.array(rows, np.int32),
        value=np.full(len(rows), 50.0),
        quality=np.zeros(len(rows), np.uint8),
        sampled_at_us=np.full(len(rows), at, np.int64),
        unknown=[],
        unique=True,
        suspect=suspect,
    )


def filled(*frames: Frame, newest: dict[str, int] | None = None) -> OpenMinutes:
    minutes = OpenMinutes(TABLE, newest)
    for number, each in enumerate(frames):
        minutes.add("e", each, number + 1)
    return minutes


def test_frames_in_their_order_are_never_late() -> None:
    assert filled(*[frame(s) for s in range(0, 200, 5)]).batch().late == []


def test_two_groups_of_points_with_their_own_times_are_not_late() -> None:
    both = [frame(s, rows) for s in range(2, 60, 5) for rows in (range(2),)]
    mixed = [each for first in both for each in (first, frame((first.collected_at_us - START) / S - 1, range(2, 4)))]
    assert filled(*mixed).batch().late == []


def test_data_from_before_an_outage_that_come_after_fresh_ones_are_late_by_the_hour() -> None:
    minutes = filled(frame(7200), frame(7205), frame(3590, receipt=7210), frame(3610, receipt=7211), frame(7215))
    late = {each.hour_us: each for each in minutes.batch().late}
    assert set(late) == {START, START + HOUR_US}
    assert (late[START].first_us, late[START].last_us) == (START + 3590 * S, START + 3590 * S)
    assert late[START + HOUR_US].received_us == START + 7211 * S
    minutes.written(minutes.batch())
    assert minutes.batch().late == []


def test_after_a_restart_late_is_what_is_older_than_what_was_stored() -> None:
    known = {"g": START + 100 * S}
    assert filled(frame(101), newest=known).batch().late == []
    assert [each.first_us for each in filled(frame(99), newest=known).batch().late] == [START + 99 * S]


def test_a_time_in_the_future_or_of_a_doubtful_clock_makes_nothing_late() -> None:
    assert filled(frame(90_000, receipt=10), frame(15), frame(20)).batch().late == []
    assert filled(frame(100), frame(10, suspect=True), frame(105)).batch().late == []


def test_a_minute_is_written_whole_each_time_until_its_gateway_begins_the_next() -> None:
    minutes = filled(frame(0), frame(5))
    first = minutes.batch()
    minutes.written(first)
    minutes.add("e", frame(10), 3)
    second = minutes.batch()
    assert [(piece.samples, piece.replaces) for piece in second.pieces] == [(12, 2)]
    minutes.written(second)
    minutes.add("e", frame(61), 4)
    minutes.written(minutes.batch())
    minutes.add("e", frame(20, receipt=62), 5)
    stray = [piece for piece in minutes.batch().pieces if piece.start_us == START]
    assert [(piece.samples, piece.replaces) for piece in stray] == [(4, None)]
    assert minutes.gateways == 2


def test_what_is_kept_slim_is_written_as_it_came() -> None:
    odd = frame(5)
    odd.sampled_at_us[1] -= 2 * S
    odd.quality[2] = 1
    minutes = filled(frame(0), odd)
    [piece] = minutes.batch().pieces
    found = read(piece.body)
    assert found["p1"].sampled_us.tolist() == [START, START + 3 * S]
    assert found["p2"].quality.tolist() == [0, 1]
    assert found["p0"].value.tolist() == [50.0, 50.0]
    assert MINUTE_US == 60 * S


def test_late_frames_of_an_hour_that_is_being_compacted_are_written_all_the_same() -> None:
    """They came between the last flush and the compaction: acknowledged, and nowhere but here."""
    minutes = filled(frame(0, receipt=7200), frame(5, receipt=7201))
    minutes.written(minutes.batch())
    minutes.add("e", frame(10, receipt=7202), 3)
    minutes.forget("g", START // HOUR_US * HOUR_US, START // HOUR_US * HOUR_US + HOUR_US)
    [piece] = minutes.batch().pieces
    assert piece.replaces is None, "its row of before is gone into the hour"
    assert {at for each in read(piece.body).values() for at in each.sampled_us.tolist()} >= {START + 10 * S}
    minutes.written(minutes.batch())
    minutes.forget("g", START // HOUR_US * HOUR_US, START // HOUR_US * HOUR_US + HOUR_US)
    assert minutes.batch().pieces == []
