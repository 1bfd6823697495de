"""The grade of routine supervision: 特别管控, 重点关注, 一般监管 (MON-17); never a warning level (Q-01).

The notices ask for supervision by grade and give no method: which circumstances lead to which grade is a local setting.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from anlan.rules.rulebook import RulesInForce


class SupervisionGrade(StrEnum):
    """How closely an enterprise is watched. Never converted from or into a warning colour."""

    SPECIAL = "special"
    FOCUS = "focus"
    GENERAL = "general"

    @property
    def words(self) -> str:
        return {"special": "特别管控", "focus": "重点关注", "general": "一般监管"}[self.value]


class Circumstance(StrEnum):
    """What can lift the grade; the names are those of the settings."""

    LARGER_WARNING = "larger_warning"
    MAJOR_HIDDEN_DANGER = "major_hidden_danger"
    OVERDUE_DUTY = "overdue_duty"


@dataclass(frozen=True, slots=True)
class Graded:
    """The grade with its cause, in words; empty for 一般监管."""

    grade: SupervisionGrade
    cause: str


def supervision_grade(found: Collection[Circumstance], rules: RulesInForce) -> Graded:
    """The grade of an enterprise from what was found about it today."""
    for grade, key in (
        (SupervisionGrade.SPECIAL, "supervision_special"),
        (SupervisionGrade.FOCUS, "supervision_focus"),
    ):
        entry = rules.entry(key)
        met = [name for name in rules.names(key) if name in set(found)]
        if met:
            return Graded(grade, "、".join(entry.words.get(name, name) for name in met))
    return Graded(SupervisionGrade.GENERAL, "")
