"""What the simulation is worth: a mend of a fault that once was is taken back, and a seed finds the fault again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

import msgspec
import pytest
from tests.simulation.memory_log import MemoryLog
from tests.simulation.playing import Play, Step, steps_of, violation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite,
    pytest.mark.django_db(transaction=True, databases="__all__"),
]
WITHIN = 30
"""So many seeds are played at most."""


def clocks_are_always_the_gateways(patch: pytest.MonkeyPatch) -> None:
    """A1: gateways that are all slow at once are believed to be slow."""
    from anlan.stream.gateway_clock import GatewayClocks

    patch.setattr(GatewayClocks, "_most_agree", lambda self, gateway, behind: False)


def memory_stays_in_the_future(patch: pytest.MonkeyPatch) -> None:
    """A1: what was remembered while our clock stood ahead is kept, in the kernel and of the sweeps."""
    from anlan.roles.engine import state
    from anlan.stream.kernel import Kernel

    patch.setattr(Kernel, "_set_back", lambda self, rows, now_us: None)
    patch.setattr(state, "_forward", max)


def what_was_said_of_the_past_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A1: after our clock was set right a sample of the last minute is judged again when it comes again."""
    from anlan.stream.kernel import kernel

    mend = kernel.set_back

    def forgetful(state: Any, rows: Any, now_us: int) -> Any:
        moved = mend(state, rows, now_us)
        for column in (state.last_us, state.good_us, state.frame_us):
            column[moved] = column[moved].clip(max=now_us - kernel.SLACK_US)
        return moved

    patch.setattr(kernel, "set_back", forgetful)


def every_packet_says_where_its_gateway_stands(patch: pytest.MonkeyPatch) -> None:
    """A1: while our clock stands behind, what follows a packet that came again is measured against that."""
    from anlan.stream import gateway_clock

    patch.setattr(gateway_clock, "_goes_on", lambda last, frame, taken: True)
    received = gateway_clock.GatewayClocks._received

    def of_later_ones(self: gateway_clock.GatewayClocks, frame: Any) -> Any:
        last = self._stood(frame)
        return received(self, frame) if last is None or frame.collected_at_us > last.collected_us else frame

    patch.setattr(gateway_clock.GatewayClocks, "_received", of_later_ones)


def where_gateways_stand_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A1: an engine that starts while our clock stands behind knows nothing of before."""
    from anlan.stream.gateway_clock import GatewayClocks

    patch.setattr(GatewayClocks, "restore", lambda self, anchors: None)


def the_log_is_never_compared(patch: pytest.MonkeyPatch) -> None:
    """A2: a stored position ahead of the log is believed."""
    from anlan.process import log_watch

    async def nothing(*_arguments: Any) -> None:
        return None

    patch.setattr(MemoryLog, "holds", lambda self, seq, taken_us: True)
    patch.setattr(log_watch, "compare", nothing)


def reading_again_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A2: after a kill on the way, what is read again is taken for new."""
    from anlan.database.leases import Leases

    take_up = Leases.take_up

    def forgetful(self: Leases, *arguments: Any, **options: Any) -> Any:
        return take_up(self, *arguments[:5], **options)  # without the last number of the log

    patch.setattr(Leases, "take_up", forgetful)


def samples_of_before_an_alarm_count(patch: pytest.MonkeyPatch) -> None:
    """A2: without the engine's saved state, samples that are read again are judged again."""
    from anlan.stream.kernel import Kernel

    patch.setattr(Kernel, "judged", lambda self, point, until_us: None)


def rows_count_what_came(patch: pytest.MonkeyPatch) -> None:
    """A3: a row of history counts the samples that came, not those that stand in its block."""
    from anlan.roles.historian import minutes

    encoded = minutes.encode_counted

    def came(gateway: str, frames: Any, table: Any) -> tuple[bytes, int]:
        return encoded(gateway, frames, table)[0], sum(len(frame.index) for frame in frames)

    patch.setattr(minutes, "encode_counted", came)


def record_and_memory_are_never_compared(patch: pytest.MonkeyPatch) -> None:
    """A4: open alarms on record and the engine's memory may differ for ever."""
    from anlan.roles.engine.engine import Engine

    async def nothing(self: Engine, suspects: object) -> None:
        return None

    patch.setattr(Engine, "_settle", nothing)


def an_id_names_a_packet(patch: pytest.MonkeyPatch) -> None:
    """A12: of two packets of one id and time the second counts as a repeat, whatever is in it."""
    from anlan.roles.intake import application

    cut = application.cut

    def without_digest(plain: bytes, content_type: str) -> Any:
        packets, read = cut(plain, content_type)

        def told(packet: bytes) -> Any:
            header, kept = read(packet)
            return msgspec.structs.replace(header, digest=""), kept

        return packets, told

    patch.setattr(application, "cut", without_digest)


def memory_outlives_the_log(patch: pytest.MonkeyPatch) -> None:
    """What was taken in is answered as known, though the log has lost it since."""
    patch.setattr(MemoryLog, "connection", (0, True))


CLOCKS = frozenset({"clock moves"})
FEW, FRAMES = frozenset({"frame"}), 60
"""Acts that always happen, and how many steps a seed has here: enough for the acts that reach a fault."""
TAKEN_BACK: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], Set[str]]] = {
    "A1-clocks": (clocks_are_always_the_gateways, CLOCKS),
    "A1-memory": (memory_stays_in_the_future, {"clock moves", "silence"}),
    "A1-past": (what_was_said_of_the_past_is_forgotten, CLOCKS),
    "A1-again": (every_packet_says_where_its_gateway_stands, CLOCKS),
    "A1-start": (where_gateways_stand_is_forgotten, CLOCKS),
    "A2-compare": (the_log_is_never_compared, {"copy of the log", "older log put back"}),
    "A2-again": (reading_again_is_forgotten, {"copy of the log", "older log put back, kills"}),
    "A2-judged": (samples_of_before_an_alarm_count, {"copy of the log", "older log put back", "saved state gone"}),
    "A3": (rows_count_what_came, {"kill", "log down", "answer lost", "check of history"}),
    "A4": (record_and_memory_are_never_compared, {"registry changed", "saved state damaged", "saved state gone"}),
    "repeat": (memory_outlives_the_log, {"tail cut"}),
    "A12": (an_id_names_a_packet, {"several packets of one id"}),
}
"""The mend that is taken back, and the acts beside frames that a seed is drawn from."""


@pytest.mark.parametrize("mend", TAKEN_BACK)
def test_a_mend_that_is_taken_back_is_found(mend: str, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    take_back, acts = TAKEN_BACK[mend]

    def steps(seed: int) -> list[Step]:
        return steps_of(seed, {*FEW, *acts}, FRAMES, often=acts if acts is CLOCKS else ())

    whole = violation(steps(0), play)
    assert whole is None, str(whole)
    take_back(monkeypatch)
    for seed in range(WITHIN):
        if (found := violation(steps(seed), play)) is not None:
            print(f"{mend}: found by seed {seed} after {found.steps} steps: {str(found).splitlines()[0]}", flush=True)
            return
    pytest.fail(f"{WITHIN} seeds do not find it")
