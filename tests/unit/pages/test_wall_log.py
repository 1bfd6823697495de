"""The wall's log says what happened, with a verb; what the wall has no room for is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests import neighbours
from tests.hats import staff
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.warnings import services
from anlan.apps.warnings.models import Origin, Warning
from anlan.pages.overview import log
from anlan.pages.overview.views import beyond

pytestmark = pytest.mark.django_db


@pytest.mark.case("F5")
def test_every_line_says_who_did_what_and_the_rest_is_counted_by_level() -> None:
    world: World = neighbours.build(clock.now(), warn=False)
    Alarm.objects.by_the_machine().update(state=AlarmState.CLEARED, cleared_at=world.now)
    plant = world.plants["a1"]
    scope = world.users["county"].scope(clock.now())
    for level, minutes in (("yellow", 40), ("red", 30), ("orange", 20)):
        at = clock.now() - timedelta(minutes=minutes)
        services.set_level(plant.source, level, at=at, origin=Origin.LOADED, reasons=[{"title": "示例：高高报"}])
    warning = Warning.objects.by_the_machine().get(source=plant.source)
    world.client("holder").post(f"/warnings/{warning.number}/confirm/")
    said = [line.words.split(" ")[-1] for line in log.lines(scope)]
    assert "发生高高报" in said
    assert [verb for verb in said if "报" not in verb] == ["确认预警", "降为橙色预警", "升为红色预警", "发布黄色预警"]
    assert beyond(scope, 0).levels == [("橙", 1)]
    assert (beyond(scope, 0).total, beyond(scope, 1).total) == (1, 0)
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    assert log.lines(scope)[0].words.endswith("消警")
    rest = beyond(scope, 0)
    assert (rest.total, rest.levels, rest.over) == (1, [], 1)
