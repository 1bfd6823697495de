"""Lengths of time that the database adds up are exact to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import DateTimeField, F, Sum, Value

from anlan.apps.alarms.selectors.raised import PeriodOf
from anlan.apps.org.models import Region
from anlan.database.lasting import Microseconds

pytestmark = pytest.mark.django_db
START = datetime(2026, 2, 28, 15, 59, 59, 999_999, tzinfo=UTC)
US = timedelta(microseconds=1)


def told(at: datetime, expression: object) -> int:
    """What the database says of an expression of the instant ``at``."""
    rows = Region.objects.annotate(at=Value(at, output_field=DateTimeField()))
    return int(rows.annotate(found=expression).values_list("found", flat=True)[0])


@pytest.mark.parametrize(
    "length", [timedelta(), US, 999_999 * US, timedelta(seconds=1), timedelta(days=400, microseconds=7), -5 * US]
)
@pytest.mark.parametrize("start", [START, START + US, START - timedelta(milliseconds=300)])
def test_every_microsecond_counts(start: datetime, length: timedelta) -> None:
    Region.objects.create(code="990121", name="示例")
    end = Value(start + length, output_field=DateTimeField())
    assert told(start, Microseconds(F("at"), end)) == length // US
    assert told(start, Sum(Microseconds(F("at"), end))) == length // US


def test_nothing_lasts_to_an_empty_instant() -> None:
    Region.objects.create(code="990121", name="示例")
    never = Value(None, output_field=DateTimeField())
    rows = Region.objects.annotate(found=Microseconds(Value(START, output_field=DateTimeField()), never))
    assert rows.values_list("found", flat=True)[0] is None


def test_the_last_microsecond_of_ten_minutes_is_still_of_them() -> None:
    Region.objects.create(code="990121", name="示例")
    assert told(START, PeriodOf("at", 600)) == told(START - timedelta(minutes=9), PeriodOf("at", 600))
    assert told(START + US, PeriodOf("at", 600)) == told(START, PeriodOf("at", 600)) + 1
