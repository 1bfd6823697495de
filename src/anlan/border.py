"""Words from outside, read once, where they come in, and within bounds.

A day that Python can hold but that no arithmetic around it can, a digit that is none of 0 to 9, a number of thousands
of digits: whatever passes here can be used everywhere behind without another thought.
"""

from __future__ import annotations

from datetime import date, datetime

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""What this system may be asked about. Every time zone and every period around such a day still has a calendar."""
LONGEST_NUMBER = 18
"""Digits; any number of so many fits into what a database keeps."""


def day(text: str) -> date:
    """The day of ``2024-03-01``. Raises ValueError for anything else, and outside `FIRST_DAY` to `LAST_DAY`."""
    return within(date.fromisoformat(text))


def within(found: date) -> date:
    """The day or instant itself. Raises ValueError outside `FIRST_DAY` to `LAST_DAY`."""
    of = found.date() if isinstance(found, datetime) else found
    if not FIRST_DAY <= of <= LAST_DAY:
        raise ValueError(f"{of} is not within {FIRST_DAY} and {LAST_DAY}")
    return found


def instant(text: str) -> datetime:
    """The instant of an ISO text that names its zone. Raises ValueError for anything else, and outside the bounds."""
    found = datetime.fromisoformat(text)
    if found.utcoffset() is None:
        raise ValueError(f"{text[:40]} names no time zone")
    within(found)
    return found


def number(text: str) -> int | None:
    """The whole number written with the digits 0 to 9 alone, at most `LONGEST_NUMBER` of them; None for all else."""
    fits = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if fits else None
