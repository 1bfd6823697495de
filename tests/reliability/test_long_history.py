"""Scenario 29, history: a week of 100 000 points; what a page asks and opens is what it shows, not what there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from anlan import now as clock
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.history.models import Block, Grain, Rollup
from anlan.apps.history.selectors import samples_count, stored
from anlan.apps.history.selectors.newest import newest_frames, stored_until
from anlan.apps.history.services import Batch, Piece, compact_hour, hours_to_compact, write
from anlan.database import bulk
from anlan.rules.calendar import civil_day, midnight
from anlan.stream.blocks import encode
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable
from anlan.stream.rollup import roll_up
from anlan.testing import national

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SIZES = (national.Size(2, 2, 2, 10, 100, 20, 1), national.Size(4, 5, 5, 1_000, 100, 2_500, 1))
"""A thousand points and a hundred thousand, a hundred behind each gateway."""
DAYS, HOURS = 7, 7 * 24
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many roll-ups and blocks have been opened."""
    counts = {"rollups": 0, "blocks": 0}

    def counting(kind: str, work: Any) -> Any:
        def count(*given: Any) -> Any:
            counts[kind] += 1
            return work(*given)

        return count

    monkeypatch.setattr(stored, "read_table", counting("rollups", stored.read_table))
    monkeypatch.setattr(stored, "read", counting("blocks", stored.read))
    return counts


def week_of(gateway: str, enterprise: str, end: datetime) -> tuple[bytes, bytes]:
    """A sample a minute of all points of a gateway, written and compacted as the historian does it.

    Returns a block and a roll-up of this gateway with one frame, small ones.
    """
    table = PointTable([spec for spec in point_specs() if spec.gateway == gateway])
    rows = table.rows_of(gateway)
    start = round((end - timedelta(days=DAYS)).timestamp()) * 1_000_000
    good = np.zeros(len(rows), np.uint8)
    pieces = []
    for minute in range(DAYS * 24 * 60):
        at = start + minute * MINUTE_US
        value = np.round(50 + 30 * np.sin(minute / 200 + np.arange(len(rows))), 2)
        frame = Frame(gateway, at, at + 900_000, rows, value, good, np.full(len(rows), at), [], 0, True)
        pieces.append(Piece(gateway, enterprise, at, minute + 1, len(rows), encode(gateway, [frame], table)))
    write(Batch(pieces), lambda: None)
    for hour in range(HOURS):
        assert compact_hour(gateway, start + hour * HOUR_US) == 60
    return pieces[0].body, roll_up(pieces[0].body)


def surroundings(gateways: list[tuple[str, str]], end: datetime, block: bytes, rollup: bytes) -> None:
    """Compacted hours of the week of all other gateways: rows and indexes in full number, bodies small and another's.

    None of them is for any page here to open; who opens one finds no point of its gateway in it.
    """
    start = round((end - timedelta(days=DAYS)).timestamp()) * 1_000_000
    for hour in range(HOURS):
        at = start + hour * HOUR_US
        bulk.insert(
            [
                bulk.fresh(
                    Block, gateway=gateway, enterprise=enterprise, grain=Grain.HOUR, start_us=at, part=1,
                    samples=72_000, body=block,
                )
                for gateway, enterprise in gateways
            ]
        )  # fmt: skip
        bulk.insert(
            [bulk.fresh(Rollup, gateway=gateway, start_us=at, body=rollup) for gateway, _enterprise in gateways]
        )


