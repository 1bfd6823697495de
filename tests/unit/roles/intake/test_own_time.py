"""The intake's own clock is wrong: honest packets, which seem to be of another time, are kept by who sends them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.roles.auditor import audit
from anlan.roles.intake import self_check
from anlan.roles.intake.own_time import HEARD_S, OwnTime
from anlan.stream.partition import partition_of
from anlan.testing.clock import FakeClock
from anlan.testing.sender import packet
from anlan.testing.sites import Site

from .conftest import NOW, Desk, Reply


async def send(desk: Desk, site: Site, at: datetime) -> Reply:
    return await desk.send(packet(site.enterprise, site.gateway, at, {site.points[0]: 1.0}), site=site)


def slow(desk: Desk, by: timedelta) -> None:
    """Somebody sets the clock back by that much; no time passes."""
    desk.clock.turn_to(desk.clock.now() - by)
    desk.application.own_time.look()


@pytest.mark.case("A15")
async def test_a_clock_set_back_under_a_running_intake_costs_no_packet(desk: Desk) -> None:
    one = desk.sites[0]
    desk.application.own_time.look()
    assert (await send(desk, one, NOW)).accepted == 1
    slow(desk, timedelta(minutes=10))
    reply = await send(desk, one, NOW + timedelta(seconds=5))
    assert reply.status == 503
    assert "保留" in reply.body["detail"]
    assert desk.refused == []
    assert "向后拨了 10 分" in desk.application.own_time.doubt()
    desk.clock.turn_to(NOW + timedelta(seconds=10))
    assert (await send(desk, one, NOW + timedelta(seconds=5))).accepted == 1


@pytest.mark.case("A15")
async def test_a_clock_set_years_ahead_under_a_running_intake_costs_no_packet_either(desk: Desk) -> None:
    one = desk.sites[0]
    desk.application.own_time.look()
    slow(desk, timedelta(days=-3650))
    reply = await send(desk, one, NOW)
    assert (reply.status, desk.refused) == (503, [])
    assert "向前拨了 3650 天" in desk.application.own_time.doubt()
    desk.clock.turn_to(NOW + timedelta(seconds=10))
    assert (await send(desk, one, NOW)).accepted == 1


@pytest.mark.case("A15")
async def test_an_intake_that_starts_with_a_slow_clock_knows_it_by_its_own_log(desk: Desk) -> None:
    desk.application.own_time.recorded(NOW + timedelta(hours=8))
    assert (await send(desk, desk.sites[0], NOW + timedelta(hours=8))).status == 503
    assert "日志里最新的一条" in desk.application.own_time.doubt()
    desk.clock.set(NOW + timedelta(hours=8, seconds=1))
    assert (await send(desk, desk.sites[0], NOW + timedelta(hours=8))).accepted == 1
    assert desk.application.own_time.doubt() == ""


@pytest.mark.case("A15")
async def test_several_gateways_from_the_future_at_once_accuse_our_clock_and_one_alone_itself(desk: Desk) -> None:
    one, two = desk.sites
    ahead = NOW + timedelta(minutes=10)
    reply = await send(desk, one, ahead)
    assert (reply.status, reply.reasons) == (400, ["future_dated"]), "one alone may be ahead itself"
    assert (await send(desk, two, ahead)).status == 503
    assert (await send(desk, one, ahead)).status == 503
    assert "2/2 个网关" in desk.application.own_time.doubt()
    assert (await send(desk, two, NOW)).accepted == 1, "what came at its time is taken all the same"
    assert (await send(desk, one, ahead)).status == 400


@pytest.mark.case("A15")
async def test_packets_of_another_age_accuse_our_clock_only_when_no_gateway_agrees_with_it(desk: Desk) -> None:
    one, two = desk.sites
    old = NOW - timedelta(days=3650)
    assert (await send(desk, one, NOW)).accepted == 1
    assert (await send(desk, two, old)).reasons == ["too_old"], "a gateway without a battery"
    assert (await send(desk, one, old)).status == 503
    assert (await send(desk, one, NOW + timedelta(seconds=1))).accepted == 1
    assert (await send(desk, two, old)).reasons == ["too_old"]


def test_the_verdict_of_the_time_before_holds_while_gateways_are_counted_anew() -> None:
    clock = FakeClock(NOW)
    own = OwnTime(clock)
    for gateway in ("a", "b"):
        own.differs(gateway, ahead=True)
    clock.advance(HEARD_S)
    own.differs("a", ahead=True)
    assert own.doubt()
    clock.advance(HEARD_S)
    own.differs("a", ahead=True)
    assert own.doubt() == ""


def test_half_of_the_gateways_prove_nothing_against_our_clock_and_one_more_does() -> None:
    own = OwnTime(FakeClock(NOW))
    for gateway in ("a", "b"):
        own.differs(gateway, ahead=True)
    for gateway in ("c", "d"):
        own.agrees(gateway)
    assert own.doubt() == ""
    own.differs("e", ahead=True)
    assert own.doubt()


async def test_a_pause_that_was_begun_by_a_clock_ahead_is_over_when_it_is_set_right(desk: Desk) -> None:
    one = desk.sites[0]
    slow(desk, timedelta(hours=-1))
    for _ in range(20):
        await desk.post(b"{", site=one)
    assert (await send(desk, one, NOW)).status == 429
    slow(desk, timedelta(hours=1))
    assert (await send(desk, one, NOW)).accepted == 1


@pytest.mark.case("A15")
async def test_what_engines_read_from_another_log_is_not_taken_in(desk: Desk) -> None:
    one, two = desk.sites
    desk.application.elsewhere = {partition_of(one.enterprise)}
    assert (await send(desk, one, NOW)).status == 503
    assert (await send(desk, two, NOW)).accepted == 1


@pytest.mark.case("A15")
@pytest.mark.django_db
def test_another_log_is_told_when_it_lasts_and_its_partitions_are_left_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {3, 7}
    monkeypatch.setattr(self_check, "elsewhere", lambda rows, workers, log: found if log == "mine" else set())
    check = self_check.SelfCheck(desk.application, "intake", desk.clock)

    def told() -> list[str]:
        return [fault.kind for fault in audit.data(desk.clock.now(), 0).faults]

    check.look("mine")
    assert (desk.application.elsewhere, told()) == ((), []), "it may just have been made anew"
    desk.clock.advance(self_check.SPLIT_S)
    check.look("mine")
    assert (desk.application.elsewhere, told()) == (found, ["intake_log_split"])
    found = set()
    check.look("mine")
    assert (desk.application.elsewhere, told()) == ((), [])


@pytest.mark.case("A15")
@pytest.mark.django_db
def test_a_doubtful_clock_of_the_intake_is_an_operator_fault_while_it_lasts(desk: Desk) -> None:
    check = self_check.SelfCheck(desk.application, "intake", desk.clock)
    check.look("mine")
    assert audit.data(desk.clock.now(), 0).well
    desk.clock.turn_to(NOW - timedelta(minutes=10))
    check.look("mine")
    (fault,) = audit.data(desk.clock.now(), 0).faults
    assert (fault.kind, fault.since) == ("intake_clock_doubt", NOW - timedelta(minutes=10))
    desk.clock.advance(3600)
    check.look("mine")
    assert audit.data(desk.clock.now(), 0).well
