"""What a confirmed filing explains: offline time in the ranking and the finding of a lost link (MON-06, DQ-13)."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.acceptance.worlds import at
from tests.hats import officer, staff
from tests.unit.apps.alarms.test_out_of_alarm import World

from anlan.apps.alarms.models import Filing
from anlan.apps.alarms.services import filings
from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import OfflineSpell
from anlan.apps.gateways.selectors import offline
from anlan.apps.gateways.services import Sign, record_signs, sweep_links
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.org.scope import EVERYTHING, NOTHING
from anlan.rules.metrics import METRICS, OfflineFacts

pytestmark = pytest.mark.django_db
HOUR_US = 3_600_000_000
FROM, UNTIL = at("00:00"), at("00:00", day=2)


@pytest.fixture
def world() -> World:
    return World()


def facts(world: World, now: datetime = UNTIL, *, without: bool = True) -> OfflineFacts:
    return offline.offline_facts(EVERYTHING, FROM, UNTIL, now, without_filed=without)[world.enterprise.pk]


def silent(world: World, number: int, since: str, back: str = "") -> None:
    """Point ``number`` has no data from ``since`` on; the alarm stands half an hour later."""
    alarm = world.alarm(world.points[number], at(since), level="no_data", side="no_data")
    if back:
        world.over(alarm, at(back))


def hear(world: World, when: str) -> None:
    record_signs([Sign(world.gateway.code, at(when), at(when))])


def lost() -> list[str]:
    return list(Finding.objects.filter(kind="link_lost").order_by("pk").values_list("state", flat=True))


@pytest.mark.req("MON-06")
@pytest.mark.parametrize("without", [True, False])
def test_a_filed_tank_stands_under_filed_and_outside_the_ranking_and_the_other_tank_counts(
    world: World, without: bool
) -> None:
    """Filing 08:00–18:00 of T-1 confirmed 08:20; T-1 and T-2 offline at 09:00, both back at 11:00."""
    world.confirm(world.file(at("08:00"), at("18:00"), at("07:30"), device=world.tanks[0]), at("08:20"))
    silent(world, 0, "09:00", "11:00")
    silent(world, 2, "09:00", "11:00")
    found = facts(world, without=without)
    assert (found.filed, found.filed_us) == (1, 2 * HOUR_US)
    counted = 1 if without else 2
    assert (found.outages, found.offline_us) == (counted, counted * 2 * HOUR_US)
    rows = offline.outages(EVERYTHING, FROM, UNTIL)
    assert [row.point.device.name for row in rows.filter(filed=True)] == ["T-1"]
    assert [row.point.device.name for row in rows.filter(filed=False)] == ["T-2"]
    shown = METRICS["offline_minutes"]
    assert shown.text(shown.compute(found)) == ("20.00" if without else "40.00"), "2 or 4 hours over six points"


def test_of_an_outage_that_is_filed_in_part_the_rest_counts(world: World) -> None:
    world.confirm(world.file(at("08:00"), at("10:00"), at("07:30"), points=[world.points[0]]), at("07:40"))
    world.confirm(world.file(at("09:00"), at("12:00"), at("07:30"), device=world.tanks[0]), at("07:40"))
    silent(world, 0, "07:00", "13:00")
    found = facts(world)
    assert (found.filed_us, found.offline_us) == (4 * HOUR_US, 2 * HOUR_US)
    early = offline.offline_facts(EVERYTHING, FROM, at("09:00"), UNTIL, without_filed=True)[world.enterprise.pk]
    assert (early.filed_us, early.offline_us) == (HOUR_US, HOUR_US)


@pytest.mark.parametrize("what", ["unconfirmed", "refused", "withdrawn", "ended before it", "another tank"])
def test_nothing_but_a_confirmed_filing_in_force_explains(world: World, what: str) -> None:
    filing = world.file(at("08:00"), at("18:00"), at("07:30"), device=world.tanks[1 if what == "another tank" else 0])
    match what:
        case "refused":
            filings.refuse(filing, by=officer(filing, "甲"), at=at("07:40"), note="不实")
        case "withdrawn":
            filings.end(world.confirm(filing, at("07:40")), by=staff(filing, "丙"), at=at("07:50"))
        case "ended before it":
            filings.end(world.confirm(filing, at("07:40")), by=staff(filing, "丙"), at=at("08:30"))
        case "another tank":
            world.confirm(filing, at("07:40"))
    silent(world, 0, "09:00", "10:00")
    found = facts(world)
    assert (found.filed, found.filed_us, found.outages, found.offline_us) == (0, 0, 1, HOUR_US)
    assert not offline.outages(EVERYTHING, FROM, UNTIL).filter(filed=True).exists()


def test_an_outage_counts_as_far_as_it_has_gone_by_and_within_the_period(world: World) -> None:
    silent(world, 0, "09:00")
    assert facts(world, at("10:30")).offline_us == HOUR_US * 3 // 2
    assert facts(world).offline_us == 15 * HOUR_US
    assert facts(world).points == 6
    assert offline.offline_facts(NOTHING, FROM, UNTIL, UNTIL, without_filed=True) == {}


@pytest.mark.req("DQ-13")
def test_an_unfiled_outage_of_three_hours_is_a_finding_and_a_filed_one_is_listed_as_filed(world: World) -> None:
    hear(world, "08:00")
    assert sweep_links(at("11:00")) == 1
    assert lost() == ["open"]
    hear(world, "11:00:01")
    assert lost() == ["closed"]
    world.confirm(world.file(at("11:20"), at("18:00"), at("11:10")), at("11:15"))
    hear(world, "11:30")
    assert sweep_links(at("15:00")) == 1
    assert lost() == ["closed"], "nothing new is found"
    rows = offline.link_outages(EVERYTHING, FROM, UNTIL).order_by("started_at")
    assert [row.filed for row in rows] == [False, True]
    hear(world, "15:00:01")
    found = facts(world)
    assert (found.link_outages, found.link_us) == (2, 3 * HOUR_US + 1_000_000)
    assert facts(world, without=False).link_us == 13 * HOUR_US // 2 + 2_000_000
    assert list(journal.broken()) == []


@pytest.mark.req("DQ-13")
def test_a_gateway_is_explained_only_when_all_its_points_are(world: World) -> None:
    hear(world, "08:00")
    part = world.confirm(world.file(at("08:00"), at("18:00"), at("07:30"), device=world.tanks[0]), at("07:40"))
    sweep_links(at("09:00"))
    assert lost() == ["open"]
    assert not offline.link_outages(EVERYTHING, FROM, UNTIL).get().filed
    every = [*world.points, world.gas, world.pump]
    whole = world.file(at("08:00"), at("10:00"), at("09:10"), points=every)
    world.confirm(whole, at("09:20"))
    assert offline.link_outages(EVERYTHING, FROM, UNTIL).get().filed
    assert lost() == ["closed"], "it began within the window: the filing says why"
    obligations.run_due(at("10:00"))
    assert lost() == ["closed", "open"], "the window is over and the gateway is still silent"
    assert [part.covers_all(every), whole.covers_all(every), whole.covers_all([])] == [False, True, False]


def test_an_outage_older_than_the_window_stays_found(world: World) -> None:
    hear(world, "07:00")
    sweep_links(at("07:30"))
    filing = world.confirm(world.file(at("08:00"), at("10:00"), at("07:40")), at("07:50"))
    obligations.run_due(at("08:00"))
    assert lost() == ["open"]
    filings.end(filing, by=staff(filing, "丙"), at=at("09:00"))
    assert Finding.objects.get(kind="link_lost").times == 1
    assert (OfflineSpell.objects.count(), Filing.objects.get().window) == (1, (at("08:00"), at("09:00")))
    assert facts(world, at("10:00")).link_us == 2 * HOUR_US
