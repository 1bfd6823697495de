"""A gateway whose packets are mostly refused is paused, says so, and troubles nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from anlan.apps.gateways.services import Pause
from anlan.roles.intake.dead_letters import DeadLetters, Limits
from anlan.roles.intake.standing import Said
from anlan.testing.sender import packet
from anlan.testing.sites import Site

from .conftest import NOW, Desk

BROKEN = b'{"report":'


async def fine(desk: Desk, site: Site, seconds: float) -> int:
    made = packet(site.enterprise, site.gateway, NOW + timedelta(seconds=seconds), dict.fromkeys(site.points, 1.0))
    return (await desk.send(made, site=site)).status


async def until_paused(desk: Desk) -> int:
    for number in range(100):
        if (await desk.post(BROKEN)).status == 429:
            return number
    raise AssertionError("never paused")


async def test_above_the_limit_a_gateway_is_paused_and_says_so_while_others_go_on(desk: Desk) -> None:
    broken, other = desk.sites
    assert await until_paused(desk) == 20
    reply = await desk.post(BROKEN)
    assert (reply.status, reply.body["reason"]) == (429, "suspended")
    assert reply.body["until"] == (NOW + timedelta(minutes=5)).isoformat()
    assert await fine(desk, broken, 0) == 429
    assert await fine(desk, other, 0) == 200
    assert desk.application.figures()["intake_gateways_paused"] == 1
    desk.standing.refresh()
    (kept,) = desk.kept.kept
    assert (kept.gateway, kept.refused, kept.packets, kept.reason) == (broken.gateway, 20, 20, "malformed")
    desk.clock.advance(301)
    assert await fine(desk, broken, 301) == 200
    assert desk.application.figures()["intake_gateways_paused"] == 0


def test_half_of_the_packets_is_not_most_of_them() -> None:
    counted = DeadLetters(Limits(percent=50, least=20, window=timedelta(seconds=60), pause=timedelta(minutes=5)))
    for _ in range(20):
        assert counted.count("g", 2, ["malformed"], NOW) is None
    pause = counted.count("g", 1, ["malformed"], NOW)
    assert pause is not None
    assert (pause.refused, pause.packets) == (21, 41)


async def test_a_person_lifts_the_pause(desk: Desk) -> None:
    await until_paused(desk)
    desk.standing.refresh()
    assert await fine(desk, desk.sites[0], 0) == 429
    desk.kept.said = Said()
    desk.standing.refresh()
    assert await fine(desk, desk.sites[0], 0) == 200


async def test_a_pause_holds_while_the_records_are_away_and_is_written_when_they_are_back(desk: Desk) -> None:
    await until_paused(desk)
    desk.kept.up = False
    desk.standing.refresh()
    assert await fine(desk, desk.sites[0], 0) == 429
    desk.kept.up = True
    desk.standing.refresh()
    assert len(desk.kept.kept) == 1


async def test_a_pause_that_begins_while_an_earlier_one_is_written_holds_and_is_written_too(desk: Desk) -> None:
    gateway = desk.sites[0].gateway
    first, second = (
        Pause(gateway, NOW + timedelta(minutes=m), NOW + timedelta(minutes=m + 5), 20, 20, "malformed") for m in (0, 1)
    )
    write = desk.kept.pauses

    def slowly(found: Iterable[Pause]) -> int:
        written = write(found)
        if second not in desk.kept.kept:
            desk.standing.pause(second)
        return written

    desk.kept.pauses = slowly  # type: ignore[method-assign]
    desk.standing.pause(first)
    desk.standing.refresh()
    assert desk.standing.paused_until(gateway, NOW) == second.until
    desk.standing.refresh()
    assert desk.kept.kept == [first, second]


async def test_less_than_half_bad_is_no_reason(desk: Desk) -> None:
    for number in range(60):
        assert await fine(desk, desk.sites[0], 2 * number) == 200
        assert await fine(desk, desk.sites[0], 2 * number + 1) == 200
        assert (await desk.post(BROKEN)).status == 400


async def test_bad_packets_spread_over_time_are_no_reason(desk: Desk) -> None:
    for _ in range(60):
        assert (await desk.post(BROKEN)).status == 400
        desk.clock.advance(4)


async def test_a_wrong_key_and_an_unknown_list_never_pause_a_gateway(desk: Desk) -> None:
    for _ in range(60):
        assert (await desk.post(BROKEN, key="wrong")).status == 401
    assert await fine(desk, desk.sites[0], 0) == 200
