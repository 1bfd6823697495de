"""Reading history back: order, extremes, limits, gaps, whatever was compacted and whatever was not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from anlan.apps.alarms.selectors import point_specs
from anlan.apps.history.models import Block, Position, Rollup
from anlan.apps.history.selectors import raw, samples_count, trend
from anlan.apps.history.services import (
    Batch,
    Piece,
    compact_hour,
    damaged,
    hours_to_compact,
    repair,
    write,
)
from anlan.apps.registry.models import Point
from anlan.stream.blocks import encode
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
MINUTE = 60_000_000
HOUR = 60 * MINUTE


def alone() -> None:
    """No other historian works on the partitions."""


def micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


class Recorder:
    """Writes history as the historian does: minute rows of one gateway, one log message a minute."""

    def __init__(self) -> None:
        site = build(START, enterprises=1, points=3)[0]
        self.table = PointTable(point_specs())
        self.gateway, self.enterprise, self.seq = site.gateway, site.enterprise, 0
        self.point = Point.objects.select_related("gateway").get(code=site.points[0])

    def frame(self, at_us: int, value: float) -> Frame:
        count = len(self.table)
        return Frame(
            gateway=self.gateway,
            collected_at_us=at_us,
            received_at_us=at_us + 500_000,
            index=np.arange(count, dtype=np.int32),
            value=np.full(count, value),
            quality=np.zeros(count, np.uint8),
            sampled_at_us=np.full(count, at_us, np.int64),
            unknown=[],
        )

    def piece(self, frames: list[Frame], replaces: int | None = None) -> Piece:
        self.seq += 1
        start = frames[0].collected_at_us // MINUTE * MINUTE
        body = encode(self.gateway, frames, self.table)
        samples = sum(len(frame.index) for frame in frames)
        return Piece(self.gateway, self.enterprise, start, self.seq, samples, body, replaces)

    def minutes(self, start: datetime, count: int, period_s: int = 30) -> list[tuple[int, float]]:
        """A daily wave over ``count`` minutes; returns what was written as (time, value)."""
        written, pieces = [], []
        for minute in range(count):
            frames = []
            for second in range(0, 60, period_s):
                at = micros(start) + minute * MINUTE + second * 1_000_000
                value = round(50 + 35 * np.sin(2 * np.pi * at / (24 * HOUR)), 2)
                written.append((at, value))
                frames.append(self.frame(at, value))
            pieces.append(self.piece(frames))
        write(Batch(pieces, {5: self.seq}), alone)
        return written


@pytest.mark.req("MON-15")
def test_seven_days_of_a_point_come_back_in_order_with_extremes_mean_and_limits() -> None:
    recorder = Recorder()
    written = recorder.minutes(START, 7 * 24 * 60, period_s=60)
    for gateway, hour in hours_to_compact(micros(START) + 6 * 24 * HOUR, limit=1000):
        compact_hour(gateway, hour)
    assert Block.objects.filter(grain="hour").count() == 6 * 24
    end = START + timedelta(days=7)
    found = raw(recorder.point, START, end)
    assert list(zip(found.sampled_at_us.tolist(), found.value.tolist(), strict=True)) == written
    values = [value for _, value in written]
    curve = trend(recorder.point, START, end, 500)
    assert len(curve.curve.start_us) <= 500
    assert np.all(np.diff(curve.curve.start_us) > 0)
    assert (curve.lowest, curve.highest, curve.count) == (min(values), max(values), len(values))
    assert curve.mean == pytest.approx(sum(values) / len(values), abs=0.01)
    assert curve.limits == {"LL": 10.0, "L": 20.0, "H": 80.0, "HH": 90.0}
    assert np.all(curve.curve.lowest <= curve.curve.mean)
    assert np.all(curve.curve.mean <= curve.curve.highest)


def test_a_gap_is_shown_as_a_gap() -> None:
    recorder = Recorder()
    recorder.minutes(START, 20, period_s=10)
    recorder.minutes(START + timedelta(minutes=40), 20, period_s=10)
    curve = trend(recorder.point, START, START + timedelta(hours=1), 60).curve
    blank = curve.start_us[curve.count == 0]
    assert len(blank)
    assert all(micros(START) + 20 * MINUTE <= at < micros(START) + 40 * MINUTE for at in blank.tolist())


def test_compacting_changes_no_sample_and_late_data_joins_its_hour() -> None:
    recorder = Recorder()
    written = recorder.minutes(START, 60)
    end = START + timedelta(hours=2)
    before = raw(recorder.point, START, end)
    assert compact_hour(recorder.gateway, micros(START)) == 60
    assert compact_hour(recorder.gateway, micros(START)) == 0
    after = raw(recorder.point, START, end)
    assert after.value.tolist() == before.value.tolist()
    late = micros(START) + 5 * MINUTE + 7_000_000
    write(Batch([recorder.piece([recorder.frame(late, 61.25)])], {}), alone)
    joined = raw(recorder.point, START, end)
    assert (late, 61.25) in zip(joined.sampled_at_us.tolist(), joined.value.tolist(), strict=True)
    hours = hours_to_compact(micros(end))
    assert hours == [(recorder.gateway, micros(START))]
    assert compact_hour(*hours[0]) == 2
    assert len(raw(recorder.point, START, end)) == len(written) + 1
    assert Rollup.objects.count() == 1
    assert samples_count(START, end, gateway=recorder.gateway) == 3 * (len(written) + 1)


def test_a_packet_that_was_stored_twice_is_read_once() -> None:
    recorder = Recorder()
    frames = [recorder.frame(micros(START) + n * 1_000_000, 50.0 + n) for n in range(5)]
    write(Batch([recorder.piece(frames), recorder.piece(frames[2:4])], {}), alone)
    assert raw(recorder.point, START, START + timedelta(hours=1)).value.tolist() == [50.0, 51.0, 52.0, 53.0, 54.0]


def test_a_longer_row_takes_the_place_of_the_shorter_and_a_batch_may_be_repeated() -> None:
    recorder = Recorder()
    frames = [recorder.frame(micros(START) + n * 1_000_000, 50.0 + n) for n in range(5)]
    short = recorder.piece(frames[:2])
    write(Batch([short], {3: 1}), alone)
    long = recorder.piece(frames, replaces=short.part)
    for _ in range(2):
        write(Batch([long], {3: 2}), alone)
    assert list(Block.objects.values_list("part", "samples")) == [(long.part, 15)]


def test_positions_only_grow() -> None:
    Position.objects.bulk_create([Position(partition=number, log="first") for number in (3, 4)])
    write(Batch([], {3: 10, 4: 7}), alone)
    write(Batch([], {3: 9}), alone)
    assert dict(Position.objects.values_list("partition", "seq")) == {3: 10, 4: 7}


def break_a_byte(row: Block) -> bytes:
    """Flip one bit in the middle of a stored block; returns what is there now."""
    body = bytearray(row.body)
    body[len(body) // 2] ^= 1
    Block.objects.filter(pk=row.pk).update(body=bytes(body))
    return bytes(body)


def test_a_damaged_row_is_kept_and_flagged_and_its_hour_is_compacted_without_it() -> None:
    recorder = Recorder()
    written = recorder.minutes(START, 3)
    row = Block.objects.order_by("start_us")[1]
    broken = break_a_byte(row)
    assert compact_hour(recorder.gateway, micros(START)) == 2
    kept = Block.objects.get(damaged_us__isnull=False)
    assert (kept.pk, bytes(kept.body)) == (row.pk, broken)
    found = raw(recorder.point, START, START + timedelta(hours=1))
    assert list(zip(found.sampled_at_us.tolist(), found.value.tolist(), strict=True)) == written[:2] + written[4:]
    assert [(lost.cause, micros(lost.start), micros(lost.end)) for lost in found.lost] == [
        ("damaged", row.start_us, row.start_us + MINUTE)
    ]
    assert hours_to_compact(micros(START) + 2 * HOUR) == []


def test_reading_leaves_a_damaged_row_out_and_says_so_before_anybody_has_flagged_it() -> None:
    recorder = Recorder()
    recorder.minutes(START, 3)
    break_a_byte(Block.objects.order_by("start_us")[0])
    curve = trend(recorder.point, START, START + timedelta(minutes=3), 100)
    assert curve.count == 4
    assert [lost.cause for lost in curve.lost] == ["damaged"]


def test_a_check_of_everything_names_each_damaged_row_once_and_mends_what_can_be_made_again() -> None:
    recorder = Recorder()
    recorder.minutes(START, 180)
    for gateway, hour in hours_to_compact(micros(START) + 3 * HOUR):
        compact_hour(gateway, hour)
    assert list(damaged()) == []
    first, second, third = Block.objects.order_by("start_us")
    break_a_byte(second)
    rolled = Rollup.objects.get(start_us=third.start_us)
    Rollup.objects.filter(pk=rolled.pk).update(body=bytes(rolled.body)[:-1])
    Rollup.objects.filter(start_us=first.start_us).update(body=bytes(rolled.body))
    faults = {(fault.kind, fault.start_us) for fault in damaged()}
    assert faults == {("block", second.start_us), ("rollup", third.start_us), ("rollup", first.start_us)}
    for fault in list(damaged()):
        repair(fault)
    assert list(damaged()) == []
    found = trend(recorder.point, START, START + timedelta(hours=3), 3)
    assert found.curve.count.tolist() == [120, 120, 120]  # the roll-up of the damaged hour still tells of it
    assert [lost.cause for lost in found.lost] == ["damaged"]
