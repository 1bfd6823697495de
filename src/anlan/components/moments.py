"""Days and instants that people type, in the civil clock and within the bounds of `anlan.border`."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from anlan import border


def in_bounds(found: date) -> None:
    """Raises ValidationError for a day or instant that no calculation around it could bear."""
    try:
        border.within(found)
    except ValueError as error:
        raise ValidationError(
            _("年份应在 %(first)s 到 %(last)s 之间"),
            params={"first": border.FIRST_DAY.year, "last": border.LAST_DAY.year},
        ) from error


class Moment(forms.DateTimeField):
    """An instant, typed as day and time."""

    default_validators = [in_bounds]

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **options)


class Day(forms.DateField):
    """A day, typed as such."""

    default_validators = [in_bounds]
