"""A small world for every test here: two enterprises, one source and six points each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from anlan.testing.sites import Site
from anlan.testing.small_world import build

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon in Beijing on a Monday."""


@pytest.fixture
def world(db: None) -> list[Site]:
    return build(NOON, enterprises=2, points=6)
