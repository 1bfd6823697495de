"""Our own clock stood ahead for a while and was set right: from then on everything works again at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anlan.roles.engine.state import EngineCore
from anlan.roles.engine.store import Remembered
from anlan.stream.alarm import AlarmEvent
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogMessage
from anlan.stream.points import PointSpec
from anlan.testing.sender import packet
from anlan.testing.sites import Site, sites

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PERIOD = timedelta(seconds=5)
RIGHT = timedelta(0)


def micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


class Host:
    """An engine on a host whose clock can be set, and gateways whose clocks are right; a packet each every 5 s."""

    def __init__(self, gateways: int) -> None:
        self.sites: list[Site] = list(sites(gateways, 1))
        self.core, self.now, self.ahead, self.seq = self.engine(), START, RIGHT, 0
        self.silent: set[str] = set()
        self.events: list[AlarmEvent] = []

    def engine(self) -> EngineCore:
        return EngineCore(
            PointSpec(
                code=site.points[0], enterprise=site.enterprise, gateway=site.gateway, source=site.source,
                ll=10, l=20, h=80, hh=90, deadband=1, on_delay_s=30, no_data_s=60,
            )
            for site in self.sites
        )  # fmt: skip

    def live(self, seconds: float, value: float = 50, site: Site | None = None) -> list[AlarmEvent]:
        """Let time pass; what ``site`` (None: every gateway) measures is ``value``, the others 50."""
        before = len(self.events)
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now += PERIOD
            shown = self.now + self.ahead
            for each in self.sites:
                if each.gateway in self.silent:
                    continue
                self.hear(each, self.now, value if site in (None, each) else 50)
            self.events += self.core.sweep(micros(shown) + 400_000)
        return self.events[before:]

    def hear(self, site: Site, collected: datetime, measured: float) -> list[AlarmEvent]:
        """A packet comes now."""
        self.seq += 1
        body = msgspec.json.encode(packet(site.enterprise, site.gateway, collected, {site.points[0]: measured}))
        received_us = micros(self.now + self.ahead) + 300_000
        record = Record(site.enterprise, site.gateway, f"p{self.seq}", received_us, body)
        events = self.core.take([LogMessage(self.seq, 1, pack([record]))])
        self.events += events
        return events

    def restart(self) -> None:
        """Another engine goes on from what this one saved."""
        saved = self.core.everything([])
        self.core = self.engine()
        self.core.restore(Remembered(saved.positions, saved.states))
        self.core.begins_at(self.seq)


def told(events: list[AlarmEvent]) -> list[str]:
    return [f"{event.side} {event.level} {event.change}" for event in events]


@pytest.fixture(params=[1, 3], ids=["one gateway", "three gateways"])
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param)


def was_ahead(host: Host, hours: float, restarted: bool) -> None:
    host.live(60)
    host.ahead = timedelta(hours=hours)
    host.live(40)
    host.ahead = RIGHT
    if restarted:
        host.restart()


@pytest.mark.case("A1")
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("hours", [1, 8])
def test_an_excursion_after_the_clock_was_set_right_is_an_alarm(host: Host, hours: float, restarted: bool) -> None:
    was_ahead(host, hours, restarted)
    assert host.live(10) == []
    begun = host.now
    events = host.live(45, 95, host.sites[0])
    assert told(events) == ["high HH raised"]
    assert events[0].at_us == micros(begun + PERIOD) + 30_000_000
    assert told(host.live(10)) == ["high HH cleared"]


@pytest.mark.case("A1")
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("hours", [1, 8])
def test_a_gateway_that_falls_silent_afterwards_is_found_in_time(host: Host, hours: float, restarted: bool) -> None:
    was_ahead(host, hours, restarted)
    host.live(10)
    host.silent = {host.sites[0].gateway}
    assert told(host.live(55)) == []
    assert told(host.live(10)) == ["no_data no_data raised"]


@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_a_gateway_that_fell_silent_at_the_moment_the_clock_was_set_right_is_found(host: Host, hours: float) -> None:
    was_ahead(host, hours, restarted=False)
    host.silent = {host.sites[0].gateway}
    host.live(10)
    host.restart()
    assert told(host.live(70)) == ["no_data no_data raised"]


@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_a_delay_that_runs_when_the_clock_is_set_right_goes_on(host: Host, hours: float) -> None:
    host.live(60)
    host.ahead = timedelta(hours=hours)
    host.live(30)
    assert host.live(15, 95, host.sites[0]) == []
    host.ahead = RIGHT
    assert told(host.live(30, 95, host.sites[0])) == ["high HH raised"]  # 15 + 30 s of a delay of 30 s


@pytest.mark.case("A1")
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("seconds", [5, 10])
def test_a_packet_that_comes_again_after_the_clock_was_set_right_changes_no_alarm(
    host: Host, seconds: float, restarted: bool
) -> None:
    """An intake that was restarted meanwhile does not know it, so that it stands in the log once more."""
    host.live(60)
    before, site = host.now, host.sites[0]
    assert told(host.live(40, 95, site)) == ["high HH raised"]
    host.ahead = timedelta(hours=8)
    host.live(seconds, 95, site)
    host.ahead = RIGHT
    if restarted:
        host.restart()
    assert host.hear(site, before, 50) == []
    assert host.live(5, 95, site) == []
    assert host.hear(site, before, 50) == []
    assert told(host.live(5, 50)) == ["high HH cleared"]


@pytest.mark.case("A1")
def test_gateways_that_are_slow_together_accuse_our_own_clock_and_keep_their_times() -> None:
    host = Host(3)
    host.live(60)
    host.ahead = timedelta(hours=8)
    host.live(40)
    doubt = host.core.clock_doubt()
    assert doubt is not None
    assert (doubt.gateways, doubt.heard, round(doubt.ahead_us / 3.6e9, 3)) == (3, 3, 8.0)
    begun = host.now
    (raised,) = host.live(45, 95, host.sites[0])
    assert (raised.since_us, raised.at_us) == (micros(begun + PERIOD), micros(begun + PERIOD) + 30_000_000)
    host.ahead = RIGHT
    host.live(10)
    assert host.core.clock_doubt() is None


@pytest.mark.case("A1")
@pytest.mark.parametrize("after_s", [5, 10, 15, 20, 30])
def test_a_packet_that_comes_again_while_our_clock_stands_ahead_blames_no_gateway(after_s: float) -> None:
    """Its distance is another than that of all the others; where its gateway stands it does not say."""
    host = Host(2)
    host.live(60)
    before = host.now - timedelta(seconds=40)
    host.ahead = timedelta(hours=8)
    host.live(after_s)
    assert host.hear(host.sites[1], before, 50) == []
    host.live(10)
    begun = host.now + PERIOD
    assert [event.at_us for event in host.live(60, 95, host.sites[0])] == [micros(begun) + 30_000_000]
    doubt = host.core.clock_doubt()
    assert doubt is not None
    assert (doubt.gateways, doubt.heard) == (2, 2)


@pytest.mark.case("A1")
def test_a_slow_gateway_that_sends_a_packet_again_is_judged_on() -> None:
    host, site = Host(1), Host(1).sites[0]
    slow = timedelta(hours=-2)
    for _ in range(8):
        host.now += PERIOD
        host.hear(site, host.now + slow, 50)
    for step in range(12):
        host.now += PERIOD
        events = host.hear(site, host.now + slow, 95)
        host.hear(site, host.now + slow - timedelta(seconds=40 if step % 2 else 20), 50)
        if events:
            break
    assert told(events) == ["high HH raised"]
    assert abs(events[0].at_us - micros(host.now)) < 1_000_000


@pytest.mark.case("A1")
def test_one_slow_gateway_of_three_accuses_nobody_else() -> None:
    host = Host(3)
    for _ in range(12):
        host.silent = {each.gateway for each in host.sites[1:]}
        host.now -= timedelta(hours=1)  # what the first gateway believes
        host.ahead = timedelta(hours=1)
        host.live(5)
        host.now += timedelta(hours=1) - PERIOD
        host.ahead, host.silent = RIGHT, {host.sites[0].gateway}
        host.live(5)
    assert host.core.clock_doubt() is None
