"""The standing calls: whom they reach, what they count, and what ends them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.hats import staff
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.warnings import services
from anlan.apps.warnings.models import Origin, Warning

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """One orange warning at the first plant and nothing else."""
    found = neighbours.build(clock.now(), warn=False)
    Alarm.objects.by_the_machine().update(state=AlarmState.CLEARED, cleared_at=found.now)
    _level(found, "orange", 70)
    return found


def _level(world: World, level: str, minutes: float) -> Warning:
    source = world.plants["a1"].source
    at = clock.now() - timedelta(minutes=minutes)
    services.set_level(source, level, at=at, origin=Origin.LOADED, reasons=[{"title": "示例：高高报"}])
    found: Warning = Warning.objects.by_the_machine().get(source=source)
    return found


def _calls(world: World, who: str) -> dict[str, Any]:
    found: dict[str, Any] = world.client(who).get("/calls/").json()
    return found


@pytest.mark.case("F3")
def test_a_standing_warning_calls_those_who_see_it_and_a_rise_is_a_new_call(world: World) -> None:
    first = _calls(world, "county")
    assert first["gravest"] == {"level": "orange", "word": "橙", "count": 1}
    (call,) = first["calls"]
    assert call["words"] == "橙色 较大"
    assert call["url"] == f"/warnings/{call['number']}/"
    nothing = _calls(world, "stranger")
    assert (nothing["gravest"], nothing["calls"], nothing["more"]) == (None, [], 0)
    _level(world, "red", 1)
    second = _calls(world, "county")
    assert second["gravest"]["word"] == "红"
    assert second["calls"][0]["id"] != call["id"]
    assert second["calls"][0]["number"] == call["number"]


@pytest.mark.case("F3")
def test_who_has_confirmed_is_called_no_more_and_the_count_goes_on(world: World) -> None:
    warning = Warning.objects.by_the_machine().get()
    assert world.client("holder").post(f"/warnings/{warning.number}/confirm/").status_code == 302
    found = _calls(world, "holder")
    assert found["calls"] == []
    assert found["gravest"]["count"] == 1
    assert len(_calls(world, "county")["calls"]) == 1


@pytest.mark.case("F3")
def test_a_clearing_ends_the_call(world: World) -> None:
    warning = Warning.objects.by_the_machine().get()
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    after = _calls(world, "county")
    assert (after["gravest"], after["calls"], after["more"]) == (None, [], 0)


@pytest.mark.case("F4")
def test_the_counts_of_the_navigation_come_with_the_calls(world: World) -> None:
    """Without them an open page showed what it had been made with: 我的待办 4 beside six things that waited."""
    client = world.client("county")
    page = client.get("/todo/").content.decode()
    drawn = dict(re.findall(r'data-figure="(\w+)"[^>]*>(\d+)</b>', page))
    said = _calls(world, "county")
    assert {name: str(count) for name, count in said["figures"].items()}.items() <= drawn.items()
    assert said["figures"]["warnings"] == 1
    assert said["at"] >= int(re.search(r'data-now="(\d+)"', page)[1])  # type: ignore[index]
    warning = Warning.objects.by_the_machine().get()
    services.set_level(warning.source, "none", at=clock.now(), origin=Origin.LOADED, reasons=[])
    assert _calls(world, "county")["figures"]["warnings"] == 0
