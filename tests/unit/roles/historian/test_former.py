"""History that is behind keeps samples for the point that they were of, and says what it cannot place."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from anlan.apps.alarms.selectors import point_specs
from anlan.apps.alarms.selectors.points import specs_of
from anlan.apps.gateways.models import Quarantined
from anlan.apps.history.selectors.stored import stored
from anlan.apps.history.services import write
from anlan.apps.org.actor import SYSTEM
from anlan.apps.registry.models import Gateway, Point
from anlan.apps.registry.selectors.homes import homes_until
from anlan.apps.registry.services import change_point
from anlan.roles.historian.former import Former
from anlan.roles.historian.historian import Historian, _told
from anlan.roles.historian.minutes import OpenMinutes
from anlan.stream.envelope import Record, pack
from anlan.stream.frame import FrameDecoder
from anlan.stream.log import LogMessage
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec, PointTable
from anlan.testing.clock import FakeClock
from anlan.testing.sender import packet
from anlan.testing.small_world import build

from .recorded import START, us

pytestmark = pytest.mark.django_db(databases=["default", "history"])
MOVED = START + timedelta(minutes=10)
READ = START + timedelta(hours=1)


class Plant:
    """An enterprise with two gateways. All points were the first one's until some of them were changed at ``MOVED``;
    the historian has taken the register up at ``READ`` and reads the log from its beginning."""

    def __init__(self, *, journaled: bool = True, **changes: Any) -> None:
        (self.site,) = build(START, enterprises=1, points=2)
        self.first = Gateway.objects.by_the_machine().get(code=self.site.gateway)
        self.second = Gateway.objects.create(code=f"{self.site.gateway[:-2]}77", enterprise=self.first.enterprise)
        self.moved, self.kept = self.site.points
        changes = {name: self.second if name == "gateway" else value for name, value in changes.items()}
        point = Point.objects.by_the_machine().get(code=self.moved)
        if journaled:
            change_point(point, by=SYSTEM, at=MOVED, **changes)
        else:
            Point.objects.by_the_machine().filter(pk=point.pk).update(**changes)
        self.read()

    def read(self) -> None:
        stub: Any = SimpleNamespace(reader=lambda name: None)
        made = self.historian = Historian(stub, FakeClock(READ), lambda: False, stub, stub)
        made._table = PointTable(point_specs())
        made._decoder, made._open = FrameDecoder(made._table, made._tag_list), OpenMinutes(made._table)
        made._former = Former(made._table, made._tag_list, lambda codes, at: (specs_of(codes), homes_until(codes, at)))
        made._former.registers_read({self.site.enterprise}, READ)
        made._positions, self.seq = {}, 0

    def send(self, gateway: str, minute: float, value: float) -> None:
        self.seq += 1
        at = START + timedelta(minutes=minute)
        body = json.dumps(packet(self.site.enterprise, gateway, at, dict.fromkeys(self.site.points, value))).encode()
        record = Record(self.site.enterprise, gateway, str(self.seq), us(at) + 1_000_000, body)
        self.historian._take(LogMessage(self.seq, partition_of(self.site.enterprise), pack([record])))

    def stored(self, gateway: str) -> dict[str, list[float]]:
        refused = self.historian._former.take_refused()
        assert _told(refused) == []
        batch = self.historian._open.batch()
        write(batch, lambda: None)
        self.historian._open.written(batch)
        found = stored(gateway, set(self.site.points), us(START), us(READ), by_minute=False).series
        return {code: sorted(v for part in parts for v in part.value.tolist()) for code, parts in found.items()}

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return list(Quarantined.objects.by_the_machine().values_list("gateway", "reason", "repeats"))


@pytest.mark.case("A2")
@pytest.mark.parametrize("change", ["moved", "switched off"])
def test_samples_of_before_a_point_was_moved_or_switched_off_are_kept_when_they_are_read_later(change: str) -> None:
    plant = Plant(gateway=None) if change == "moved" else Plant(is_active=False)
    for minute in range(3):
        plant.send(plant.first.code, minute, 40.0 + minute)
    assert plant.stored(plant.first.code) == {code: [40.0, 41.0, 42.0] for code in plant.site.points}
    assert plant.told == []


@pytest.mark.case("A2")
def test_what_a_gateway_sent_of_a_point_that_was_no_longer_its_own_is_refused_and_told() -> None:
    plant = Plant(gateway=None)
    plant.send(plant.first.code, 15, 41)
    plant.send(plant.second.code, 16, 42)
    assert plant.stored(plant.first.code) == {plant.kept: [41.0]}
    assert plant.stored(plant.second.code) == {plant.moved: [42.0]}
    assert (plant.first.code, "claimed", 1) in plant.told


@pytest.mark.case("A2")
@pytest.mark.parametrize(("change", "reason"), [("gateway", "claimed"), ("is_active", "unknown_point")])
def test_a_sample_whose_point_of_then_nobody_knows_is_in_the_quarantine(change: str, reason: str) -> None:
    """As after a change by a version that kept no record of it."""
    plant = Plant(journaled=False, **{change: False if change == "is_active" else None})
    plant.send(plant.first.code, 1, 40)
    plant.send(plant.first.code, 2, 41)
    assert plant.stored(plant.first.code) == {plant.kept: [40.0, 41.0]}
    assert plant.told == [(plant.first.code, reason, 2)]
    assert "未存入历史" in Quarantined.objects.by_the_machine().get().detail


def test_what_comes_after_the_register_was_read_is_the_engines_to_tell() -> None:
    plant = Plant(gateway=None)
    plant.send(plant.first.code, 61, 40)
    assert plant.historian._former.take_refused() == []
    assert plant.historian._open.samples == 1


@pytest.mark.case("A2")
def test_a_point_that_was_moved_there_and_back_is_that_gateways_before_and_after() -> None:
    plant = Plant(gateway=None)
    point = Point.objects.by_the_machine().get(code=plant.moved)
    change_point(point, by=SYSTEM, at=MOVED + timedelta(minutes=10), gateway=plant.first)
    plant.read()
    for minute in (5, 15, 25):
        plant.send(plant.first.code, minute, 40.0 + minute)
        plant.send(plant.second.code, minute, 60.0 + minute)
    assert plant.stored(plant.first.code)[plant.moved] == [45.0, 55.0, 65.0]
    assert plant.stored(plant.second.code)[plant.moved] == [75.0]


def test_rows_of_points_that_are_not_in_use_are_nobodys() -> None:
    one, other = (PointSpec(code=code, enterprise="e", gateway="g") for code in ("one", "other"))
    table = PointTable([one])
    assert table.keep_rows([other, one]).tolist() == [1, 0]
    assert (table.row("other"), table.index("g", ["other"]).tolist(), table.gateways) == (None, [-1], ["g"])
    assert table.update([one, other]).added == ("other",)
    assert table.row("other") == 1
