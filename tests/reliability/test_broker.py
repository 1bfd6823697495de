"""Scenarios 10 and 11: the log server is away for long, then hours of backlog; it dies with packets in flight."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
import pytest
from tests.reliability.gateway import EdgeGateway, compare_gateway
from tests.reliability.lossy_link import LossyLink
from tests.reliability.plant import Feed, Plant, compare, micros, until

from anlan.edge.buffer import Buffer
from anlan.stream.envelope import unpack
from anlan.stream.natsd import NatsServer
from anlan.testing.sender import packet
from anlan.testing.sites import Site

ROLES = ["engine", "historian", "intake"]
HOURS, STEP_S = 10, 10
OUTAGE_S = 20.0
"""Stands for ten minutes: the same states are reached (back-off at its longest, a growing buffer), only less waits."""


async def _fill(server: NatsServer, site: Site) -> list[int]:
    """Ten hours of packets in the gateway's own log, as it would have written them; their collect times in µs."""
    client = await nats.connect(server.url)
    buffer = Buffer(client, site.gateway, 1 << 29, lambda gap: None)
    await buffer.ensure()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=HOURS, minutes=1)
    times = [start + timedelta(seconds=number * STEP_S) for number in range(HOURS * 3600 // STEP_S)]
    for first in range(0, len(times), 100):
        await asyncio.gather(*(_put(buffer, site, at) for at in times[first : first + 100]))
    await client.close()
    return [micros(at) for at in times]


async def _put(buffer: Buffer, site: Site, at: datetime) -> None:
    message = packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, 42.0))
    body = json.dumps(message, separators=(",", ":")).encode()
    await buffer.put(body, message["report"]["dataId"], micros(at))


@pytest.mark.slow
@pytest.mark.reliability(10)
@pytest.mark.parametrize("order", ["interleaved", "live_first"])
def test_a_backlog_of_hours_comes_in_order_and_live_data_do_not_wait_for_it(
    tmp_path: Path, database_url: str, order: str
) -> None:
    broker = NatsServer(tmp_path / "broker")
    broker.start()
    try:
        broker.wait_ready()
        with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2, nats_url=broker.url) as plant:
            *plant.sites, late = plant.sites
            gateway = EdgeGateway(
                tmp_path / "edge", plant.supervisor.intake_url, late, period_s=0.2, batch_packets=40, backlog=order
            )
            local = NatsServer(gateway.store / "log", name="anlan-edge")
            local.start()
            local.wait_ready()
            old = asyncio.run(_fill(local, late))
            local.stop()
            feed = Feed(plant)
            feed.start()
            until(lambda: feed.ledger.packets > 10, 240, lambda: "the feed does not flow")
            broker.stop()
            with gateway:
                away = time.monotonic() + OUTAGE_S
                until(
                    lambda: time.monotonic() > away and gateway.waiting > len(old) + 20,
                    240,
                    lambda: f"the buffer does not grow: {gateway.status}",
                )
                assert gateway.settled == 0
                packets = feed.ledger.packets
                broker.start()
                broker.wait_ready(30)
                until(lambda: feed.ledger.packets > packets + 10, 240, lambda: "the others do not come back")
                until(lambda: gateway.settled >= len(old), 240, lambda: f"the backlog does not drain: {gateway.status}")
                until(lambda: gateway.waiting < 5, 240, lambda: f"the buffer does not empty: {gateway.status}")
            compare(plant, feed.stop(), seconds=240)
            _judge(plant, late, set(old), gateway)
    finally:
        broker.stop()


