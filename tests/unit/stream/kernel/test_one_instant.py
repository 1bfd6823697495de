"""Several values of one instant: the worst counts, in whatever order and however often they come."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from tests.unit.stream.kernel.test_kernel_agrees_with_reference import WAYS, made, spec, to_frame
from tests.unit.stream.reference_kernel import S, Sample

from anlan.stream.alarm import Side
from anlan.stream.kernel import Kernel

START = 1_700_000_000 * S
SPECS = [spec("a", "g", ll=10, l=20, h=80, hh=90, deadband=2)]


class Gateway:
    """One point whose gateway states whole seconds; ``say`` sends packets of one second, one after the other."""

    def __init__(self, way: str, **limits: float) -> None:
        self.kernel: Kernel = made([spec("a", "g", **limits)] if limits else SPECS, way)
        self.received = START
        self.events: list[tuple[str, str]] = []

    def say(self, second: int, *values: float | None) -> list[tuple[str, str]]:
        said = []
        for value in values:
            at = START + second * S
            self.received = max(self.received + 1, at)
            sample = Sample("a", 0.0 if value is None else value, 2 if value is None else 0, at)
            said += self.kernel.apply(to_frame(self.kernel.table, "g", at, self.received, [sample]))
        self.events += [(event.change.value, event.level) for event in said]
        return [(event.change.value, event.level) for event in said]

    @property
    def value(self) -> float:
        return float(self.kernel.latest([0]).value[0])

    @property
    def open(self) -> dict[Side, int]:
        """Level of each open alarm: 1 high, 2 high high."""
        return {side: alarm.level for (_, side), alarm in self.kernel._ledger.open.items()}


@pytest.mark.case("A12")
@pytest.mark.parametrize("way", WAYS)
def test_a_value_beyond_its_limit_that_comes_second_in_its_second_raises_its_alarm(way: str) -> None:
    gateway = Gateway(way)
    assert gateway.say(0, 50.0) == []
    assert [change for change, _ in gateway.say(0, 95.0)] == ["raised"]
    assert gateway.value == 95.0
    assert gateway.open == {Side.HIGH: 2}


@pytest.mark.case("A12")
@pytest.mark.parametrize("way", WAYS)
def test_the_order_and_repeats_of_one_instant_change_nothing(way: str) -> None:
    for values in permutations([50.0, 85.0, 95.0, None]):
        for repeat in product(values, repeat=2):
            gateway = Gateway(way)
            gateway.say(0, *values)
            before = list(gateway.events)
            assert gateway.open[Side.HIGH] == 2, values
            assert gateway.say(0, *repeat) == [], (values, repeat)
            assert gateway.value == 95.0, (values, repeat)
            assert gateway.events == before


@pytest.mark.case("A12")
@pytest.mark.parametrize("way", WAYS)
def test_what_is_over_is_over_by_a_later_instant_alone(way: str) -> None:
    gateway = Gateway(way)
    gateway.say(0, 95.0)
    assert gateway.say(0, 50.0, 85.0, 77.0) == []
    assert [change for change, _ in gateway.say(1, 50.0)] == ["cleared"]
    assert gateway.say(0, 95.0) == [], "an instant that is past raises nothing"
    assert [change for change, _ in gateway.say(1, 95.0)] == ["raised"]


@pytest.mark.case("A12")
@pytest.mark.parametrize("way", WAYS)
def test_a_delay_begins_with_the_worst_of_an_instant_and_is_not_taken_back_by_the_rest_of_it(way: str) -> None:
    gateway = Gateway(way, h=80, on_delay_s=3)
    assert gateway.say(0, 50.0, 85.0, 50.0) == []
    for second in (1, 2):
        assert gateway.say(second, 85.0, 50.0, 79.0) == []
    assert [change for change, _ in gateway.say(3, 85.0)] == ["raised"], "it stood since the first second"
