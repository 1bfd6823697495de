"""How many questions each list asks the database: written down, and the same for one row as for many.

A new query is a decision: run with ``ANLAN_TEST_RECORD=1`` to write the new figures into `query_counts.json`, and look
at the difference before committing it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.org.models import Region

BASELINES = Path(__file__).with_name("query_counts.json")
LISTS = [
    "/",
    "/wall/",
    "/warnings/",
    "/alarms/",
    "/alarms/?state=shelved",
    "/alarms/shelvings/",
    "/alarms/filings/",
    "/alarms/suppressions/",
    "/alarms/performance/",
    "/statistics/?table=alarms",
    "/statistics/?table=offline",
    "/statistics/offline_minutes/?table=offline",
    "/statistics/link_outages/?table=offline",
    "/enterprises/",
    "/points/",
    "/points/?state=alarm&q=PT",
    "/operations/",
    "/operations/gateways/",
    "/operations/outages/",
    "/operations/clocks/",
    "/operations/channels/",
    "/operations/gaps/",
    "/operations/pauses/",
    "/operations/quarantine/",
    "/findings/",
    "/special-work/",
    "/special-work/works/",
    "/unit-states/",
    "/commitments/weeks/",
    "/clues/",
    "/warnings/neglected/",
    "/statistics/",
    "/statistics/?table=daily",
    "/statistics/notices_sent/",
    "/rulebook/",
    "/rulebook/spot_check.county.daily/",
    "/api/v1/rules",
    "/api/v1/enterprises",
    "/api/v1/alarms",
    "/api/v1/warnings",
    "/api/v1/metrics",
]
DETAILS = {
    "/enterprises/<code>/": lambda world: f"/enterprises/{world.plants['a1'].enterprise.code}/",
    "/alarms/filings/<pk>/": lambda world: f"/alarms/filings/{world.plants['a1'].filing.pk}/",
    "/alarms/suppressions/<pk>/": lambda world: f"/alarms/suppressions/{world.plants['a1'].suppression.pk}/",
    "/points/<code>/": lambda world: f"/points/{world.plants['a1'].point.code}/",
}
MANY = 8


def queries(world: World, path: str) -> int:
    """Questions asked for one page by a logged-in officer whose session is warm."""
    client = world.client("city")
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(path)
    assert response.status_code == 200, path
    return len([each for each in captured.captured_queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def grow(world: World) -> None:
    """Many more enterprises of the same county, each with one of everything."""
    region = Region.objects.get(code="990121")
    for number in range(MANY):
        key, code = f"m{number}", f"9901212{number:02d}"
        world.plants[key] = neighbours.plant(key, code, region, world.agencies["county-a"], world.now)


@pytest.mark.django_db
def test_no_list_asks_more_when_there_are_more_rows_and_none_asks_more_than_written_down() -> None:
    world = neighbours.build(clock.now())
    few = {path: queries(world, path) for path in LISTS}
    few |= {name: queries(world, build(world)) for name, build in DETAILS.items()}
    grow(world)
    many = {path: queries(world, path) for path in LISTS}
    many |= {name: queries(world, build(world)) for name, build in DETAILS.items()}
    grown = {path: (few[path], many[path]) for path in few if many[path] > few[path]}
    assert not grown, f"queries grow with the rows: {grown}"
    if os.environ.get("ANLAN_TEST_RECORD") == "1":
        BASELINES.write_text(json.dumps(many, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    known = json.loads(BASELINES.read_text(encoding="utf-8"))
    assert set(many) == set(known), "record the baselines of new lists with ANLAN_TEST_RECORD=1"
    worse = {path: (known[path], many[path]) for path in many if many[path] > known[path]}
    assert not worse, f"more queries than written down (known, now): {worse}"
