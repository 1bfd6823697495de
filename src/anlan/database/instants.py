"""Instants of the database and epoch microseconds of the data plane, each exactly the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """An aware instant as whole epoch microseconds."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def instant(us: int) -> datetime:
    """Epoch microseconds as an aware instant, exactly."""
    return EPOCH + timedelta(microseconds=us)
