"""The four warning levels and their order (预警信息处置管理办法 第二条).

The same four words grade the risk of a hazard source and of an enterprise. No other scale of the field (`scales`)
converts to or from this one (Q-01), even where a colour or a word sounds alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Level(StrEnum):
    """Warning level: red > orange > yellow > blue > none. Stored and sent as its text; compared by its rank.

    Comparing with a plain string raises `TypeError`: the alphabet would put blue under red but orange under red, too.
    """

    NONE = "none"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """Place in the order, 0 (none) to 4 (red). For ordering only; never stored."""
        return _RANK[self]

    @property
    def colour(self) -> str:
        """红 橙 黄 蓝, or 无."""
        return _COLOUR[self]

    @property
    def risk(self) -> str:
        """重大 较大 一般 低, or 无."""
        return _RISK[self]

    @property
    def warning_name(self) -> str:
        """The warning's full name, as 第二条 has it: 橙色预警（较大风险）."""
        return "无预警" if self is Level.NONE else f"{self.colour}色预警（{self.risk}风险）"

    def at_least(self, other: Level) -> bool:
        """Whether this level is `other` or graver (以上 includes the number, GEN-05)."""
        return self.rank >= other.rank

    def __lt__(self, other: str) -> bool:
        return self.rank < _rank_of(other)

    def __le__(self, other: str) -> bool:
        return self.rank <= _rank_of(other)

    def __gt__(self, other: str) -> bool:
        return self.rank > _rank_of(other)

    def __ge__(self, other: str) -> bool:
        return self.rank >= _rank_of(other)


_RANK = {level: rank for rank, level in enumerate(Level)}
_COLOUR = dict(zip(Level, ("无", "蓝", "黄", "橙", "红"), strict=True))
_RISK = dict(zip(Level, ("无", "低", "一般", "较大", "重大"), strict=True))

WARNING_LEVELS = (Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE)
"""The four levels of a warning, gravest first; `none` is the absence of one."""

LARGER_AND_ABOVE = (Level.RED, Level.ORANGE)
"""较大以上 = 较大及以上 (GEN-05)."""


def _rank_of(other: object) -> int:
    if not isinstance(other, Level):
        raise TypeError(f"a level compares with a level only, not with {other!r}")
    return _RANK[other]


def worst(levels: Iterable[Level]) -> Level:
    """The gravest of the levels; `none` when there are none."""
    return max(levels, key=lambda level: level.rank, default=Level.NONE)
