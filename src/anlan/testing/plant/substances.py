"""Vapour pressure of what the demo plants store under pressure (Antoine's equation, published constants)."""

from __future__ import annotations

from collections.abc import Mapping

_MMHG_TO_MPA = 133.322e-6

# log10 p[mmHg] = A - B / (C + t[℃])
_ANTOINE: Mapping[str, tuple[float, float, float]] = {
    "ammonia": (7.36050, 926.132, 240.17),
    "chlorine": (6.93790, 861.340, 246.33),
    "vinyl chloride": (6.49712, 783.400, 230.00),
    "propane": (6.80398, 803.810, 246.99),
    "butane": (6.80896, 935.860, 238.73),
}

# Mole fractions of the liquid; partial pressures add (Raoult).
_LIQUIDS: Mapping[str, Mapping[str, float]] = {
    "液氨": {"ammonia": 1.0},
    "液氯": {"chlorine": 1.0},
    "氯乙烯": {"vinyl chloride": 1.0},
    "液化石油气": {"propane": 0.5, "butane": 0.5},
    "丙烷": {"propane": 1.0},
    "丁烷": {"butane": 1.0},
}
ATMOSPHERE_MPA = 0.101325


def vapour_gauge_mpa(medium: str, celsius: float) -> float:
    """Gauge pressure over the boiling liquid, MPa, never below zero; an unknown medium behaves like liquefied gas."""
    liquid = _LIQUIDS.get(medium, _LIQUIDS["液化石油气"])
    absolute = 0.0
    for name, fraction in liquid.items():
        a, b, c = _ANTOINE[name]
        absolute += fraction * 10 ** (a - b / (c + celsius)) * _MMHG_TO_MPA
    return max(0.0, absolute - ATMOSPHERE_MPA)
