"""A limit is changed while a gateway is away: what it brings of the time before is judged by the limit of that time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from msgspec import structs

from anlan.stream.alarm import AlarmEvent, Change
from anlan.stream.frame import Frame
from anlan.stream.kernel import Kernel
from anlan.stream.kernel.former import Settings
from anlan.stream.points import PointSpec, PointTable

S = 1_000_000
T = 1_700_000_000 * S
OLD = PointSpec(code="A", enterprise="E", gateway="G", h=80.0, hh=90.0, range_min=0, range_max=200)
OTHER = structs.replace(OLD, code="B")


class Records:
    """Whoever keeps former settings, and how often they were asked."""

    def __init__(self, settings: Mapping[str, Settings]) -> None:
        self.settings, self.asked = settings, list[list[str]]()

    def __call__(self, codes: Sequence[str]) -> Mapping[str, Settings]:
        self.asked.append(list(codes))
        return {code: self.settings[code] for code in codes if code in self.settings}


def kernel_of(*specs: PointSpec, former: Records, compiled: bool = True) -> Kernel:
    kernel = Kernel(PointTable(specs), former=former)
    if not compiled:
        kernel._machine = None
    return kernel


def frame(*samples: tuple[int, int, float], received: int = 1000) -> Frame:
    """Samples as (row, second, value)."""
    rows, times, values = zip(*samples, strict=True)
    return Frame(
        gateway="G", collected_at_us=T + max(times) * S, received_at_us=T + received * S,
        index=np.array(rows, np.int32), value=np.array(values, np.float64), quality=np.zeros(len(rows), np.uint8),
        sampled_at_us=T + np.array(times, np.int64) * S, unknown=[], unique=len(set(rows)) == len(rows),
    )  # fmt: skip


def said(events: Sequence[AlarmEvent]) -> list[tuple[str, Change, str, float | None, int]]:
    return [(each.point, each.change, each.level, each.limit, (each.at_us - T) // S) for each in events]


both = pytest.mark.parametrize("compiled", [True, False])


@both
def test_what_was_an_alarm_then_is_one_and_ends_by_the_new_limit(compiled: bool) -> None:
    now = structs.replace(OLD, h=100.0, hh=120.0, valid_from_us=T + 100 * S)
    records = Records({"A": [(T + 100 * S, {"h": 80.0, "hh": 90.0})]})
    kernel = kernel_of(now, former=records, compiled=compiled)
    events = kernel.apply(frame((0, 10, 70), (0, 20, 85), (0, 90, 95), (0, 100, 95), (0, 110, 101)))
    assert said(events) == [
        ("A", Change.RAISED, "H", 80.0, 20),
        ("A", Change.WORSENED, "HH", 90.0, 90),
        ("A", Change.CLEARED, "HH", 120.0, 100),
        ("A", Change.RAISED, "H", 100.0, 110),
    ]
    assert records.asked == [["A"]]
    kernel.apply(frame((0, 200, 70), received=1001))
    kernel.sweep(T + 1002 * S)
    kernel.apply(frame((0, 210, 70), received=1003))
    assert records.asked == [["A"]], "newer samples are nobody's question"


@both
def test_a_tightened_limit_does_not_reach_back(compiled: bool) -> None:
    now = structs.replace(OLD, h=60.0, hh=70.0, valid_from_us=T + 100 * S)
    kernel = kernel_of(
        now, former=Records({"A": [(T + 100 * S, {"h": 80.0, "hh": 90.0})]}), compiled=compiled
    )  # fmt: skip
    assert said(kernel.apply(frame((0, 10, 75), (0, 99, 75)))) == []
    assert said(kernel.apply(frame((0, 100, 75)))) == [("A", Change.RAISED, "HH", 70.0, 100)]


@both
def test_each_of_several_changes_holds_in_its_time_for_its_point_alone(compiled: bool) -> None:
    now = structs.replace(OLD, h=50.0, hh=None, valid_from_us=T + 300 * S)
    before = [(T + 100 * S, {"h": 20.0, "hh": None}), (T + 200 * S, {"h": 30.0}), (T + 300 * S, {"h": 40.0})]
    kernel = kernel_of(now, OTHER, former=Records({"A": before}), compiled=compiled)
    events = kernel.apply(
        frame((0, 50, 25), (1, 50, 25), (0, 150, 25), (0, 250, 45), (1, 250, 85), (0, 350, 45), (0, 360, 55))
    )  # fmt: skip
    assert sorted(said(events)) == sorted(
        [
            ("A", Change.RAISED, "H", 20.0, 50),
            ("A", Change.CLEARED, "H", 30.0, 150),
            ("A", Change.RAISED, "H", 40.0, 250),
            ("A", Change.CLEARED, "H", 50.0, 350),
            ("A", Change.RAISED, "H", 50.0, 360),
            ("B", Change.RAISED, "H", 80.0, 250),
        ]
    )


def test_a_kernel_that_forgot_and_one_that_went_on_say_the_same() -> None:
    now = structs.replace(OLD, h=100.0, hh=120.0, valid_from_us=T + 100 * S)
    records = Records({"A": [(T + 100 * S, {"h": 80.0, "hh": 90.0})]})
    first = Kernel(PointTable([OLD]), former=records)
    before = first.apply(frame((0, 10, 85), received=11))
    state = first.state_of("G")
    first.table.update([now])
    second = Kernel(PointTable([now]), former=records)
    second.restore({"G": state})
    late = frame((0, 50, 79), (0, 60, 95), (0, 150, 95))
    assert said(before) == [("A", Change.RAISED, "H", 80.0, 10)]
    went_on = first.apply(late)
    assert said(went_on) == [
        ("A", Change.CLEARED, "H", 80.0, 50),
        ("A", Change.RAISED, "HH", 90.0, 60),
        ("A", Change.CLEARED, "HH", 120.0, 150),
    ]
    assert second.apply(late) == went_on


def test_a_change_of_a_time_that_our_clock_made_up_holds_at_once() -> None:
    now = structs.replace(OLD, h=60.0, valid_from_us=T + 86_400 * S)
    kernel = kernel_of(now, former=Records({"A": [(T + 86_400 * S, {"h": 80.0})]}))
    kernel.table.not_after(T + 100 * S)
    assert said(kernel.apply(frame((0, 150, 65)))) == [("A", Change.RAISED, "H", 60.0, 150)]
