"""Numbers that a control system writes when it has none: -9999 of a broken transmitter, 32767 of a dead card.

Named in the configuration, they are bad samples without a value; not named, they are measurements, and alarm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from anlan.edge.table import ConfigError, Table


@dataclass(frozen=True)
class Missing:
    """``every``: the signs of all points of a source; ``of``: by point code, those that count for it besides."""

    every: frozenset[float] = frozenset()
    of: Mapping[str, frozenset[float]] = field(default_factory=dict)

    def is_sign(self, code: str, value: float) -> bool:
        """Whether this number of this point says that there is none."""
        return value in self.every or value in self.of.get(code, ())


def missing_numbers(options: Table) -> frozenset[float]:
    """Read ``missing = [-9999, 32767]`` of a driver section; raises `ConfigError`."""
    return frozenset(_number(value, f"{options.place} missing") for value in options.items("missing"))


def numbers_in(text: str, place: str) -> frozenset[float]:
    """Read a cell with one or more numbers, separated by blanks or semicolons; raises `ConfigError`."""
    found = set()
    for word in re.split(r"[;；\s]+", text.strip()):
        try:
            found.add(_number(float(word), f"{place}的 missing"))
        except ValueError as error:
            raise ConfigError(f"{place}的 missing 要写成数字，几个之间用分号") from error
    return frozenset(found)


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{place} 要写成数字的列表")
    return float(value)
