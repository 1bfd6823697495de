"""Where the newest row of a gateway begins, asked for many gateways at once."""

from __future__ import annotations

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from anlan.apps.history.models import Block, Grain
from anlan.apps.history.selectors import newest
from anlan.apps.history.selectors.newest import newest_frames

pytestmark = pytest.mark.django_db


def row(gateway: str, grain: Grain, start_us: int) -> Block:
    return Block(gateway=gateway, enterprise="e", grain=grain, start_us=start_us, samples=1, body=b"")


def test_it_is_the_later_of_the_newest_hour_and_the_newest_minute() -> None:
    rows = [row("compacted", Grain.HOUR, 2), row("both", Grain.HOUR, 5), row("both", Grain.MINUTE, 9)]
    rows += [row("both", Grain.MINUTE, 7), row("early", Grain.MINUTE, 0), row("another", Grain.MINUTE, 99)]
    Block.objects.bulk_create(rows)
    asked = ["compacted", "both", "early", "silent"]
    assert newest_frames(asked) == {"compacted": 2, "both": 9, "early": 0}
    assert newest_frames([]) == {}


def test_many_gateways_are_few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "GATEWAYS_AT_ONCE", 4)
    codes = [f"g{number}" for number in range(10)]
    Block.objects.bulk_create(row(code, Grain.HOUR, number) for number, code in enumerate(codes))
    with CaptureQueriesContext(connections["history"]) as questions:
        assert newest_frames(codes) == {code: number for number, code in enumerate(codes)}
    assert len(questions) == 3
