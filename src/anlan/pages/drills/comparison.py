"""A finished run as the page shows it: rows grouped by day, names for ids, and how many rows agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.lessons import FAULTS, KINDS, MARKS
from anlan.rules import calendar
from anlan.rules.level import Level


@dataclass(frozen=True)
class ComparedLine:
    """One demand beside what was sent; either side may be empty."""

    kind: str
    step: int | None
    level: str
    source: str
    article: str
    should_at: datetime | None
    should_to: list[str]
    due: datetime | None
    """The hour that a report has, where it differs from ``should_at``."""
    at: datetime | None
    to: list[str]
    mark: str
    fault: bool
    remark: str

    @property
    def same(self) -> bool:
        return self.mark == MARKS["on_time"]

    @property
    def same_to(self) -> bool:
        return self.to == self.should_to


@dataclass
class ComparedDay:
    title: str
    lines: list[ComparedLine] = field(default_factory=list)


@dataclass
class Comparison:
    """The whole run: its days, and how often each mark stands."""

    days: list[ComparedDay]
    demands: int
    counts: list[tuple[str, int]]
    faults: int


def comparison(result: dict[str, Any]) -> Comparison:
    """Of what ``anlan drill --beside --json`` printed."""
    names = result["names"]
    days: list[ComparedDay] = []
    for row in result["rows"]:
        line = _line(row, names)
        at = line.should_at or line.at
        if at is None:
            raise ValueError(f"a row of a comparison names no instant: {row}")
        shown = calendar.civil(at)
        title = f"{shown.year}-{shown.month:02d}-{shown.day:02d}"
        if not days or days[-1].title != title:
            days.append(ComparedDay(title))
        days[-1].lines.append(line)
    marks = [row["mark"] for row in result["rows"]]
    return Comparison(
        days=days,
        demands=sum(1 for row in result["rows"] if row["should_at"]),
        counts=[(words, marks.count(mark)) for mark, words in MARKS.items() if mark in marks],
        faults=sum(1 for mark in marks if mark in FAULTS),
    )


def _line(row: dict[str, Any], names: dict[str, str]) -> ComparedLine:
    def called(ids: list[str]) -> list[str]:
        return [names.get(each, each) for each in ids]

    remarks = [row[key] for key in ("by", "reason") if row.get(key)]
    remarks += ["自动确认"] if row.get("automatic") else []
    should_at, due = _instant(row["should_at"]), _instant(row["due"])
    return ComparedLine(
        kind=KINDS[row["kind"]],
        step=row["step"],
        level=Level(row["level"]).colour,
        source=names.get(row["source"], row["source"]),
        article=row["article"],
        should_at=should_at,
        should_to=called(row["should_to"]),
        due=due if row["kind"] == "report_due" else None,
        at=_instant(row["at"]),
        to=called(row["to"]),
        mark=MARKS[row["mark"]],
        fault=row["mark"] in FAULTS,
        remark="，".join(remarks),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