@pytest.mark.reliability(29)
@pytest.mark.parametrize("size", SIZES, ids=["thousand", "hundred-thousand"])
def test_a_week_of_history_is_read_by_what_is_shown(size: national.Size, opened: dict[str, int]) -> None:
    now = clock.now()
    end = midnight(civil_day(now))  # seven whole civil days
    country = national.registry(now - timedelta(days=8), size)
    codes = {spec.gateway: spec.enterprise for spec in point_specs()}
    watched, *others = sorted(codes.items())
    surroundings(others, end, *week_of(*watched, end))
    assert Block.objects.count() == Rollup.objects.count() == len(codes) * HOURS
    mine = [spec.code for spec in point_specs() if spec.gateway == watched[0]]

    client = Client()
    client.force_login(country.users["ministry"], backend="django.contrib.auth.backends.ModelBackend")
    week = {"from": (end - timedelta(days=DAYS)).isoformat(), "to": end.isoformat()}
    day = {"from": (end - timedelta(days=1)).isoformat(), "to": end.isoformat()}
    hour = {"from": (end - timedelta(hours=1)).isoformat(), "to": end.isoformat()}
    first, last = civil_day(end - timedelta(days=DAYS)), civil_day(end - timedelta(days=1))
    dates = {"from": first.isoformat(), "to": last.isoformat()}
    api = "/api/v1/points"
    # address, its query, questions to history, roll-ups opened, blocks opened
    reads: tuple[tuple[str, dict[str, Any], int, int, int], ...] = (
        (f"{api}/{mine[0]}/trend", week | {"buckets": 600}, 3, HOURS, 0),
        (f"{api}/{mine[0]}/trend", day | {"buckets": 600}, 3, 24, 0),
        (f"{api}/{mine[0]}/trend", hour | {"buckets": 600}, 4, 0, 1),
        (f"{api}/trends", week | {"points": ",".join(mine), "buckets": 300}, 3, HOURS, 0),
        (f"{api}/statistics", dates | {"points": ",".join(mine)}, 2, HOURS, 0),
        (f"{api}/{mine[0]}/samples", day, 4, 0, 24),
        # lists, rankings and reports ask nothing of history, however much of it there is
        ("/", {}, 0, 0, 0),
        ("/points/", {}, 0, 0, 0),
        (f"/points/{mine[0]}/", {"range": "7d"}, 0, 0, 0),
        ("/points/trends/", {"range": "7d"}, 0, 0, 0),
        ("/statistics/", {"table": "daily"}, 0, 0, 0),
        ("/alarms/performance/", {}, 0, 0, 0),
    )
    wrong = {}
    for address, query, *allowed in reads:
        client.get(address, query)  # what is asked once a process
        opened.update(rollups=0, blocks=0)
        with CaptureQueriesContext(connections["history"]) as questions:
            answer = client.get(address, query)
        assert answer.status_code == 200, (address, answer.content[:300])
        found = [len(questions), opened["rollups"], opened["blocks"]]
        if found != allowed:
            wrong[address, *query.items()] = {"allowed": allowed, "found": found}
    assert not wrong, "questions to history, roll-ups opened, blocks opened"

    shown = client.get(f"{api}/{mine[0]}/trend", week | {"buckets": 600}).json()
    assert shown["summary"]["count"] == DAYS * 24 * 60
    counted = client.get(f"{api}/statistics", dates | {"points": mine[0]}).json()["items"][0]["days"]
    assert [each["minutes"] for each in counted] == [24 * 60] * DAYS


@pytest.mark.reliability(29)
def test_counts_and_the_machines_own_looks_open_nothing(opened: dict[str, int]) -> None:
    now = clock.now()
    end = midnight(civil_day(now))
    national.registry(now - timedelta(days=8), SIZES[0])
    codes = sorted({spec.gateway: spec.enterprise for spec in point_specs()}.items())
    (gateway, enterprise), *others = codes
    surroundings(others, end, *week_of(gateway, enterprise, end))
    day = (end - timedelta(days=1), end)
    with CaptureQueriesContext(connections["history"]) as questions:
        assert samples_count(*day, enterprise=enterprise) == 24 * 60 * 100
        assert samples_count(*day) == 24 * (60 * 100 + len(others) * 72_000)
        assert stored_until([name for name, _ in codes]) == {name: end for name, _ in codes}
        assert not hours_to_compact(round(now.timestamp() * 1e6))
    assert len(questions) == 4
    with CaptureQueriesContext(connections["history"]) as questions:
        assert len(newest_frames([gateway])) == 1
    assert len(questions) == 1
    assert opened == {"rollups": 0, "blocks": 0}
