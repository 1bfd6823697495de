"""What must follow from the ledger: a slow, obvious model of limit alarms without delays."""

from __future__ import annotations

from dataclasses import dataclass

from tests.chaos.register import HIGH, HIGH_HIGH


@dataclass(frozen=True)
class Excursion:
    """One alarm of one point; instants in milliseconds; ``ended`` None while it lasts."""

    point: str
    began: int
    ended: int | None
    worst: str
    extreme: float


def excursions(point: str, samples: dict[int, float]) -> list[Excursion]:
    """The alarms of a point, from all its samples in order: up at 高限, down below it, 高高 when that was passed."""
    found: list[Excursion] = []
    began: int | None = None
    peak = 0.0
    for at, value in sorted(samples.items()):
        if began is None and value >= HIGH:
            began, peak = at, value
        elif began is not None and value >= HIGH:
            peak = max(peak, value)
        elif began is not None:
            found.append(_excursion(point, began, at, peak))
            began = None
    if began is not None:
        found.append(_excursion(point, began, None, peak))
    return found


def _excursion(point: str, began: int, ended: int | None, peak: float) -> Excursion:
    return Excursion(point, began, ended, "HH" if peak >= HIGH_HIGH else "H", peak)
