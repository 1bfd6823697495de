"""Bounds of what a record of the register can mean at all; what is reasonable within them the rules judge."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

Validators = list[MinValueValidator | MaxValueValidator]


def between(low: float, high: float) -> Validators:
    """Validators of a number from ``low`` to ``high``, both included."""
    words = format_lazy(_("须在 {low} 到 {high} 之间"), low=f"{low:.15g}", high=f"{high:.15g}")
    return [MinValueValidator(low, words), MaxValueValidator(high, words)]


LONGITUDE = between(-180, 180)
LATITUDE = between(-90, 90)
PERIOD = between(0.01, 86_400)
"""Seconds between two samples."""
DURATION = between(0, 366 * 86_400)
"""Seconds of a delay: beyond a year it is none."""
QUANTITY = between(-1e12, 1e12)
"""A measured quantity in whatever unit."""
DECIMALS = between(0, 9)
COUNT = between(0, 100_000)
