"""Gives each warning its number: ``YJ-<civil day>-<running number of the day>``."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from anlan.apps.warnings.models import DayNumber
from anlan.rules.calendar import civil_day


def next_number(at: datetime) -> str:
    """The next number of the civil day of ``at``, e.g. ``YJ-20240301-0007``; call inside the raising transaction.

    Those who raise at the same instant queue on the day's row; a raise that is undone gives its number back.
    """
    day = civil_day(at)
    of_day = DayNumber.objects.filter(day=day)
    if not of_day.update(last=F("last") + 1):  # the first of the day
        DayNumber.objects.get_or_create(day=day)
        of_day.update(last=F("last") + 1)
    return f"YJ-{day:%Y%m%d}-{of_day.values_list('last', flat=True).get():04d}"
