"""Two administrators enter rules at the same moment, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connections
from tests.acceptance.worlds import at, scenario
from tests.hats import machine

from anlan.apps.journal.models import Entry
from anlan.apps.journal.services import broken
from anlan.apps.org.models import Agency
from anlan.apps.rulebook import selectors, services
from anlan.apps.rulebook.models import Refinement
from anlan.drill.world import build
from anlan.refused import Refused
from anlan.rules.rulebook import Override

pytestmark = pytest.mark.django_db(transaction=True)
QUOTA = "spot_check.county.daily"
DAY = date(2024, 6, 1)


def enter(code: str, value: int) -> str:
    """What came of it: the reason of a refusal, or empty."""
    agency = Agency.objects.by_the_machine().get(code=code)
    try:
        services.refine(
            agency, Override(QUOTA, value, agency.code, DAY, document="甲"), by=machine(agency), at=at("10:00")
        )
    except Refused as refused:
        return refused.reason
    return ""


def together(*jobs: Callable[[], str]) -> list[str]:
    """Run all jobs at once, each in a thread with connections of its own."""
    line = threading.Barrier(len(jobs))

    def run(job: Callable[[], str]) -> str:
        try:
            line.wait(timeout=30)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_the_same_refinement_from_four_hands_is_entered_once() -> None:
    build(scenario())
    assert together(*[lambda: enter("zz", 7)] * 4) == [""] * 4
    assert Refinement.objects.by_the_machine().count() == 1
    assert Entry.objects.filter(act=services.REFINED).count() == 1


def test_a_city_and_its_county_at_once_leave_what_one_after_the_other_would_have_left() -> None:
    build(scenario())
    city, county = together(lambda: enter("jc", 9), lambda: enter("zz", 7))
    assert city == ""
    assert county in ("", "laxer")  # after the city it is refused, before it it is overtaken
    path = Agency.objects.by_the_machine().get(code="zz").path
    assert selectors.rules_at(path, DAY).number(QUOTA) == 9
    assert not list(broken())
