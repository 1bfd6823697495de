"""What an import would do, or did: figures by sheet, and the rows that matter, as plain values to be kept and shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from anlan.apps.enrolment.reading import Row
from anlan.apps.enrolment.sheets import SHEETS

NEW, CHANGED, ASKED, UNCHANGED, REFUSED = "new", "changed", "asked", "unchanged", "refused"
WORDS = {NEW: "新增", CHANGED: "修改", ASKED: "申请修改", UNCHANGED: "不变", REFUSED: "退回"}
"""``ASKED``: the enterprise may not change it by itself; its county or park decides."""
SHOWN = 500
"""Rows that are kept one by one; the figures count them all."""


@dataclass
class Report:
    """``rows`` are those that are refused, then new and changed ones, each with its sheet, line, state and details.

    ``removed`` counts what an empty cell takes away, ``notes`` say what of the file was left out.
    """

    sheets: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    removed: int = 0
    more: int = 0

    def add(self, row: Row, state: str, details: list[dict[str, str]]) -> None:
        counts = self.sheets.setdefault(row.sheet.title, dict.fromkeys(WORDS, 0))
        counts[state] += 1
        if state != REFUSED:
            self.removed += sum("removed" in each for each in details)
        if state != UNCHANGED:
            named = [(row.sheet.column(key), row.values.get(key)) for key in row.sheet.keys]
            name = "、".join(str(column.show(value)) for column, value in named if value)
            shown = {"sheet": row.sheet.title, "line": row.line, "name": name, "state": state, "details": details}
            self.rows.append(shown)

    def total(self, state: str) -> int:
        return sum(counts[state] for counts in self.sheets.values())

    def plain(self) -> dict[str, Any]:
        """For storing, cut at `SHOWN`: refused rows first, then those that remove a limit, in the file's order."""
        order = {sheet.title: place for place, sheet in enumerate(SHEETS)}
        self.rows.sort(key=lambda row: (_rank(row), order[row["sheet"]], row["line"]))
        whole = asdict(self)
        whole["sheets"] = sorted(([title, counts] for title, counts in self.sheets.items()), key=lambda e: order[e[0]])
        whole["more"] = max(0, len(self.rows) - SHOWN)
        whole["rows"] = self.rows[:SHOWN]
        whole["totals"] = {state: self.total(state) for state in WORDS}
        return whole


def _rank(row: dict[str, Any]) -> int:
    if row["state"] == REFUSED:
        return 0
    return 1 if any("removed" in each for each in row["details"]) else 2
