"""The running numbers of warnings."""

from __future__ import annotations

from django.db import models


class DayNumber(models.Model):
    """How many warnings were numbered on a civil day. The row is the lock under which the next number is taken."""

    day = models.DateField(unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.last}"
