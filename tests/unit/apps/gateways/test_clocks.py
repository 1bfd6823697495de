"""Doubtful clocks of gateways: noted, listed, and a finding when it lasts (DQ-10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import GatewayClock, Quarantined
from anlan.apps.gateways.services import Measured, PacketRefused, Sign, quarantine, record_clocks, record_signs
from anlan.roles.engine.tally import Tally
from anlan.rules.clock_offset import Offset, words
from anlan.stream.envelope import Record
from anlan.stream.frame import FrameDecoder
from anlan.stream.gateway_clock import marked
from anlan.stream.points import PointTable
from anlan.testing.sender import packet
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def sign(site: Site, at: datetime, ahead: timedelta) -> list[Sign]:
    """What the engine reports of one packet, through its real tally."""
    tally, decoder = Tally(), FrameDecoder(PointTable([]))
    body = packet(site.enterprise, site.gateway, at + ahead, {"x": 1.0})
    import msgspec

    one = Record(site.enterprise, site.gateway, "p", round(at.timestamp() * 1e6), msgspec.json.encode(body))
    tally.saw(marked(decoder.decode(one), one))
    return tally.take_signs([site.gateway])


@pytest.mark.req("DQ-10")
def test_a_delay_of_ten_minutes_for_an_hour_is_a_finding(world: list[Site]) -> None:
    site, late = world[0], timedelta(minutes=-10)
    for minute in range(0, 60, 5):
        record_signs(sign(site, after(minute), late))
    assert not Finding.objects.filter(kind="data_fault").exists()
    record_signs(sign(site, after(60), late))
    finding = Finding.objects.get(kind="data_fault")
    assert "早 10 分" in finding.text
    clock = GatewayClock.objects.get()
    assert (clock.offset_s, clock.suspect_since, clock.behind_s, clock.ahead_s) == (-600, START, 600, 0)
    record_signs(sign(site, after(65), timedelta(0)))
    finding.refresh_from_db()
    assert finding.state == "open", "one honest packet proves nothing"
    record_signs(sign(site, after(75), timedelta(0)))
    finding.refresh_from_db()
    assert finding.state == "closed"
    assert GatewayClock.objects.get().suspect_since is None


def test_a_delay_within_the_limit_leaves_no_trace(world: list[Site]) -> None:
    for minute in range(0, 120, 5):
        record_signs(sign(world[0], after(minute), timedelta(seconds=-50)))
    assert not GatewayClock.objects.exists()
    assert not Finding.objects.filter(kind="data_fault").exists()


def test_a_packet_of_the_future_keeps_both_times_and_is_a_finding_at_once(world: list[Site]) -> None:
    site = world[0]
    ahead = PacketRefused(site.gateway, "future_dated", "x", START, repeats=3, sampled_at=after(120))
    quarantine([ahead])
    row = Quarantined.objects.get()
    assert (row.received_at, row.sampled_at) == (START, after(120))
    clock = GatewayClock.objects.get()
    assert (clock.offset_s, clock.refused) == (7200, 3)
    text = Finding.objects.get(kind="data_fault").text
    assert "晚 2 小时" in text
    assert "拒收 3 个报文" in text


def test_strangers_and_repeated_measurements_change_nothing(world: list[Site]) -> None:
    hour = timedelta(hours=1)
    assert record_clocks([Measured("999999999999", START, hour, hour, hour)]) == 0
    once = Measured(world[0].gateway, START, -hour, -hour, -hour, jumps=1)
    assert record_clocks([once]) == 1
    assert record_clocks([once]) == 0
    assert GatewayClock.objects.get().jumps == 1


def test_the_words_say_what_is_wrong_and_what_to_do() -> None:
    assert words(Offset(0, 0)) == "采集时间与接收时间相符"
    said = words(Offset(200, 56 * 365 * 86400, 4, 2))
    assert said.startswith(
        "采集时间比接收时间最多早 20440 天，采集时间比接收时间最多晚 3 分，跳动 4 次，因此拒收 2 个报文"
    )
