"""Points that come and go: through the kernel and the services, with simulated time (scenarios 25 and 28)."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from tests.unit.apps.conftest import NOON

from anlan.apps.alarms.models import Alarm, AlarmEvent
from anlan.apps.alarms.selectors import performance, point_specs
from anlan.apps.alarms.services import apply_events, hooks
from anlan.apps.alarms.services.alarms import instant
from anlan.apps.org.scope import EVERYTHING
from anlan.rules.alarms import HoldRule
from anlan.rules.rulebook import load
from anlan.stream.frame import Frame
from anlan.stream.kernel import Change, Kernel, Side
from anlan.stream.points import PointTable
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db
S = 1_000_000
START = round(NOON.timestamp() * S)
GOOD, UNCERTAIN, BAD = 0, 1, 2


@pytest.fixture(autouse=True)
def _nobody_else_reacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_handlers", [])


class Plant:
    """The registered points behind a kernel of their own; what it says goes through the services."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.table = PointTable(list(point_specs()))
        self.kernel = Kernel(self.table)
        self.index = self.table.index(site.gateway, [site.points[0]])

    def frame(self, at_us: int, value: float, quality: int = GOOD) -> Frame:
        return Frame(
            gateway=self.site.gateway, collected_at_us=at_us, received_at_us=at_us, index=self.index,
            value=np.array([math.nan if quality == BAD else value], np.float64),
            quality=np.array([quality], np.uint8), sampled_at_us=np.array([at_us], np.int64), unknown=[],
        )  # fmt: skip

    def take(self, frames: list[Frame]) -> None:
        events = self.kernel.apply_many(frames)
        if events:
            apply_events(events, instant(frames[-1].received_at_us))


@pytest.mark.reliability(28)
@pytest.mark.parametrize("minutes", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_a_point_that_crosses_its_limit_ten_times_a_second_changes_a_bounded_number_of_times_and_is_listed(
    world: list[Site], minutes: int
) -> None:
    """No deadband helps: the value jumps well over it. The alarm goes on until the point has been calm for a minute."""
    plant, rule = Plant(world[0]), HoldRule.of(load())
    at = START
    for _ in range(minutes):
        frames = [plant.frame(at + n * S // 10, 85.0 if n % 2 else 70.0) for n in range(600)]
        plant.take(frames)
        at += 60 * S
    assert AlarmEvent.objects.count() <= rule.changes + 1
    last = Alarm.objects.order_by("-raised_at").first()
    assert last is not None
    assert last.state == "active"
    plant.take([plant.frame(at + n * S, 70.0) for n in range(62)])
    last.refresh_from_db()
    assert last.state == "cleared"
    assert AlarmEvent.objects.count() <= rule.changes + 2
    day = NOON - timedelta(hours=12)
    listed = performance.top_points(performance.chattering(EVERYTHING, day, day + timedelta(days=1)))
    assert [row["point__code"] for row in listed] == [world[0].points[0]]
    assert Alarm.objects.exclude(point__code=world[0].points[0]).count() == 0


@pytest.mark.alarm_management("抖动")
def test_raising_is_never_held_back_and_a_calm_minute_ends_the_hold(world: list[Site]) -> None:
    plant = Plant(world[0])
    plant.take([plant.frame(START + n * S, 85.0 if n % 2 else 70.0) for n in range(30)])
    plant.take([plant.frame(START + 30 * S, 95.0)])
    worst = Alarm.objects.order_by("-raised_at").first()
    assert worst is not None
    assert (worst.state, worst.level) == ("active", "HH")
    plant.take([plant.frame(START + (31 + n) * S, 70.0) for n in range(62)])
    assert not Alarm.objects.filter(state="active").exists()
    plant.take([plant.frame(START + 200 * S, 85.0), plant.frame(START + 201 * S, 70.0)])
    fresh = Alarm.objects.order_by("-raised_at").first()
    assert fresh is not None
    assert (fresh.started_at, fresh.cleared_at) == (after(200), after(201))


@pytest.mark.alarm_management("抖动")
def test_three_changes_within_a_minute_mark_the_alarm_and_two_do_not(world: list[Site]) -> None:
    plant = Plant(world[0])
    plant.take([plant.frame(START + at * S, value) for at, value in ((0, 85.0), (40, 70.0), (100, 85.0), (150, 70.0))])
    assert list(Alarm.objects.order_by("raised_at").values_list("chatters", flat=True)) == [False, False]
    plant.take([plant.frame(START + at * S, value) for at, value in ((400, 85.0), (420, 70.0), (459, 85.0))])
    assert list(Alarm.objects.order_by("raised_at").values_list("chatters", flat=True)) == [False, False, True, True]


@pytest.mark.reliability(25)
def test_bad_samples_at_a_limit_change_no_alarm_and_a_point_that_stays_bad_is_suspect(world: list[Site]) -> None:
    """Good, uncertain and bad interleaved around the limit: the limit alarms are those of the usable samples alone."""
    dice = np.random.default_rng(25)
    samples = [
        (START + n * S, float(dice.choice([70.0, 79.5, 80.0, 85.0])), int(dice.choice([GOOD, UNCERTAIN, BAD])))
        for n in range(900)
    ]
    with_bad, without = Plant(world[0]), Plant(world[0])
    limits = {
        name: [
            (event.change, event.level, event.at_us)
            for event in plant.kernel.apply_many([plant.frame(*each) for each in kept])
            if event.side in (Side.HIGH, Side.LOW)
        ]
        for name, plant, kept in (
            ("all", with_bad, samples),
            ("usable", without, [each for each in samples if each[2] != BAD]),
        )
    }
    assert limits["all"] == limits["usable"] != []
    state = with_bad.kernel.latest(with_bad.index).alarm_bits, without.kernel.latest(without.index).alarm_bits
    assert [int(bits[0]) & 0b1111 for bits in state] == [int(state[1][0]) & 0b1111] * 2
    # a point that stays bad for its delay is suspect: an alarm of its own kind, and the limit alarm stands as it was
    fresh = Plant(world[0])
    fresh.take([fresh.frame(START + 2000 * S, 85.0)])
    high = Alarm.objects.get(side="high")
    fresh.take([fresh.frame(START + (2001 + n) * S, 0.0, BAD) for n in range(30)])
    suspect = Alarm.objects.get(side="bad_quality")
    assert suspect.state == "active"
    high.refresh_from_db()
    assert (high.state, high.level) == ("active", "H")
    fresh.take([fresh.frame(START + 2040 * S, 70.0)])
    assert not Alarm.objects.filter(state="active").exists()
    assert AlarmEvent.objects.filter(change=Change.CLEARED).count() == 2


def after(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)
