"""MON-04: a broken link is offline after a set silence, dated back: the system (a gateway) and a sensor (a point)."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.hats import machine
from tests.unit.apps.alarms.test_alarms import micros
from tests.unit.apps.conftest import NOON

from anlan.apps.alarms.models import Alarm, AlarmSide
from anlan.apps.alarms.selectors import point_specs
from anlan.apps.alarms.services import apply_events
from anlan.apps.gateways.models import GatewayLink, OfflineSpell
from anlan.apps.gateways.services import Sign, lost_links, record_signs, sweep_links
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Point
from anlan.apps.rulebook.services import refine
from anlan.roles.engine.state import EngineCore
from anlan.rules.calendar import civil_day
from anlan.rules.rulebook import Override
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogMessage
from anlan.testing.sender import packet
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
PARTITION = 0


@pytest.mark.req("MON-04")
def test_another_silence_set_for_the_county_counts_there(world: list[Site]) -> None:
    county = Agency.objects.by_the_machine().get(level="county")
    before = NOON - timedelta(days=1)
    refine(
        county,
        Override("offline_minutes", 10, county.code, civil_day(NOON), document="示例局〔2026〕1号"),
        by=machine(county),
        at=before,
    )
    record_signs([Sign(world[0].gateway, NOON, NOON)])
    assert sweep_links(NOON + timedelta(minutes=9, seconds=59)) == 0
    assert sweep_links(NOON + 10 * MINUTE) == 1
    assert not GatewayLink.objects.get().online
    assert OfflineSpell.objects.get().started_at == NOON


@pytest.mark.req("MON-04")
@pytest.mark.parametrize("silence", [30, 10])
def test_a_sensor_without_data_is_offline_after_its_silence_while_its_neighbours_live(
    world: list[Site], silence: int
) -> None:
    """Last datum 12:00, next 13:10: offline from 12:00 + silence on, 70 minutes long."""
    site = world[0]
    Point.objects.filter(gateway__code=site.gateway).update(no_data_s=60.0 * silence)
    core = EngineCore([spec for spec in point_specs() if spec.gateway == site.gateway])
    said: list[tuple[str, timedelta]] = []
    for minute in range(76):
        at = NOON + minute * MINUTE
        points = site.points if minute == 0 or minute >= 70 else site.points[1:]
        body = msgspec.json.encode(packet(site.enterprise, site.gateway, at, dict.fromkeys(points, 50.0)))
        record = Record(site.enterprise, site.gateway, f"p{minute}", micros(at), body)
        events = core.take([LogMessage(minute + 1, PARTITION, pack([record]))]) + core.sweep(micros(at))
        said += [(str(event.change), at - NOON) for event in events]
        apply_events(events, at)
    assert said == [("raised", silence * MINUTE), ("cleared", 70 * MINUTE)]
    outage = Alarm.objects.get(side=AlarmSide.NO_DATA)
    assert outage.point.code == site.points[0]
    assert (outage.started_at, outage.raised_at) == (NOON, NOON + silence * MINUTE)
    assert outage.cleared_at is not None
    assert outage.cleared_at - outage.started_at == 70 * MINUTE


def test_a_gateway_just_heard_of_is_not_declared_silent_over_what_is_on_record(world: list[Site]) -> None:
    gateways = [site.gateway for site in world]
    record_signs([Sign(gateway, NOON, NOON) for gateway in gateways])
    late = NOON + 40 * MINUTE
    assert sweep_links(late, None, heard=gateways) == 0
    assert sweep_links(late, None, heard=gateways[:1]) == len(gateways) - 1
    assert GatewayLink.objects.get(online=True).gateway.code == gateways[0]


def test_a_gateway_heard_between_the_look_and_the_word_stays_online(
    world: list[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, late = world[0].gateway, NOON + 40 * MINUTE
    record_signs([Sign(gateway, NOON, NOON)])

    def heard_meanwhile(gateways: object, now: object) -> set[int]:
        record_signs([Sign(gateway, late, late)])
        return set()

    monkeypatch.setattr(lost_links, "explained", heard_meanwhile)
    assert sweep_links(late) == 0
    assert GatewayLink.objects.get().online
    assert OfflineSpell.objects.get().ended_at == late


def test_a_region_that_falls_silent_is_declared_in_parts(world: list[Site], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anlan.apps.gateways.services.links.MOST_AT_ONCE", 1)
    record_signs([Sign(site.gateway, NOON, NOON) for site in world])
    late = NOON + 40 * MINUTE
    assert [sweep_links(late) for _ in range(len(world) + 1)] == [1] * len(world) + [0]
    assert OfflineSpell.objects.count() == len(world)


@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_a_receipt_in_the_future_gives_way_to_the_next_and_hides_no_silence(world: list[Site], hours: int) -> None:
    """Our own clock stood ahead for a moment: links go on from what is true, and no outage is made of the hours."""
    heard, silent = world[0].gateway, world[1].gateway
    record_signs([Sign(code, NOON, NOON) for code in (heard, silent)], NOON)
    future = NOON + timedelta(hours=hours, seconds=20)
    record_signs([Sign(code, future, NOON + timedelta(seconds=20)) for code in (heard, silent)], future)
    assert not OfflineSpell.objects.exists()
    again = NOON + timedelta(seconds=40)
    record_signs([Sign(heard, again, again)], again)
    assert GatewayLink.objects.get(gateway__code=heard).last_received_at == again
    record_signs([Sign(heard, NOON + 29 * MINUTE, NOON + 29 * MINUTE)], NOON + 29 * MINUTE)
    assert sweep_links(NOON + 30 * MINUTE) == 0
    assert sweep_links(NOON + 30 * MINUTE + timedelta(seconds=20)) == 1
    (spell,) = OfflineSpell.objects.all()
    assert (spell.gateway.code, spell.started_at) == (silent, NOON + timedelta(seconds=20))


@pytest.mark.case("A1")
def test_a_real_outage_ends_with_the_next_datum_whatever_the_future_says(world: list[Site]) -> None:
    gateway = world[0].gateway
    record_signs([Sign(gateway, NOON + timedelta(hours=8), NOON)], NOON + timedelta(hours=8))
    assert sweep_links(NOON + 40 * MINUTE) == 1
    back = NOON + 50 * MINUTE
    record_signs([Sign(gateway, back, back)], back)
    assert GatewayLink.objects.get(gateway__code=gateway).online
    assert OfflineSpell.objects.get().ended_at == back
