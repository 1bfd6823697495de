"""What every driver must do, run against each of them with a real source. The quality scale in
`docs/reference/drivers.md` rests on these tests."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.contract.drivers.sources import HEAT, LEVEL, PERIOD_S, OpcUaServer, OpcUaSource, ReplaySource, Source

from anlan.edge.drivers.base import Driver
from anlan.edge.scan import Quality, Scan
from anlan.now import monotonic, now_us


@pytest.fixture(scope="module")
def opcua_server() -> Iterator[OpcUaServer]:
    server = OpcUaServer()
    server.build()
    yield server
    server.close()


@pytest.fixture(params=["opcua", "replay"])
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Source]:
    opcua = request.param == "opcua"
    source = OpcUaSource(tmp_path, request.getfixturevalue("opcua_server")) if opcua else ReplaySource(tmp_path)
    await source.start()
    yield source
    await source.close()


class Run:
    """A running driver and what it emitted."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.scans: list[Scan] = []
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(driver.run(self.scans.append, self.stop))

    async def until(self, true: Callable[[Scan], bool], seconds: float = 60.0) -> Scan:
        """The first scan from now on for which this holds."""
        start = len(self.scans)
        deadline = monotonic() + seconds
        while True:
            assert not self.task.done(), "the driver ended by itself"
            for scan in self.scans[start:]:
                if true(scan):
                    return scan
            assert monotonic() < deadline, f"did not happen in time: {self.driver.diagnostics()}"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(source: Source) -> AsyncIterator[Run]:
    run = Run(source.driver())
    try:
        yield run
    finally:
        run.stop.set()
        await asyncio.wait_for(run.task, 5)


def good(scan: Scan) -> bool:
    return (
        scan.connected
        and set(scan.samples) == {LEVEL, HEAT}
        and all(sample.quality is Quality.GOOD for sample in scan.samples.values())
    )


def lost(scan: Scan) -> bool:
    return not scan.connected


async def test_a_frame_holds_every_point_with_its_value_and_its_own_time(source):
    async with running(source) as run:
        before = now_us()
        scan = await run.until(good)
        assert scan.samples[HEAT].value == 21.5
        assert scan.samples[LEVEL].value is not None
        assert all(abs(sample.sampled_at_us - before) < 5_000_000 for sample in scan.samples.values())


async def test_values_come_in_order_and_none_is_left_out(source):
    async with running(source) as run:
        first = await run.until(good)
        await run.until(lambda scan: good(scan) and scan.collected_at_us > first.collected_at_us + 1_000_000)
        frames = run.scans[run.scans.index(first) :]
        levels = [scan.samples[LEVEL].value for scan in frames if LEVEL in scan.samples]
        fresh = [value for value, following in zip(levels, [*levels[1:], None], strict=True) if value != following]
        steps = {after - before for before, after in itertools.pairwise(fresh)}
        assert steps <= {1.0, -7.0}  # one up, or the recording begins anew
        assert [scan.collected_at_us for scan in frames] == sorted({scan.collected_at_us for scan in frames})


async def test_a_lost_source_makes_every_point_bad_and_valueless_and_frames_go_on(source):
    async with running(source) as run:
        await run.until(good)
        await source.die()
        scan = await run.until(lost)
        await run.until(lambda later: lost(later) and later.collected_at_us > scan.collected_at_us)
        assert {sample.quality for sample in scan.samples.values()} == {Quality.BAD}
        assert {sample.value for sample in scan.samples.values()} == {None}
        assert set(scan.samples) == {LEVEL, HEAT}


async def test_it_reconnects_by_itself(source):
    async with running(source) as run:
        for _ in range(2):
            await run.until(good)
            await source.die()
            await run.until(lost)
            await source.back()
        await run.until(good)


async def test_a_loss_is_told_once(source, caplog):
    with caplog.at_level(logging.WARNING, logger="anlan.edge"):
        async with running(source) as run:
            await run.until(good)
            await source.die()
            scan = await run.until(lost)
            await run.until(lambda later: later.collected_at_us > scan.collected_at_us + 1_000_000)
        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


async def test_the_source_being_away_at_the_start_is_like_any_other_loss(source):
    await source.die()
    driver = source.driver()
    run = Run(driver)
    await asyncio.sleep(PERIOD_S * 3)
    assert not run.task.done()
    await source.back()
    await run.until(good)
    run.stop.set()
    await asyncio.wait_for(run.task, 5)


async def test_it_never_blocks_the_loop_and_stops_when_told_even_while_the_source_is_away(source):
    async with running(source) as run:
        await run.until(good)
        await source.die()
        first = await run.until(lost)
        turns = [0]

        async def take_turns() -> None:
            while True:
                await asyncio.sleep(0)
                turns[0] += 1

        others = asyncio.create_task(take_turns())
        per_frame = []
        for _ in range(5):
            before = turns[0]
            following = await run.until(lambda scan, at=first.collected_at_us: scan.collected_at_us > at)
            first = following
            per_frame.append(turns[0] - before)
        others.cancel()
        run.stop.set()
        await asyncio.wait_for(run.task, 5)
    assert min(per_frame) > 0


async def test_diagnostics_are_json_and_tell_the_state(source):
    async with running(source) as run:
        await run.until(good)
        up = json.loads(json.dumps(run.driver.diagnostics()))
        await source.die()
        await run.until(lost)
        down = json.loads(json.dumps(run.driver.diagnostics()))
    assert (up["connected"], down["connected"]) == (True, False)
    assert up["points"] == 2
    assert down["last_error"]
