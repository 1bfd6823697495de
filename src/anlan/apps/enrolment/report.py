"""What an import would do, or did: figures by sheet, and the rows that matter, as plain values to be kept and shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.enrolment.workbook import Row

NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"
WORDS = {NEW: "新增", CHANGED: "修改", UNCHANGED: "不变", REFUSED: "退回"}
SHOWN = 500
"""Rows that are kept one by one; the figures count them all."""


@dataclass
class Report:
    """``rows`` are those that are refused, then new and changed ones, each with its sheet, line, state and details."""

    sheets: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0

    def add(self, row: Row, state: str, details: list[dict[str, str]]) -> None:
        counts = self.sheets.setdefault(row.sheet.title, dict.fromkeys(WORDS, 0))
        counts[state] += 1
        if state != UNCHANGED:
            named = [(row.sheet.column(key), row.values.get(key)) for key in row.sheet.keys]
            name = "、".join(str(column.show(value)) for column, value in named if value)
            shown = {"sheet": row.sheet.title, "line": row.line, "name": name, "state": state, "details": details}
            self.rows.append(shown)

    def total(self, state: str) -> int:
        return sum(counts[state] for counts in self.sheets.values())

    def plain(self) -> dict[str, Any]:
        """For storing: refused rows first, each group in the order of the workbook, cut at `SHOWN`."""
        order = {sheet.title: place for place, sheet in enumerate(SHEETS)}
        self.rows.sort(key=lambda row: (row["state"] != REFUSED, order[row["sheet"]], row["line"]))
        whole = asdict(self)
        whole["sheets"] = sorted(([title, counts] for title, counts in self.sheets.items()), key=lambda e: order[e[0]])
        whole["more"] = max(0, len(self.rows) - SHOWN)
        whole["rows"] = self.rows[:SHOWN]
        whole["totals"] = {state: self.total(state) for state in WORDS}
        return whole
