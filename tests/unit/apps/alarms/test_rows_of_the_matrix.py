"""Acceptance checks of the MON group that need records but no processes, executed as written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.hats import staff

from anlan.apps.alarms.selectors import uncleared_count
from anlan.apps.alarms.services import acknowledge, apply_events
from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import GatewayLink, OfflineSpell
from anlan.apps.gateways.services import Sign, check_coverage, record_signs, sweep_links
from anlan.apps.registry.models import Device, DeviceKind, Enterprise, Gateway, HazardSource, Point
from anlan.stream.alarm import Change
from anlan.testing.sites import Site

from .test_alarms import Excursion

pytestmark = pytest.mark.django_db


def civil(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A time of 2026-03-02 in Beijing."""
    return datetime(2026, 3, 1, 16, 0, tzinfo=UTC) + timedelta(hours=hour, minutes=minute, seconds=second)


@pytest.mark.req("MON-04")
def test_a_silent_link_is_offline_after_thirty_minutes_since_its_last_datum(world: list[Site]) -> None:
    site = world[0]
    record_signs([Sign(site.gateway, civil(12), civil(12))])
    assert sweep_links(civil(12, 29, 59)) == 0
    assert GatewayLink.objects.get().online
    assert sweep_links(civil(12, 30)) == 1
    assert not GatewayLink.objects.get().online
    spell = OfflineSpell.objects.get()
    assert (spell.started_at, spell.detected_at, spell.ended_at) == (civil(12), civil(12, 30), None)
    assert Finding.objects.get(kind="link_lost").state == "open"
    assert sweep_links(civil(12, 31)) == 0
    record_signs([Sign(site.gateway, civil(13, 10), civil(13, 10))])
    spell.refresh_from_db()
    assert spell.ended_at is not None
    assert spell.ended_at - spell.started_at == timedelta(minutes=70)
    assert GatewayLink.objects.get().online
    assert Finding.objects.get(kind="link_lost").state == "closed"


def test_a_silence_that_nobody_swept_is_recorded_when_the_next_datum_comes(world: list[Site]) -> None:
    site = world[0]
    record_signs([Sign(site.gateway, civil(12), civil(12))])
    record_signs([Sign(site.gateway, civil(12, 29), civil(12, 29))])
    assert not OfflineSpell.objects.exists()
    record_signs([Sign(site.gateway, civil(13, 10), civil(13, 10))])
    spell = OfflineSpell.objects.get()
    assert (spell.started_at, spell.ended_at) == (civil(12, 29), civil(13, 10))


@pytest.mark.case("F4")
def test_while_nobody_could_be_heard_no_gateway_was_offline(world: list[Site]) -> None:
    """The platform stood still from 12:00 to 13:00. One gateway is back at once, the other an hour later."""
    back, late = world[0].gateway, world[1].gateway
    record_signs([Sign(back, civil(12), civil(12)), Sign(late, civil(12), civil(12))])
    listening = civil(13, 0, 15)
    record_signs([Sign(back, civil(13, 1), civil(13, 1))], civil(13, 1), listening)
    assert not OfflineSpell.objects.exists()
    assert sweep_links(civil(13, 30), listening=listening) == 0
    assert sweep_links(civil(13, 30, 15), listening=listening) == 1
    spell = OfflineSpell.objects.get()
    assert (spell.gateway.code, spell.started_at) == (late, listening), "our hour is not counted"
    assert not OfflineSpell.objects.filter(gateway__code=back).exists()


@pytest.mark.case("F4")
def test_an_outage_that_nobody_swept_begins_when_it_could_be_heard(world: list[Site]) -> None:
    gateway = world[0].gateway
    record_signs([Sign(gateway, civil(12), civil(12))])
    record_signs([Sign(gateway, civil(14), civil(14))], civil(14), civil(13))
    spell = OfflineSpell.objects.get()
    assert (spell.started_at, spell.ended_at) == (civil(13), civil(14))


def test_an_older_sign_changes_nothing(world: list[Site]) -> None:
    site = world[0]
    record_signs([Sign(site.gateway, civil(12, 5), civil(12, 5))])
    assert record_signs([Sign(site.gateway, civil(12), civil(12), source_connected=False)]) == 0
    assert GatewayLink.objects.get().source_connected


