"""A page that refreshes itself answers its living part to that, and no cache takes one for the other."""

from __future__ import annotations

import pytest
from django.urls import reverse
from tests import neighbours

from anlan import now

LIVING = [
    "overview",
    "wall",
    "todo",
    "warnings",
    "alarms",
    "points",
    "enterprises",
    "findings",
    "clues",
    "rulebook",
    "operations",
]
ONCE = ["retrospectives"]


@pytest.mark.django_db
def test_a_refresh_gets_the_living_part_and_caches_keep_it_apart() -> None:
    client = neighbours.build(now.now()).client("county")
    for address in map(reverse, LIVING):
        whole, part = client.get(address), client.get(address, headers={"HX-Request": "true"})
        assert whole.status_code == part.status_code == 200, address
        assert "<html" in whole.content.decode(), address
        assert "<html" not in part.content.decode(), address
        assert all("HX-Request" in answer.headers["Vary"] for answer in (whole, part)), address


@pytest.mark.django_db
def test_a_page_without_a_living_part_is_always_whole() -> None:
    client = neighbours.build(now.now()).client("county")
    for address in map(reverse, ONCE):
        assert "<html" in client.get(address, headers={"HX-Request": "true"}).content.decode(), address
