"""Whether everything that must be connected is (数据质量管理办法 第四条; MON-01, DQ-02).

All major hazard sources and all combustible and toxic gas points of the plant: what is declared and not connected is
named, one by one. A point switched off without a confirmed filing is not connected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from anlan.rules.ratio import Ratio


@dataclass(frozen=True, slots=True)
class ClassCoverage:
    """Coverage of one class of things: how many of the declared are connected, and the names of the others."""

    ratio: Ratio
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of an enterprise, by class."""

    sources: ClassCoverage
    gas_points: ClassCoverage

    @property
    def headline(self) -> Ratio:
        """The worse of the classes: a full class never hides a gap in the other."""
        known = [part.ratio for part in (self.sources, self.gas_points) if part.ratio.whole]
        return min(known, key=lambda ratio: ratio.value or Fraction(0), default=Ratio(0, 0))

    @property
    def missing(self) -> tuple[str, ...]:
        """Every missing name; each is one quality finding."""
        return self.sources.missing + self.gas_points.missing


def coverage(
    declared_sources: Iterable[str],
    connected_sources: Iterable[str],
    declared_gas_points: Iterable[str],
    connected_gas_points: Iterable[str],
) -> Coverage:
    """Compare what is declared with what is connected. Connected things that nobody declared do not count."""
    return Coverage(_class(declared_sources, connected_sources), _class(declared_gas_points, connected_gas_points))


def _class(declared: Iterable[str], connected: Iterable[str]) -> ClassCoverage:
    names, there = set(declared), set(connected)
    return ClassCoverage(Ratio(len(names & there), len(names)), tuple(sorted(names - there)))