def test_a_gateway_that_lost_its_control_system_is_online_and_says_so(world: list[Site]) -> None:
    record_signs([Sign(world[0].gateway, civil(12), civil(12), source_connected=False)])
    link = GatewayLink.objects.get()
    assert link.online
    assert not link.source_connected


@pytest.mark.req("MON-07")
def test_an_alarm_counts_as_uncleared_until_it_is_back_and_acknowledged(world: list[Site]) -> None:
    source = HazardSource.objects.get(code=world[0].source)
    first = Excursion(world[0], civil(10))
    apply_events([first.event(Change.RAISED, 1, 85.0, civil(10))], civil(10))
    assert uncleared_count(source.pk) == 1
    apply_events([first.event(Change.CLEARED, 1, 50.0, civil(10, 5))], civil(10, 5))
    assert uncleared_count(source.pk) == 1
    acknowledge([first.id], by={source.enterprise_id: staff(source, "张示例")}, at=civil(10, 7))
    assert uncleared_count(source.pk) == 0
    second = Excursion(world[0], civil(10, 20))
    apply_events([second.event(Change.RAISED, 1, 85.0, civil(10, 20))], civil(10, 20))
    apply_events([second.event(Change.CLEARED, 1, 50.0, civil(10, 25))], civil(10, 25))
    assert uncleared_count(source.pk) == 1


@pytest.mark.req("MON-01")
def test_what_is_declared_and_not_connected_lowers_coverage_and_is_a_finding_by_name(world: list[Site]) -> None:
    enterprise = Enterprise.objects.get(code=world[0].enterprise)
    enterprise.declared_sources, enterprise.declared_gas_points = 3, 40
    enterprise.save()
    gateway = Gateway.objects.get(code=world[0].gateway)
    names = []
    sources = [HazardSource.objects.get(code=world[0].source)]
    for number in (2, 3):
        code = f"{enterprise.code}{number:03d}"
        sources.append(HazardSource.objects.create(code=code, enterprise=enterprise, name=f"示例{number}", level="3"))
    for number in range(40):
        source = sources[number % 3]
        code = f"{source.code}Q{number + 1:04d}"
        device = Device.objects.create(
            code=code, enterprise=enterprise, source=source, name=f"探头{number + 1}", kind=DeviceKind.GAS_POINT
        )
        names.append(f"{code}QT001 GT-{number + 1} 可燃气体")
        Point.objects.create(
            code=f"{code}QT001",
            enterprise=enterprise,
            source=source,
            device=device,
            gateway=gateway,
            tag=f"GT-{number + 1}",
            name="可燃气体",
            kind="QT",
            gas="combustible",
            unit="%LEL",
            range_min=0,
            range_max=100,
            h=25,
            hh=50,
            is_active=number != 17,
            registered_at=civil(8),
        )
    record_signs([Sign(gateway.code, civil(9), civil(9))])
    result = check_coverage(enterprise, civil(9, 1))
    assert result.sources.ratio.text == "100.00 %"
    assert result.gas_points.ratio.text == "97.50 %"
    assert result.headline.text == "97.50 %"
    finding = Finding.objects.get(kind="point_missing")
    assert names[17] in finding.text
    check_coverage(enterprise, civil(9, 2))
    assert Finding.objects.get(kind="point_missing").times == 2
    Point.objects.filter(tag="GT-18").update(is_active=True)
    assert check_coverage(enterprise, civil(9, 3)).gas_points.ratio.text == "100.00 %"
    assert Finding.objects.get(kind="point_missing").state == "closed"


@pytest.mark.case("E7")
@pytest.mark.case("E4")
@pytest.mark.parametrize(("second", "outages"), [(0, 1), (-1, 0)])
def test_a_silence_exactly_as_long_as_the_limit_is_an_outage(world: list[Site], second: int, outages: int) -> None:
    """Nobody swept in between: the next datum alone tells of it."""
    site, back = world[0], civil(12, 30) + timedelta(seconds=second)
    record_signs([Sign(site.gateway, civil(12), civil(12))])
    record_signs([Sign(site.gateway, back, back)])
    assert OfflineSpell.objects.count() == outages
