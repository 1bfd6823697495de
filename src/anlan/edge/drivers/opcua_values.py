"""What a server states of one node, as a measurement: number, quality and time.

A source's time is believed within reason. 1601 is how OPC UA writes "none"; 1970 and 2000 are what devices say that
lost theirs; a clock in the wrong zone is hours off. Whatever nobody can mean is replaced by the server's time, or by
ours when that is no better, the value is uncertain, and it is told: passed on, such a time would freeze the point or
make it the first of everything.
"""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta

from asyncua import ua

from anlan.edge.scan import Quality
from anlan.now import Clock

AHEAD = timedelta(seconds=60)
"""So far may a time lie ahead of ours; the centre has the same measure (`SOURCE_TIME_TOLERANCE_US`)."""
BEHIND = timedelta(hours=1)
"""A *new* value may have been sampled so long ago (本地设定)."""
OLDEST = timedelta(days=30)
"""And a value that stands since before the connection so long; the centre takes nothing that is older."""
_NULL = datetime(1602, 1, 1, tzinfo=UTC)


class SourceTimes:
    """The times of one session's points, and the points whose source time is not believed now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spoken: set[str] = set()
        self.doubted: set[str] = set()

    def of(self, code: str, stated: ua.DataValue, *, as_of_server: bool = False) -> tuple[datetime, bool]:
        """When the value was sampled, and whether that is what the source itself says or leaves out. ``as_of_server``:
        the answer to a read, which confirms the value as of the server's time."""
        now = self._clock.now()
        server, source = _known(stated.ServerTimestamp), _known(stated.SourceTimestamp)
        first = code not in self._spoken
        self._spoken.add(code)
        believed = True
        if server is not None and not -BEHIND <= server - now <= AHEAD:
            server, believed = None, False
        if as_of_server or source is None:
            at = server or now
        elif source - now > AHEAD or now - source > (OLDEST if first else BEHIND):
            at, believed = server or now, False
        else:
            at, believed = source, True
        (self.doubted.discard if believed else self.doubted.add)(code)
        return at, believed


def _known(stamp: datetime | None) -> datetime | None:
    if stamp is None:
        return None
    # asyncua gives UTC either naive or aware, by version
    aware = stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
    return aware if aware >= _NULL else None


def quality_of(status: ua.StatusCode | None) -> Quality:
    """OPC UA severity (the two highest bits) → quality."""
    severity = 0 if status is None else status.value >> 30
    return (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.BAD)[severity]


def number_of(stated: ua.DataValue) -> float | None:
    """The value as a number; switches are 0 and 1; anything else is no measurement.

    A 32-bit number is the shortest decimal that reads back as it: the instrument's 1.55 is 1.55, not 1.5499999523.
    """
    variant = stated.Value
    if variant is None:
        return None
    value = variant.Value
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return single(number) if variant.VariantType == ua.VariantType.Float else number


def single(number: float) -> float:
    """The shortest decimal of a 32-bit number; one that 32 bits do not hold stays as it is."""
    if not math.isfinite(number):
        return number
    for digits in range(6, 10):
        short = float(f"{number:.{digits}g}")
        try:
            if struct.unpack("<f", struct.pack("<f", short))[0] == number:
                return short
        except OverflowError:
            continue
    return number
