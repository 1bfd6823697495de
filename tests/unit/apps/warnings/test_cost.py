"""What decisions cost in queries: a batch of steps costs as much as one, and a raise does not grow with recipients."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.acceptance.worlds import at, scenario

from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import services as warnings

pytestmark = pytest.mark.django_db
MOST_FOR_A_RAISE = 23
"""Statements of a red raise with all its rows; more than this is a reason to look, not to raise the number. One of
them asks which alarm stands, so that the message names point, value and limit; the same for steps."""

MOST_FOR_STEPS = 21


@pytest.fixture
def sources() -> list[Any]:
    from anlan.apps.registry.models import HazardSource
    from anlan.drill.world import build

    enterprise = build(scenario()).sources["s1"].enterprise
    return [
        HazardSource.objects.create(code=f"99999{number:07d}", enterprise=enterprise, name=f"库 {number}", level="1")
        for number in range(40)
    ]


def queries(work: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_forty_steps_cost_as_much_as_one(sources: list[Any]) -> None:
    warnings.set_level(sources[0], "red", at=at("08:00"))
    one = queries(lambda: obligations.run_due(at("08:30")))
    for source in sources[1:]:
        warnings.set_level(source, "red", at=at("08:30"))
    forty = queries(lambda: obligations.run_due(at("09:00")))
    assert one <= MOST_FOR_STEPS
    assert forty <= one + 6  # keys of new rows are taken in advance when there are many


def test_a_raise_to_seven_recipients_costs_a_bounded_number_of_statements(sources: list[Any]) -> None:
    warnings.set_level(sources[0], "blue", at=at("07:00"))  # the day's number and the chain are there
    held = sources[0].enterprise.sources.get(name="液氨罐区")
    assert queries(lambda: warnings.set_level(held, "red", at=at("08:00"))) <= MOST_FOR_A_RAISE


def test_looking_when_nothing_is_due_is_one_question(sources: list[Any]) -> None:
    warnings.set_level(sources[0], "red", at=at("08:00"))
    assert queries(lambda: obligations.run_due(at("08:29"))) == 1
