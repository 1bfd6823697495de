"""Everything that pages read of a warning passes the guard of `org.scope`."""

from __future__ import annotations

import pytest
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery import selectors as delivery
from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations import services as due
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import EVERYTHING, Scope, guard
from anlan.apps.warnings import selectors
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Warning
from anlan.rules.calendar import day_of
from anlan.rules.metrics import HANDLING_METRICS, HandlingFacts

DAY = day_of(at("08:00").date())


@pytest.mark.django_db
def test_selectors_for_pages_say_for_whom_they_read() -> None:
    from anlan.drill.world import build

    world = build(scenario())
    source = world.sources["s1"]
    raised = warnings.set_level(source, "red", at=at("08:00"))
    assert raised is not None
    due.run_due(at("10:00"))
    person = world.person(source.enterprise, "甲")
    county = Scope(agency_paths=(Agency.objects.by_the_machine().get(code="sx").path,), person_id=person.pk)
    with guard():
        warning = Warning.objects.visible_to(county).select_related("source", "enterprise").get()
        assert len(selectors.timeline(warning, at("10:01"))) > 3
        assert len(selectors.recipients_table(warning)) == 7
        assert selectors.next_step(warning, at("10:01")) is not None
        assert [task.kind for task in selectors.todo_for(county, person, at("10:01"))] == ["confirm", "answer"]
        assert selectors.open_warnings(county).count() == 1
        assert selectors.open_site_orders(county).count() == 1
        assert selectors.level_counts(county)["red"] == 1
        assert selectors.handling_facts(county, DAY, at("10:01"))[source.enterprise_id].warnings == 1
        assert len(selectors.never_opened_by_tracker(county, at("10:01"))) == 1
        assert delivery.inbox(county).count() >= 1
        assert obligations.pending(county).count() >= 1
        assert list(obligations.due_between(county, at("10:00"), at("11:00"), ["notice"]))


@pytest.mark.django_db
def test_each_figure_is_told_by_the_one_list_that_it_opens() -> None:
    from anlan.drill.world import build

    source = build(scenario()).sources["s1"]
    warnings.set_level(source, "red", at=at("08:00"))
    due.run_due(at("10:00"))
    warnings.set_level(source, "blue", at=at("10:01"))
    every = HandlingFacts.total(selectors.handling_facts(EVERYTHING, DAY, at("12:00")).values())
    assert (every.warnings, every.downgrades, every.downgrade_us) == (1, 1, 121 * 60_000_000)
    for metric in HANDLING_METRICS.values():
        told = HandlingFacts.total(selectors.handling_facts(EVERYTHING, DAY, at("12:00"), {metric.drills_to}).values())
        assert metric.compute(told) == metric.compute(every), metric.id
