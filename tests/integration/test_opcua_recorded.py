"""Signals recorded at other people's plants, served by other people's OPC UA server, read by our gateway.

Every row arrives, in order, with the source time it was stamped with and the value that stands in the file.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.node_opcua.gateway import Link, gateway_toml
from tests.node_opcua.recorded import SKAB, TEP, Known, RecordedServer

from anlan.edge.config import parse
from anlan.edge.drivers import open_driver
from anlan.edge.scan import Quality, Scan
from anlan.now import SystemClock, monotonic

pytestmark = pytest.mark.xdist_group("recorded")  # the foreign servers are started once


@pytest.fixture(params=[SKAB, TEP], ids=["skab-valve", "tep-fault-6"])
def recorded(request: pytest.FixtureRequest, recorded_servers: dict[str, RecordedServer]) -> RecordedServer:
    server = recorded_servers[request.param.file]
    server.reset()
    return server


async def test_every_recorded_row_arrives_in_order_with_its_time_and_value(recorded, shared, tmp_path):
    known: Known = recorded.known
    link = Link(known, recorded.url)
    (gateway,) = parse(gateway_toml([link], shared), tmp_path).gateways
    driver = open_driver(gateway, SystemClock())
    scans: list[Scan] = []
    stop = asyncio.Event()
    task = asyncio.create_task(driver.run(scans.append, stop))
    deadline = monotonic() + 60
    while not driver.diagnostics()["connected"]:
        assert monotonic() < deadline, driver.diagnostics()
        await asyncio.sleep(0.05)
    start_us = await asyncio.to_thread(recorded.play)
    stamps = known.stamps_us(shared, start_us)
    deadline = monotonic() + (stamps[-1] - stamps[0]) / 1e6 + 45
    while not any(sample.sampled_at_us >= stamps[-1] for scan in scans[-3:] for sample in scan.samples.values()):
        assert monotonic() < deadline, f"{len(scans)} scans"
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(task, 5)

    assert driver.diagnostics()["missing_nodes"] == []
    for name, code in link.points(shared).items():
        seen = [scan.samples[code] for scan in scans if code in scan.samples]
        told = [sample for sample in seen if sample.quality is Quality.GOOD]
        assert {sample.sampled_at_us: sample.value for sample in told} == dict(
            zip(stamps, known.series(name, shared), strict=True)
        ), name
        times = [sample.sampled_at_us for sample in told]
        assert times == sorted(times)
    for crossing in known.crossings:
        sign = 1 if crossing.side == "high" else -1
        beyond = [
            at
            for at, value in _series(scans, link.points(shared)[crossing.column])
            if (value - crossing.limit) * sign >= 0
        ]
        assert beyond[0] == stamps[crossing.row - known.from_row]
    collected = [scan.collected_at_us for scan in scans]
    assert collected == sorted(set(collected))


def _series(scans: list[Scan], code: str) -> list[tuple[int, float]]:
    values = {
        scan.samples[code].sampled_at_us: scan.samples[code].value
        for scan in scans
        if code in scan.samples and scan.samples[code].quality is Quality.GOOD
    }
    return [(at, value) for at, value in sorted(values.items()) if value is not None]
