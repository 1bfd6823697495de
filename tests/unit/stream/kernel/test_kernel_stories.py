"""What the kernel says, told as stories of one point. Times are seconds after the start, limits 10/20/80/90."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest

from anlan.stream.alarm import BIT_BAD, BIT_H, BIT_HH, BIT_NO_DATA
from anlan.stream.frame import Frame
from anlan.stream.kernel import AlarmEvent, Change, Kernel, Side
from anlan.stream.points import PointSpec, PointTable

S = 1_000_000
START = 1_709_251_200 * S
RAISED, WORSENED, EASED, CLEARED = Change.RAISED, Change.WORSENED, Change.EASED, Change.CLEARED


def spec(code: str = "p", **more: float | None) -> PointSpec:
    limits = {"ll": 10.0, "l": 20.0, "h": 80.0, "hh": 90.0, **more}
    return PointSpec(code=code, enterprise="e1", gateway="g", source="s1", **limits)  # type: ignore[arg-type]


class Plant:
    """One gateway with a few points, its kernel, and what was said so far."""

    def __init__(self, *specs: PointSpec) -> None:
        self.table = PointTable(specs or [spec()])
        self.kernel = Kernel(self.table)

    def send(
        self,
        at: float,
        value: float | str | None = None,
        *,
        code: str = "p",
        received: float | None = None,
        collected: float | None = None,
    ) -> list[AlarmEvent]:
        """One sample of one point; a text or None as value means bad quality."""
        bad = value is None or isinstance(value, str)
        frame = Frame(
            gateway="g",
            collected_at_us=START + round((at if collected is None else collected) * S),
            received_at_us=START + round((at if received is None else received) * S),
            index=self.table.index("g", [code]),
            value=np.array([math.nan if bad else value], np.float64),
            quality=np.array([2 if bad else 0], np.uint8),
            sampled_at_us=np.array([START + round(at * S)], np.int64),
            unknown=[],
        )
        return self.kernel.apply(frame)

    def run(self, samples: Iterable[tuple[float, float | str | None]]) -> list[AlarmEvent]:
        return [event for at, value in samples for event in self.send(at, value)]

    def sweep(self, at: float) -> list[AlarmEvent]:
        return self.kernel.sweep(START + round(at * S))


def told(events: Iterable[AlarmEvent]) -> list[tuple[Change, str, float]]:
    return [(event.change, event.level, (event.at_us - START) / S) for event in events]


def test_high_highhigh_high_normal_is_one_alarm_whose_worst_is_highhigh() -> None:
    events = Plant().run([(0, 50), (5, 85), (10, 95), (15, 85), (20, 50)])
    assert told(events) == [(RAISED, "H", 5), (WORSENED, "HH", 10), (EASED, "H", 15), (CLEARED, "H", 20)]
    assert len({event.alarm_id for event in events}) == 1
    assert len({event.event_id for event in events}) == 4
    assert [event.worst for event in events] == ["H", "HH", "HH", "HH"]
    assert [event.limit for event in events] == [80.0, 90.0, 80.0, 80.0]
    assert [event.value for event in events] == [85.0, 95.0, 85.0, 50.0]
    assert {(e.since_us - START) / S for e in events} == {5.0}
    assert {(e.point, e.enterprise, e.source, e.side) for e in events} == {("p", "e1", "s1", Side.HIGH)}


def test_a_jump_past_both_limits_is_raised_once_at_the_worst() -> None:
    assert told(Plant().run([(0, 50), (5, 95), (10, 50)])) == [(RAISED, "HH", 5), (CLEARED, "HH", 10)]


def test_low_limits_mirror_high_limits() -> None:
    events = Plant().run([(0, 50), (5, 20), (10, 10), (15, 10.1), (20, 20.1)])
    assert told(events) == [(RAISED, "L", 5), (WORSENED, "LL", 10), (EASED, "L", 15), (CLEARED, "L", 20)]


def test_from_high_to_low_in_one_step_clears_one_alarm_and_raises_another() -> None:
    events = Plant().run([(0, 85), (5, 15)])
    assert [(e.side, e.change) for e in events[1:]] == [(Side.LOW, RAISED), (Side.HIGH, CLEARED)]


def test_a_value_at_the_limit_alarms() -> None:
    assert told(Plant().run([(0, 79.999), (5, 80)])) == [(RAISED, "H", 5)]


def test_the_deadband_holds_the_alarm_until_the_value_is_clearly_back() -> None:
    plant = Plant(spec(deadband=2))
    assert told(plant.run([(0, 80), (5, 79), (10, 78), (15, 77.99)])) == [(RAISED, "H", 0), (CLEARED, "H", 15)]


def test_a_second_excursion_is_a_second_alarm() -> None:
    events = Plant().run([(0, 85), (5, 50), (10, 85)])
    assert events[0].alarm_id == events[1].alarm_id != events[2].alarm_id


def test_a_point_without_limits_never_alarms() -> None:
    plant = Plant(spec(ll=None, l=None, h=None, hh=None))
    assert plant.run([(0, -1e9), (5, 1e308), (10, 0)]) == []


def test_a_highhigh_limit_alone_is_enough() -> None:
    assert told(Plant(spec(h=None)).run([(0, 85), (5, 95), (10, 85)])) == [(RAISED, "HH", 5), (CLEARED, "HH", 10)]


class TestDelays:
    def test_an_excursion_shorter_than_the_on_delay_says_nothing(self) -> None:
        assert Plant(spec(on_delay_s=10)).run([(0, 85), (5, 85), (9, 50), (20, 50)]) == []

    def test_the_on_delay_counts_sample_time_from_the_first_violation(self) -> None:
        events = Plant(spec(on_delay_s=10)).run([(0, 50), (5, 85), (10, 82), (15, 85)])
        assert told(events) == [(RAISED, "H", 15)]
        assert events[0].since_us == START + 5 * S

    def test_a_dip_starts_the_on_delay_anew(self) -> None:
        assert told(Plant(spec(on_delay_s=10)).run([(0, 85), (5, 50), (8, 85), (12, 85), (18, 85)])) == [
            (RAISED, "H", 18)
        ]

    def test_highhigh_has_its_own_delay(self) -> None:
        events = Plant(spec(on_delay_s=10)).run([(0, 85), (5, 95), (10, 95), (15, 95)])
        assert told(events) == [(RAISED, "H", 10), (WORSENED, "HH", 15)]

    def test_the_off_delay_holds_the_alarm(self) -> None:
        events = Plant(spec(off_delay_s=10)).run([(0, 85), (5, 50), (10, 85), (12, 50), (20, 50), (22, 50)])
        assert told(events) == [(RAISED, "H", 0), (CLEARED, "H", 22)]

    def test_a_sweep_finishes_the_on_delay_when_no_sample_follows(self) -> None:
        plant = Plant(spec(on_delay_s=10))
        plant.send(0, 85, received=2)
        assert plant.sweep(11.999) == []
        events = plant.sweep(12)
        # two seconds of transport do not count against the delay, which is measured in sample time
        assert told(events) == [(RAISED, "H", 10)]
        assert events[0].detected_us == START + 12 * S
        assert plant.sweep(13) == []

    def test_sweep_and_sample_agree_on_the_alarm(self) -> None:
        swept, sampled = Plant(spec(on_delay_s=10)), Plant(spec(on_delay_s=10))
        swept.send(0, 85)
        sampled.send(0, 85)
        assert swept.sweep(30)[0].event_id == sampled.send(30, 85)[0].event_id

    def test_a_sweep_never_clears(self) -> None:
        plant = Plant(spec(off_delay_s=10, no_data_s=1000))
        plant.run([(0, 85), (5, 50)])
        assert plant.sweep(100) == []


class TestQuality:
    def test_a_bad_sample_neither_raises_nor_clears_a_limit(self) -> None:
        events = Plant(spec(on_delay_s=0)).run([(0, 85), (5, "bad"), (10, 85), (15, 50)])
        assert [(e.side, e.change) for e in events] == [
            (Side.HIGH, RAISED),
            (Side.BAD_QUALITY, RAISED),
            (Side.BAD_QUALITY, CLEARED),
            (Side.HIGH, CLEARED),
        ]

    def test_a_short_disturbance_says_nothing(self) -> None:
        assert Plant(spec(on_delay_s=10)).run([(0, 50), (5, "bad"), (10, 50), (15, "bad"), (20, 50)]) == []

    def test_good_and_bad_in_turn_at_the_limit_do_not_restart_the_delay(self) -> None:
        plant = Plant(spec(on_delay_s=10, hh=None))
        assert told(plant.run([(0, 85), (4, "bad"), (8, 85), (9, "bad"), (12, 85)])) == [(RAISED, "H", 12)]

    def test_the_last_usable_value_stays_on_display(self) -> None:
        plant = Plant()
        plant.run([(0, 50), (5, "bad")])
        latest = plant.kernel.latest([0])
        assert latest.value.tolist() == [50.0]
        assert latest.quality.tolist() == [2]
        assert latest.sampled_at_us.tolist() == [START + 5 * S]
        assert latest.alarm_bits.tolist() == [BIT_BAD]


class TestFlatline:
    def test_a_value_that_never_moves_is_suspect(self) -> None:
        events = Plant(spec(flatline_s=10)).run([(0, 50), (5, 50), (10, 50), (15, 50), (20, 50.1)])
        assert [(e.side, *told([e])[0]) for e in events] == [
            (Side.FLATLINE, RAISED, "flatline", 10),
            (Side.FLATLINE, CLEARED, "flatline", 20),
        ]
        assert events[0].since_us == START

    def test_movement_starts_the_count_anew(self) -> None:
        assert Plant(spec(flatline_s=10)).run([(0, 50), (9, 50.1), (18, 50.1)]) == []

    def test_a_source_time_that_stands_still_is_a_flatline_too(self) -> None:
        plant = Plant(spec(flatline_s=10))
        plant.send(0, 50)
        plant.send(0, 50, collected=5, received=5)
        plant.send(0, 50, collected=10, received=10)
        assert told(plant.sweep(10)) == [(RAISED, "flatline", 10)]


class TestNoData:
    def test_a_point_that_was_never_seen_alarms_after_its_time(self) -> None:
        plant = Plant(spec(no_data_s=60))
        assert plant.sweep(0) == []
        assert plant.sweep(59.9) == []
        events = plant.sweep(60)
        assert told(events) == [(RAISED, "no_data", 60)]
        assert (events[0].side, events[0].value, events[0].since_us) == (Side.NO_DATA, None, START)
        assert plant.sweep(61) == []

    def test_silence_is_dated_back_to_the_last_receipt(self) -> None:
        plant = Plant(spec(no_data_s=60))
        plant.sweep(0)
        plant.send(10, 50, received=12)
        events = plant.sweep(80)
        assert (events[0].since_us - START) / S == 12
        assert told(plant.send(90, 55, received=91)) == [(CLEARED, "no_data", 91)]

    def test_bad_samples_are_data(self) -> None:
        plant = Plant(spec(no_data_s=60))
        plant.sweep(0)
        plant.send(50, "bad")
        assert [e.side for e in plant.sweep(70)] == []

    def test_late_data_is_no_sign_of_life(self) -> None:
        plant = Plant(spec(no_data_s=60))
        plant.send(100, 50)
        plant.send(40, 50, received=150)
        assert told(plant.sweep(160)) == [(RAISED, "no_data", 160)]

    def test_silence_after_silence_is_a_second_alarm_even_if_the_servers_clock_steps_back(self) -> None:
        plant = Plant(spec(no_data_s=60))
        plant.send(0, 50, received=100)
        first = plant.sweep(160)
        plant.send(1, 50, received=20)
        second = plant.sweep(161)
        assert first[0].alarm_id != second[0].alarm_id

    def test_an_open_limit_alarm_outlives_the_silence(self) -> None:
        plant = Plant(spec(no_data_s=60))
        plant.send(0, 85)
        plant.sweep(60)
        assert plant.kernel.bits[0] == BIT_H | BIT_NO_DATA


class TestGatewayClocks:
    def test_a_late_violation_never_raises_an_alarm(self) -> None:
        assert Plant().run([(0, 50), (100, 50), (40, 95), (99, 95)]) == []

    def test_a_late_normal_value_never_clears_an_alarm(self) -> None:
        assert told(Plant().run([(0, 50), (100, 95), (90, 50), (110, 95)])) == [(RAISED, "HH", 100)]

    def test_a_clock_that_jumps_back_is_waited_out(self) -> None:
        plant = Plant()
        assert plant.run([(100, 50), (40, 50), (45, 95)]) == []
        assert told(plant.run([(105, 95)])) == [(RAISED, "HH", 105)]

    def test_the_same_packet_again_and_again_says_nothing_new(self) -> None:
        plant = Plant()
        assert len(plant.send(0, 95)) == 1
        assert [plant.send(0, 95, received=n) for n in range(1, 50)] == [[]] * 49

    def test_a_backlog_in_order_is_judged_by_its_own_time(self) -> None:
        plant = Plant()
        plant.send(0, 50)
        events = [plant.send(at, value, received=36_000) for at, value in ((60, 95), (120, 50))]
        assert [told(e) for e in events] == [[(RAISED, "HH", 60)], [(CLEARED, "HH", 120)]]
        assert events[0][0].detected_us == START + 36_000 * S


class TestRegistryChanges:
    def test_a_point_taken_out_of_the_registry_takes_its_alarm_with_it(self) -> None:
        plant = Plant(spec("p"), spec("q"))
        plant.send(0, 95)
        plant.table.update([spec("q")])
        assert told(plant.sweep(5)) == [(CLEARED, "HH", 5)]
        assert plant.sweep(6) == []

    def test_a_limit_taken_away_clears_with_the_next_sample(self) -> None:
        plant = Plant()
        plant.send(0, 95)
        plant.table.update([spec(h=None, hh=None)])
        events = plant.send(5, 95)
        assert told(events) == [(CLEARED, "HH", 5)]
        assert events[0].limit is None

    def test_a_new_point_is_waited_for_from_when_it_was_registered(self) -> None:
        plant = Plant(spec("p", no_data_s=1000))
        plant.sweep(0)
        plant.table.update([spec("p", no_data_s=1000), spec("q", no_data_s=60)])
        plant.sweep(100)
        assert plant.sweep(159) == []
        assert [e.point for e in plant.sweep(160)] == ["q"]

    def test_unchanged_points_keep_their_alarms_through_an_update(self) -> None:
        plant = Plant()
        plant.send(0, 95)
        plant.table.update([spec("a"), spec("p"), spec("z")])
        assert plant.send(5, 95) == []
        assert told(plant.send(10, 50)) == [(CLEARED, "HH", 10)]


class TestCheckpoint:
    def carried_over(self, plant: Plant, *specs: PointSpec) -> Plant:
        fresh = Plant(*specs)
        assert fresh.kernel.restore({"g": plant.kernel.state_of("g")}).damaged == []
        return fresh

    def test_a_restart_neither_forgets_nor_repeats_an_alarm(self) -> None:
        plant = Plant()
        raised = plant.send(0, 95)
        fresh = self.carried_over(plant)
        assert fresh.send(0, 95) == []
        assert fresh.send(5, 95) == []
        cleared = fresh.send(10, 50)
        assert told(cleared) == [(CLEARED, "HH", 10)]
        assert cleared[0].alarm_id == raised[0].alarm_id
        assert cleared[0].event_id == plant.send(10, 50)[0].event_id

    def test_a_running_delay_runs_on(self) -> None:
        plant = Plant(spec(on_delay_s=10))
        plant.send(0, 85)
        fresh = self.carried_over(plant, spec(on_delay_s=10))
        assert told(fresh.sweep(10)) == [(RAISED, "H", 10)]

    def test_points_may_come_and_go_between_stop_and_start(self) -> None:
        plant = Plant(spec("p"), spec("gone"))
        plant.send(0, 95)
        fresh = self.carried_over(plant, spec("new"), spec("p"))
        assert fresh.kernel.latest([1]).alarm_bits.tolist() == [BIT_H | BIT_HH]
        assert fresh.kernel.latest([0]).alarm_bits.tolist() == [0]

    def test_a_point_dead_before_the_stop_alarms_after_the_start(self) -> None:
        plant = Plant(spec(no_data_s=60))
        plant.sweep(0)
        fresh = self.carried_over(plant, spec(no_data_s=60))
        assert told(fresh.sweep(60)) == [(RAISED, "no_data", 60)]

    def test_damaged_bytes_are_refused_and_change_nothing(self) -> None:
        plant = Plant()
        plant.send(0, 95)
        state = plant.kernel.state_of("g")
        fresh = Plant()
        for place in range(len(state)):
            broken = bytearray(state)
            broken[place] ^= 0x10
            assert fresh.kernel.restore({"g": bytes(broken)}).damaged == ["g"]
        assert fresh.kernel.bits[0] == 0

    def test_gateways_are_dirty_until_they_were_saved(self) -> None:
        plant = Plant()
        plant.send(0, 50)
        assert plant.kernel.dirty_gateways() == ["g"]
        plant.kernel.mark_saved(["g"])
        assert plant.kernel.dirty_gateways() == []


def test_the_trend_is_known_after_a_minute() -> None:
    plant = Plant()
    plant.run([(at, 50 + at / 60) for at in range(0, 60, 5)])
    assert math.isnan(plant.kernel.latest([0]).trend_per_min[0])
    plant.run([(at, 50 + at / 60) for at in range(60, 125, 5)])
    assert plant.kernel.latest([0]).trend_per_min[0] == pytest.approx(1.0)


def test_a_point_never_seen_shows_nothing() -> None:
    latest = Plant().kernel.latest([0])
    assert math.isnan(latest.value[0])
    assert (latest.quality[0], latest.sampled_at_us[0], latest.received_at_us[0]) == (2, 0, 0)
