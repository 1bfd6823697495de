"""Since when a silence is a gateway's own: our absence is nobody's silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import msgspec
import pytest

from anlan import now
from anlan.process.hearing import ALWAYS, DEAF, LOST_S, PATIENCE_S, SETTLE_US, Hearing, Word
from anlan.roles.engine.state import EngineCore
from anlan.roles.intake import command
from anlan.roles.intake.command import say_accepting
from anlan.stream.alarm import Side
from anlan.stream.points import PointSpec

S = 1_000_000
NOON = 1_772_424_000 * S


def word(intake: str, for_s: float) -> bytes:
    return msgspec.json.encode(Word(intake, for_s))


@pytest.mark.case("F4")
def test_a_silence_counts_from_when_an_intake_takes_packets_and_gateways_could_come_back() -> None:
    hearing = Hearing()
    hearing.begin(100.0)
    assert hearing.since_us(101.0, NOON) == DEAF, "nobody takes packets in yet"
    hearing.word(word("a", 0.5), 140.0)
    assert hearing.since_us(140.0, NOON) == NOON - S // 2 + SETTLE_US
    hearing.word(word("a", 7.5), 147.0)
    assert hearing.since_us(148.0, NOON + 8 * S) == NOON - S // 2 + SETTLE_US, "one and the same instant"


@pytest.mark.case("F4")
def test_an_intake_that_is_gone_makes_everybody_silent_and_nobody_guilty() -> None:
    hearing = Hearing()
    hearing.begin(0.0)
    hearing.word(word("a", 5_000.0), 1.0)
    assert hearing.since_us(2.0, NOON) < NOON - 4_000 * S, "long since: silences count as they are"
    assert hearing.since_us(1.0 + LOST_S + 1, NOON) == DEAF
    hearing.word(word("b", 0.0), 60.0)
    assert hearing.since_us(60.0, NOON) == NOON + SETTLE_US
    hearing.word(word("c", 900.0), 60.5)
    assert hearing.since_us(60.5, NOON) == NOON - 900 * S + SETTLE_US, "the one that was there longest"


@pytest.mark.case("F4")
@pytest.mark.parametrize("how", ["records", "patience"])
def test_where_no_intake_ever_spoke_silences_are_told_all_the_same(how: str) -> None:
    hearing = Hearing()
    hearing.begin(0.0)
    hearing.word(b"no word at all", 0.5)
    if how == "records":
        hearing.read()
    assert hearing.since_us(1.0 if how == "records" else PATIENCE_S, NOON) == ALWAYS


@pytest.mark.case("F4")
def test_a_slow_start_raises_no_alarm_of_its_own_and_a_true_silence_is_told_in_time() -> None:
    """The engine is there first, the intake 70 s later, the gateways after it: points expect data every 60 s."""
    core = EngineCore([PointSpec(code="q", enterprise="e", gateway="g", source="s", no_data_s=60.0)])
    assert [core.sweep(NOON + second * S, DEAF) for second in (0, 30, 69)] == [[], [], []]
    listening = NOON + 70 * S + SETTLE_US
    assert core.sweep(NOON + 71 * S, listening) == []
    assert core.sweep(listening + 59 * S, listening) == []
    [event] = core.sweep(listening + 60 * S, listening)
    assert (event.side, event.since_us, event.at_us) == (Side.NO_DATA, listening, listening + 60 * S)


class Wire:
    """Keeps what an intake says; ``tell`` lets the story go on."""

    def __init__(self, then: Callable[[int], None]) -> None:
        self.said: list[Word] = []
        self.moments: list[float] = []
        self.then = then

    async def tell(self, subject: str, payload: bytes) -> bool:
        self.said.append(msgspec.json.decode(payload, type=Word))
        self.moments.append(now.monotonic())
        self.then(len(self.said))
        return True


@pytest.mark.case("F4")
async def test_an_intake_counts_anew_after_it_took_nothing_in() -> None:
    refused = 0

    def accepts() -> bool:
        nonlocal refused
        if len(wire.said) == 3 and refused < 5:
            refused += 1
            return False
        return True

    wire = Wire(lambda count: telling.cancel() if count == 6 else None)
    telling = asyncio.create_task(say_accepting(wire, accepts, every_s=0.0))  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert refused == 5
    assert len({each.intake for each in wire.said}) == 1
    begun = [moment - each.for_s for each, moment in zip(wire.said, wire.moments, strict=True)]
    assert min(begun[3:]) > max(wire.moments[:3]), "the time in which nothing was taken in is not counted"


@pytest.mark.case("F4")
async def test_an_intake_that_was_frozen_counts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([100.0, 100.0, 101.0, 102.0, 180.0, 181.0])
    monkeypatch.setattr(command, "now", SimpleNamespace(monotonic=lambda: next(moments)))
    wire = Wire(lambda count: telling.cancel() if count == 5 else None)
    telling = asyncio.create_task(say_accepting(wire, lambda: True, every_s=0.0))  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert [each.for_s for each in wire.said] == [0.0, 1.0, 2.0, 0.0, 1.0]
