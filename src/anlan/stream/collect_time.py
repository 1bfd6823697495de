"""A packet's collect time as epoch microseconds, quickly: packets come in the order of their times, so a minute is
worked out once for all that are collected in it."""

from __future__ import annotations

from functools import lru_cache

from anlan.stream.packet import PacketError, parse_time


def micros(text: str | int) -> int:
    """`parse_time` as whole epoch µs. Raises `PacketError` (bad_time)."""
    word = str(text)
    if 14 <= len(word) <= 20 and word.isascii() and word.isdigit() and word[12] < "6":
        minute = _minute(word[:12])
        if minute is not None:
            return minute + int(word[12:].ljust(8, "0"))  # seconds and µs stand behind one another
    moment = parse_time(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


@lru_cache(maxsize=4096)
def _minute(text: str) -> int | None:
    """Where the minute `yyyyMMddHHmm` begins, epoch µs; None when there is no such minute."""
    try:
        return int(parse_time(text + "00").timestamp()) * 1_000_000
    except PacketError:
        return None
