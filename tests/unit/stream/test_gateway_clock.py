"""A gateway's clock that is wrong neither blinds the alarms nor raises old data as new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.roles.engine.state import EngineCore
from anlan.roles.engine.store import Remembered
from anlan.stream.alarm import AlarmEvent
from anlan.stream.envelope import Record, pack
from anlan.stream.frame import FrameDecoder
from anlan.stream.gateway_clock import GatewayClocks, marked
from anlan.stream.log import LogMessage
from anlan.stream.points import PointSpec, PointTable
from anlan.testing.sender import packet
from anlan.testing.sites import sites

[SITE] = sites(1, 1)
START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SPEC = PointSpec(
    code=SITE.points[0], enterprise=SITE.enterprise, gateway=SITE.gateway, source=SITE.source,
    ll=10, l=20, h=80, hh=90, deadband=1, no_data_s=30,
)  # fmt: skip


def micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def record(received: datetime, ahead: timedelta, value: float, kind: str = "report") -> Record:
    collected = received + ahead
    body = msgspec.json.encode(
        packet(SITE.enterprise, SITE.gateway, collected, {SITE.points[0]: value}, report_type=kind)
    )
    return Record(SITE.enterprise, SITE.gateway, f"{received}{collected}", micros(received), body)


class Engine:
    """An engine that is fed a packet every five seconds by a gateway whose clock stands ``ahead``."""

    def __init__(self) -> None:
        self.core, self.seq, self.now = EngineCore([SPEC]), 0, START
        self.events: list[AlarmEvent] = []

    def hear(self, value: float, ahead: timedelta = timedelta(0), kind: str = "report", after_s: float = 5) -> None:
        self.now += timedelta(seconds=after_s)
        self.seq += 1
        message = LogMessage(self.seq, 1, pack([record(self.now, ahead, value, kind)]))
        self.events += self.core.take([message])
        self.events += self.core.sweep(micros(self.now))

    def restart(self) -> None:
        """Another process goes on from what this one saved."""
        saved = self.core.everything([])
        self.core = EngineCore([SPEC])
        self.core.restore(Remembered(saved.positions, saved.states))

    @property
    def said(self) -> list[str]:
        return [f"{event.side} {event.change}" for event in self.events]


def test_a_slow_clock_is_marked_and_its_violation_is_an_alarm_of_the_present() -> None:
    engine, slow = Engine(), timedelta(hours=-2)
    for _ in range(5):
        engine.hear(50, slow)
    engine.hear(95, slow)
    assert engine.said == ["high raised"]
    assert abs(engine.events[0].at_us - micros(engine.now)) < 1_000_000
    latest = engine.core.kernel.latest([0])
    assert latest.quality.tolist() == [1]


def test_a_jump_two_hours_back_blinds_the_alarms_for_seconds_only() -> None:
    engine, back = Engine(), timedelta(hours=-2)
    for _ in range(5):
        engine.hear(50)
    for _ in range(5):
        engine.hear(50, back)
    engine.hear(95, back)
    engine.hear(95)
    for _ in range(4):
        engine.hear(50)
    assert engine.said == ["high raised", "high cleared"]


def test_a_clock_ahead_within_the_tolerance_and_set_right_again_blinds_nothing() -> None:
    engine, ahead = Engine(), timedelta(minutes=4)
    for _ in range(5):
        engine.hear(50, ahead)
    engine.hear(50)
    engine.hear(95)
    assert engine.said == ["high raised"]
    assert all(event.at_us <= micros(engine.now) for event in engine.events)


@pytest.mark.case("A1")
@pytest.mark.parametrize("number", range(1, 14, 3))
def test_a_slow_clock_that_wavers_about_the_tolerance_blinds_nothing(number: int) -> None:
    """Just beyond it its samples are taken at their receipt, just within it at their own time: a minute earlier."""
    engine = Engine()
    for _ in range(6):
        engine.hear(50, -timedelta(seconds=61))
    for step in range(number):
        engine.hear(50, -timedelta(seconds=59 if step % 3 == 0 else 61))
    engine.hear(95, -timedelta(seconds=59))
    engine.hear(50, -timedelta(seconds=61))
    assert engine.said == ["high raised", "high cleared"]
    assert abs(engine.events[0].at_us - micros(engine.now)) <= 70_000_000
    for _ in range(20):
        engine.hear(50)
    assert engine.said == ["high raised", "high cleared"]
    engine.hear(95)
    assert engine.said[2:] == ["high raised"]


@pytest.mark.case("A1")
def test_a_slow_clock_that_is_set_right_in_small_steps_blinds_nothing() -> None:
    engine = Engine()
    for _ in range(6):
        engine.hear(50, -timedelta(seconds=70))
    for step in range(69, 0, -1):
        engine.hear(step / 2, -timedelta(seconds=step))
        assert engine.core.kernel.latest([0]).value.tolist() == [step / 2]


def test_a_clock_that_jumps_all_the_time_raises_no_storm() -> None:
    engine = Engine()
    for step in range(200):
        engine.hear(50, timedelta(hours=(0, -2, 0, -1)[step % 4]))
    assert engine.said == []


def test_old_data_sent_up_in_a_hurry_is_never_the_present() -> None:
    """A gateway that does not say which packets are old: a violation of two hours ago raises nothing now."""
    engine = Engine()
    engine.hear(50)
    for step in range(1000):
        behind = timedelta(hours=-2) + step * timedelta(seconds=4.9)
        if behind > timedelta(minutes=-2):
            break
        engine.hear(95 if step == 30 else 50, behind, after_s=0.1)
    assert "high raised" not in engine.said


def test_a_back_fill_that_says_so_is_not_suspect() -> None:
    decoder = FrameDecoder(PointTable([SPEC]))
    old = record(START, timedelta(hours=-5), 50, "continues")
    frame = marked(decoder.decode(old), old)
    assert (frame.suspect, frame.quality.tolist()) == (False, [0])
    live = record(START, timedelta(hours=-5), 50)
    frame = marked(decoder.decode(live), live)
    assert (frame.suspect, frame.quality.tolist()) == (True, [1])
    assert frame.collected_at_us == micros(START) - 5 * 3600 * 1_000_000


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(-10_000, 300)), min_size=1, max_size=60))
def test_no_frame_is_ever_evaluated_after_its_receipt(steps: list[tuple[int, int]]) -> None:
    decoder, clocks, now = FrameDecoder(PointTable([SPEC])), GatewayClocks(), START
    for wait, ahead in steps:
        now += timedelta(seconds=wait)
        one = record(now, timedelta(seconds=ahead), 50)
        frame = marked(decoder.decode(one), one)
        taken = clocks.evaluated(frame)
        assert taken.collected_at_us <= taken.received_at_us
        assert (taken.sampled_at_us <= taken.received_at_us).all()
        assert frame.collected_at_us <= taken.collected_at_us or ahead > 0


@pytest.mark.case("A1")
@pytest.mark.parametrize("gateway_ahead_s", [0, 10, -20])
def test_a_clock_of_ours_that_goes_back_half_a_minute_blinds_no_point_meanwhile(gateway_ahead_s: int) -> None:
    engine, own = Engine(), timedelta(seconds=gateway_ahead_s)
    for _ in range(5):
        engine.hear(50, own)
    back = timedelta(seconds=30)
    engine.now -= back
    engine.hear(85, own + back)
    engine.hear(95, own + back)
    engine.hear(50, own + back)
    assert engine.said == ["high raised", "high worsened", "high cleared"]
    first, _, cleared = engine.events
    assert cleared.at_us - first.at_us == 10_000_000
    engine.now += back
    engine.hear(85, own)
    assert engine.said[3:] == ["high raised"]


@pytest.mark.case("A1")
@pytest.mark.parametrize("packets", [4, 5, 6, 7, 20])
def test_a_clock_of_ours_that_stays_half_a_minute_behind_blinds_no_point_when_it_reaches_what_it_said(
    packets: int,
) -> None:
    engine, back = Engine(), timedelta(seconds=30)
    for _ in range(5):
        engine.hear(50)
    engine.now -= back
    for _ in range(packets):
        engine.hear(50, back)
    engine.hear(85, back)
    assert engine.said == ["high raised"]
    engine.now += back
    engine.hear(50)
    assert engine.said == ["high raised", "high cleared"]


@pytest.mark.case("A1")
def test_a_clock_that_went_back_for_good_is_believed_again_once_it_has_caught_up() -> None:
    engine, ours = Engine(), timedelta(seconds=-30)
    for _ in range(5):
        engine.hear(50, ours)  # it stood ahead of the gateways, and is set right
    engine.now += ours
    for _ in range(12):
        engine.hear(50)
    engine.hear(85)
    assert engine.said == ["high raised"]
    assert engine.events[0].at_us == micros(engine.now)


def test_a_receipt_after_our_own_clock_was_set_back_by_hours_stands_as_it_is() -> None:
    """Only a little is bridged: a receipt put hours ahead would be later than everything still to come."""
    clocks, ahead = GatewayClocks(), timedelta(hours=2)
    decoder = FrameDecoder(PointTable([SPEC]), lambda gateway, tags_hash: None)

    def heard(second: int, off: timedelta) -> tuple[int, int]:
        at = START + timedelta(seconds=second)
        sent = record(at + off, -off, 50)
        return clocks.evaluated(marked(decoder.decode(sent), sent)).received_at_us, sent.received_at_us

    for second in range(0, 30, 5):
        heard(second, ahead)
    for second in range(30, 60, 5):
        stands, came = heard(second, timedelta(0))
        assert stands == came


BEHIND = timedelta(seconds=42)


@pytest.mark.case("A1")
@pytest.mark.parametrize("age_s", [5, 20, 40, 60])
@pytest.mark.parametrize("gateway_ahead_s", [0, 10, -20])
def test_a_packet_that_comes_again_while_our_clock_stands_behind_blinds_no_point(
    age_s: int, gateway_ahead_s: int
) -> None:
    """An intake that was restarted does not know it; sent again after a lost answer it stands in the log once more."""
    engine, own = Engine(), timedelta(seconds=gateway_ahead_s)
    for _ in range(20):
        engine.hear(50, own)
    engine.now -= BEHIND
    engine.hear(50, own + BEHIND)
    engine.hear(50, own + BEHIND - timedelta(seconds=age_s), after_s=0)
    engine.hear(85, own + BEHIND)
    assert engine.said == ["high raised"]
    assert abs(engine.events[0].at_us - micros(engine.now + BEHIND + min(own, timedelta(0)))) <= 1_000_000
    engine.hear(50, own + BEHIND)
    assert engine.said == ["high raised", "high cleared"]
    engine.now += BEHIND
    engine.hear(95, own)
    assert engine.said[2:] == ["high raised"]


@pytest.mark.case("A1")
@pytest.mark.parametrize("gateway_ahead_s", [0, 10, -20])
def test_an_engine_that_starts_while_our_clock_stands_behind_judges_as_if_it_had_run_on(gateway_ahead_s: int) -> None:
    engine, own = Engine(), timedelta(seconds=gateway_ahead_s)
    for _ in range(5):
        engine.hear(50, own)
    engine.restart()
    engine.now -= BEHIND
    engine.hear(85, own + BEHIND)
    engine.restart()
    engine.hear(50, own + BEHIND)
    assert engine.said == ["high raised", "high cleared"]
    assert engine.events[1].at_us - engine.events[0].at_us == 5_000_000
    engine.now += BEHIND
    engine.hear(95, own)
    assert engine.said[2:] == ["high raised"]


@pytest.mark.case("A1")
def test_an_engine_that_starts_beside_a_slow_gateway_is_not_blind_until_it_knows_it_for_slow() -> None:
    engine, slow = Engine(), timedelta(hours=-2)
    for _ in range(6):
        engine.hear(50, slow)
    engine.restart()
    engine.hear(95, slow)
    assert engine.said == ["high raised"]
    assert abs(engine.events[0].at_us - micros(engine.now)) < 1_000_000


@pytest.mark.case("A1")
def test_the_second_part_of_a_scan_counts_while_our_clock_stands_behind() -> None:
    engine = Engine()
    for _ in range(5):
        engine.hear(50)
    engine.now -= BEHIND
    engine.hear(50, BEHIND)
    engine.hear(85, BEHIND, after_s=0)
    assert engine.said == ["high raised"]
