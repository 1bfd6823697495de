"""Alarms are judged by the limits of the time of their samples, however late the engine sees these (DQ-12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from anlan.apps.alarms.models import Alarm, AlarmEvent
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.alarms.selectors.points import former_settings
from anlan.apps.org.actor import operator
from anlan.apps.registry.models import Point, Revision
from anlan.apps.registry.selectors.revisions import settings_between
from anlan.apps.registry.services import LIMITS, Why, change_limits
from anlan.database.instants import micros
from anlan.roles.engine import store
from anlan.roles.engine.state import EngineCore
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogMessage
from anlan.stream.partition import partition_of
from anlan.testing.sender import packet
from anlan.testing.small_world import build

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
CHANGED = MARCH + timedelta(days=1)
LATER = MARCH + timedelta(days=2)


class Plant:
    """One enterprise, and an engine over it that begins anew from the database whenever it is asked for."""

    def __init__(self) -> None:
        (self.site,) = build(MARCH - timedelta(days=9), points=2)
        self.point = Point.objects.by_the_machine().get(code=self.site.points[0])
        self.number = 0
        self.core = self.engine()

    def engine(self) -> EngineCore:
        return EngineCore(point_specs(), former=former_settings)

    def sends(self, *samples: tuple[datetime, float], received: datetime) -> list[str]:
        """What the engine says of samples that come in one train; its alarms are in the database then."""
        messages = []
        for at, value in samples:
            self.number += 1
            body = msgspec.json.encode(packet(self.site.enterprise, self.site.gateway, at, {self.point.code: value}))
            found = Record(self.site.enterprise, self.site.gateway, f"p{self.number}", micros(received), body)
            messages.append(LogMessage(self.number, partition_of(self.site.enterprise), pack([found])))
        events = self.core.take(messages)
        store.commit(self.core.everything(events), received, lambda partitions: None)
        return [f"{event.change} {event.level} {event.limit:g}" for event in events]

    def raise_limits(self, **limits: float) -> None:
        change_limits(self.point, by=operator("test"), at=CHANGED, why=Why("夏季按设计复核"), **limits)
        self.core.follow(point_specs(), now_us=micros(CHANGED))


@pytest.mark.req("DQ-12")
@pytest.mark.parametrize("went_on", [True, False], ids=["the engine stayed", "the engine begins anew"])
def test_an_alarm_of_1_march_is_judged_by_the_limit_of_1_march(went_on: bool) -> None:
    plant = Plant()
    plant.raise_limits(h=90.0, hh=95.0)
    if not went_on:
        plant.core = plant.engine()
    said = plant.sends(
        (MARCH, 50), (MARCH + timedelta(minutes=1), 85), (MARCH + timedelta(minutes=9), 85), (LATER, 85),
        (LATER + timedelta(minutes=1), 91), received=LATER + timedelta(hours=1),
    )  # fmt: skip
    assert said == ["raised H 80", "cleared H 90", "raised H 90"]
    first, second = Alarm.objects.by_the_machine().order_by("started_at")
    assert (first.started_at, first.limit) == (MARCH + timedelta(minutes=1), 80.0)
    assert (second.started_at, second.limit) == (LATER + timedelta(minutes=1), 90.0)
    assert AlarmEvent.objects.by_the_machine().count() == 3


def test_a_limit_that_was_tightened_makes_no_alarm_of_the_past() -> None:
    plant = Plant()
    plant.raise_limits(h=60.0)
    minute = timedelta(minutes=1)
    assert plant.sends((MARCH, 70), (CHANGED - minute, 70), received=LATER) == []
    assert plant.sends((CHANGED + minute, 70), received=LATER) == ["raised H 60"]


def test_who_changed_what_when_why_and_from_when_on_is_kept() -> None:
    plant = Plant()
    plant.raise_limits(h=85.0)
    at = LATER + timedelta(hours=1)
    change_limits(plant.point, by=operator("test"), at=LATER, why=Why("再改", valid_from=at), h=88.0, l=20.0)
    first, second = Revision.objects.by_the_machine().order_by("number")
    assert (first.subject, first.number, first.before, first.after) == (
        f"point:{plant.point.code}", 2, {"h": 80.0}, {"h": 85.0}
    )  # fmt: skip
    assert (first.actor_id, first.at, first.valid_from, first.reason) == (
        "operator:test", CHANGED, CHANGED, "夏季按设计复核"
    )  # fmt: skip
    assert (second.number, second.after, second.valid_from) == (3, {"h": 88.0}, at), "what did not change is not in it"
    point = Point.objects.by_the_machine().select_related("enterprise").get(pk=plant.point.pk)
    assert point.valid_from == at
    held = settings_between([point], MARCH, LATER + timedelta(days=1))[point.code]
    assert [(each.since, each.values["h"]) for each in held] == [(None, 80.0), (CHANGED, 85.0), (at, 88.0)]
    assert set(held[0].values) == set(LIMITS)
    change_limits(point, by=operator("test"), at=LATER, h=88.0)
    assert Revision.objects.by_the_machine().count() == 2, "the same again is no change"


def test_a_limit_that_is_to_hold_later_does_not_hold_before() -> None:
    plant = Plant()
    at, minute = LATER, timedelta(minutes=1)
    changes: dict[str, Any] = {"h": 90.0, "hh": 95.0}
    change_limits(plant.point, by=operator("test"), at=CHANGED, why=Why(valid_from=at), **changes)
    plant.core.follow(point_specs())
    assert plant.sends((at - minute, 85), received=at - minute) == ["raised H 80"]
    assert plant.sends((at, 85), received=at) == ["cleared H 90"]
