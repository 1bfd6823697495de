"""Which part of the country a map shows: where most enterprises lie, so that one wrong place does not shrink it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

FENCE = 3.0
"""What lies further out than so many times the spread of the middle half is outside the frame."""
LEAST_DEGREES = 0.5
"""A neighbourhood that is always inside."""
COUNTRY = ((73.0, 136.0), (3.0, 54.0))
"""Longitudes and latitudes of the country, in degrees: what lies beyond is a mistake wherever others are inside."""
FEW = 5
"""Of fewer places none can be told to be far off."""


@dataclass(frozen=True, slots=True)
class MapFrame:
    """Degrees from west to east and from south to north, borders included."""

    west: float
    east: float
    south: float
    north: float

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a place lies inside."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north


def frame_of(places: Sequence[tuple[float, float]]) -> MapFrame:
    """The frame around places (longitude, latitude; at least one) that are not far off the others."""
    inside = [place for place in places if _in_country(place)] or list(places)
    longitudes, latitudes = ([place[axis] for place in inside] for axis in (0, 1))
    (west, east), (south, north) = _fence(longitudes), _fence(latitudes)
    near = [(x, y) for x, y in inside if west <= x <= east and south <= y <= north]
    near = near or inside
    return MapFrame(min(x for x, _ in near), max(x for x, _ in near), min(y for _, y in near), max(y for _, y in near))


def _in_country(place: tuple[float, float]) -> bool:
    return all(low <= value <= high for value, (low, high) in zip(place, COUNTRY, strict=True))


def _fence(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < FEW:
        return min(values), max(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    reach = max(FENCE * (high - low), LEAST_DEGREES)
    return low - reach, high + reach
