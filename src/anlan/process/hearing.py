"""Since when a silence is a gateway's own: only while an intake takes packets can anybody be heard.

Every intake says each second that it accepts, and for how long (by a steady clock: a host's time may be set). After a
start, a restart or a gap of ours gateways get `SETTLE_US` to come back; their silence is counted from then. Pure: no
clock, no I/O; moments are those of a steady clock in seconds, instants epoch µs.
"""

from __future__ import annotations

import msgspec

ACCEPTING = "intake.accepting"
"""Subject of an intake's word."""
EVERY_S = 1.0
LOST_S = 4.0
"""An intake that has said nothing for so long takes nothing in."""
PATIENCE_S = 60.0
"""So long after a take-up the first word is waited for: an intake may start later than the engine."""
SETTLE_US = 15_000_000

ALWAYS = -(2**61)
"""Nothing speaks against counting every silence from its beginning."""
DEAF = 2**61
"""Nobody can be heard: no silence counts."""


class Word(msgspec.Struct, frozen=True):
    """What an intake says: who it is (a process), and for how many seconds it has taken packets in."""

    intake: str
    for_s: float


_decode = msgspec.json.Decoder(Word).decode


class Hearing:
    """The intakes that are heard of. ``begin`` at every take-up."""

    def __init__(self) -> None:
        self._words: dict[str, tuple[Word, float]] = {}
        self._begun = 0.0
        self._has_read = False

    def begin(self, moment: float) -> None:
        self._begun, self._has_read = moment, False

    def word(self, payload: bytes, moment: float) -> None:
        """Take an intake's word; what is none is passed over, for it comes from outside of the log."""
        try:
            said = _decode(payload)
        except msgspec.MsgspecError:
            return
        self._words = {key: each for key, each in self._words.items() if moment - each[1] <= LOST_S}
        self._words[said.intake] = (said, moment)

    def read(self) -> None:
        """Records came out of the log since the take-up: somebody took them in."""
        self._has_read = True

    def since_us(self, moment: float, now_us: int) -> int:
        """The instant from which silences count: `DEAF` while no intake is there, `ALWAYS` where none ever spoke.

        ``now_us``: the present, by the clock that silences are measured with.
        """
        alive = [word.for_s + moment - said for word, said in self._words.values() if moment - said <= LOST_S]
        if alive:
            return now_us - round(max(alive) * 1_000_000) + SETTLE_US
        if self._words or (not self._has_read and moment - self._begun < PATIENCE_S):
            return DEAF
        return ALWAYS