def _judge(plant: Plant, site: Site, old: set[int], gateway: EdgeGateway) -> None:
    """All of the backlog is there once and came in order; fresh packets came in between; how fast it went."""
    rows: list[list[int]] = []

    def complete() -> bool:
        rows[:] = plant.ask("received", site.points[0], str(HOURS + 2))
        return len(rows) >= gateway.settled

    until(complete, 240, lambda: f"{len(rows)} of {gateway.settled} in history")
    backlog = [(sampled, received) for sampled, received in rows if sampled in old]
    assert [sampled for sampled, _ in backlog] == sorted(old)
    arrived = [received for _, received in backlog]
    assert arrived == sorted(arrived)
    begun, ended = arrived[0], arrived[-1]
    fresh = [(sampled, received) for sampled, received in rows if sampled not in old]
    assert len({sampled for sampled, _ in fresh}) == len(fresh)
    # whatever was measured in the first half of the drain was there before the drain ended
    early = [(sampled, received) for sampled, received in fresh if begun <= sampled < (begun + ended) // 2]
    assert early, "the drain was too short to tell"
    assert all(received < ended for _, received in early)
    delays = [(received - sampled) / 1e6 for sampled, received in fresh if begun <= sampled <= ended]
    print(
        f"{len(backlog)} packets of {HOURS} h in {(ended - begun) / 1e6:.1f} s, "
        f"{len(backlog) / (ended - begun) * 1e6:.0f} packets/s; meanwhile live packets were "
        f"{statistics.median(delays):.2f} s under way, at most {max(delays):.2f} s"
    )


@pytest.mark.slow
@pytest.mark.reliability(11)
def test_a_log_server_killed_with_packets_in_flight_doubles_and_loses_nothing(
    tmp_path: Path, database_url: str
) -> None:
    dice = random.Random()
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=5, points=3) as plant:
        *plant.sites, last = plant.sites
        feed = Feed(plant, period_s=0.02)
        with EdgeGateway(tmp_path / "edge", plant.supervisor.intake_url, last) as gateway:
            feed.start()
            for _ in range(6):
                packets, settled = feed.ledger.packets, gateway.settled
                until(
                    lambda n=packets, m=settled: feed.ledger.packets > n + 30 and gateway.settled > m + 10,
                    240,
                    lambda: f"nothing flows: {gateway.status}",
                )
                time.sleep(dice.uniform(0, 0.1))
                plant.kill("nats")
            ledger = feed.stop()
            settled = gateway.settled
            until(lambda: gateway.settled > settled + 10, 240, lambda: f"nothing flows: {gateway.status}")
        print(f"{ledger.attempts - ledger.packets} of {ledger.attempts} attempts were repeated")
        assert ledger.attempts > ledger.packets
        compare(plant, ledger, seconds=240)
        compare_gateway(plant, gateway)


@pytest.mark.slow
@pytest.mark.reliability(11)
def test_packets_whose_acknowledgement_was_lost_are_in_the_log_twice_and_in_history_once(
    tmp_path: Path, database_url: str
) -> None:
    """The link to the log server passes what is published and loses the answers, then breaks: what is in the log is
    sent again, in other bundles."""
    broker = NatsServer(tmp_path / "broker")
    broker.start()
    try:
        broker.wait_ready()
        with LossyLink(int(broker.url.rsplit(":", 1)[1])) as link:
            url = f"nats://127.0.0.1:{link.port}"
            with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=3, nats_url=url) as plant:
                *plant.sites, last = plant.sites
                feed = Feed(plant)
                doubled: set[str] = set()
                with EdgeGateway(tmp_path / "edge", plant.supervisor.intake_url, last, timeout_s=3) as gateway:
                    feed.start()
                    for _ in range(4):
                        settled, packets = gateway.settled, feed.ledger.packets
                        until(
                            lambda m=settled, n=packets: gateway.settled > m + 10 and feed.ledger.packets > n + 5,
                            240,
                            lambda: f"nothing flows: {gateway.status}",
                        )
                        start = _last(broker)
                        link.deaf = True
                        until(lambda n=start: _last(broker) > n + 2, 240, lambda: "nothing reaches the log")
                        unanswered = _ids(broker, start + 1, last.gateway)
                        link.deaf = False
                        link.cut()
                        held = gateway.settled
                        again = _last(broker)
                        until(lambda m=held: gateway.settled > m, 240, lambda: f"nothing flows: {gateway.status}")
                        doubled |= unanswered & _ids(broker, again + 1, last.gateway)
                    ledger = feed.stop()
                print(f"{len(doubled)} packets of the gateway are in the log more than once")
                assert doubled
                compare(plant, ledger, seconds=240)
                compare_gateway(plant, gateway)
    finally:
        broker.stop()


def _last(broker: NatsServer) -> int:
    """Sequence of the newest message of the log."""

    async def ask() -> int:
        client = await nats.connect(broker.url)
        info = await client.jetstream().stream_info("SAMPLES")
        await client.close()
        return int(info.state.last_seq)

    return asyncio.run(ask())


def _ids(broker: NatsServer, first: int, gateway: str) -> set[str]:
    """Packets of a gateway in the log from a sequence on."""

    async def ask() -> set[str]:
        client = await nats.connect(broker.url)
        js = client.jetstream()
        found: set[str] = set()
        for seq in range(first, (await js.stream_info("SAMPLES")).state.last_seq + 1):
            try:
                message = await js.get_msg("SAMPLES", seq=seq)
            except nats.js.errors.NotFoundError:
                continue  # trimmed
            found |= {each.packet_id for each in unpack(message.data or b"") if each.gateway == gateway}
        await client.close()
        return found

    return asyncio.run(ask())
