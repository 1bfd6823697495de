"""Reads the hand-written timelines beside the scenarios: one line a telling, in the words of the drill.

    03-01 09:00 notice orange s1 #1 -> bg zz due 03-01 08:00 missed 03-01 08:00
    03-01 09:00 .. 03-01 12:00 every 60m notice orange s1 #1 -> bg zz

The year is that of the scenario unless it is given, seconds default to :00, ``due`` to the time itself; ``#`` opens a
line of comment.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from anlan.rules.calendar import CIVIL_ZONE

TIME = r"(?:\d{4}-)?\d\d-\d\d \d\d:\d\d(?::\d\d)?"
LINE = re.compile(
    rf"(?P<at>{TIME})(?: \.\. (?P<until>{TIME}) every (?P<every>\d+)m)? (?P<kind>\w+) (?P<level>\w+) (?P<source>\w+)"
    rf"(?: #(?P<step>\d+))?(?: -> (?P<to>(?:(?!due |missed )\S+ ?)+?))?(?: due (?P<due>{TIME}))?"
    rf"(?: missed (?P<missed>{TIME}(?:,{TIME})*))?(?: (?P<auto>auto))?(?: by (?P<by>\S+))?(?: reason (?P<reason>.+))?"
)


def expected(text: str, year: int) -> list[dict[str, Any]]:
    """The lines that a drill must print, whole. Raises ValueError for a line that does not read."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            match = LINE.fullmatch(line.strip())
            if match is None:
                raise ValueError(f"not a line of a timeline: {line}")
            found += _lines(match, year)
    return found


def _lines(match: re.Match[str], year: int) -> list[dict[str, Any]]:
    at = _instant(match["at"], year)
    until = _instant(match["until"], year) if match["until"] else at
    every = timedelta(minutes=int(match["every"] or 1))
    step = int(match["step"]) if match["step"] else None
    lines = []
    while at <= until:
        due = _instant(match["due"], year) if match["due"] else at
        line = {
            "at": at.isoformat(),
            "kind": match["kind"],
            "level": match["level"],
            "source": match["source"],
            "step": step,
            "to": sorted(match["to"].split()) if match["to"] else [],
            "due": due.isoformat(),
            "late": at > due,
            "missed": [_instant(each, year).isoformat() for each in (match["missed"] or "").split(",") if each],
        }
        if match["auto"]:
            line["automatic"] = True
        line |= {key: match[key] for key in ("by", "reason") if match[key]}
        lines.append(line)
        at, step = at + every, step + 1 if step is not None else None
    return lines


def _instant(text: str, year: int) -> datetime:
    full = text if text.count(":") == 2 else f"{text}:00"
    dated = full if re.match(r"\d{4}-", full) else f"{year}-{full}"
    return datetime.strptime(dated, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CIVIL_ZONE)
