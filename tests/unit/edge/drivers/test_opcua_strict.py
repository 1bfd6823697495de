"""Servers as they stand in plants: with limits, with folders that are nobody's business, with strange times."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from tests.unit.edge.drivers.strict_server import POINTS, SINGLE, StrictServer

from anlan.edge.config import parse
from anlan.edge.drivers import open_driver
from anlan.edge.drivers.base import Driver
from anlan.edge.scan import Quality, Sample, Scan
from anlan.now import SystemClock, monotonic

HEAD = """
[local]
store_dir = "store"
[intake]
url = "http://127.0.0.1:1"
[[gateway]]
code = "99013110301"
enterprise = "990131103"
key = "k"
period_s = 0.2
[gateway.driver]
kind = "opcua"
retry_first_s = 0.1
retry_most_s = 0.2
bad_after_periods = 400
"""
FIRST = POINTS[0]


@pytest.fixture(scope="module")
def strict() -> Iterator[StrictServer]:
    server = StrictServer()
    yield server
    server.close()


@pytest.fixture
def server(strict: StrictServer) -> StrictServer:
    strict.calm()
    return strict


class Run:
    """A running driver and its newest frame."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.scans: list[Scan] = []
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(driver.run(self.scans.append, self.stop))

    async def until(self, true: Callable[[dict[str, Sample]], object]) -> dict[str, Sample]:
        """The samples of the first frame for which this holds."""
        deadline, seen = monotonic() + 20, 0
        while True:
            for scan in self.scans[seen:]:
                seen += 1
                if true(dict(scan.samples)):
                    return dict(scan.samples)
            assert monotonic() < deadline, self.driver.diagnostics()
            await asyncio.sleep(0.02)

    @property
    def status(self) -> Any:
        return self.driver.diagnostics()


@asynccontextmanager
async def running(tmp_path: Path, server: StrictServer, section: str) -> AsyncIterator[Run]:
    (gateway,) = parse(HEAD + f'url = "{server.url}"\n' + section, tmp_path).gateways
    run = Run(open_driver(gateway, SystemClock()))
    try:
        yield run
    finally:
        run.stop.set()
        await asyncio.wait_for(run.task, 5)


def browsed(server: StrictServer) -> str:
    return f'browse = "{server.node("Plant")}"\n'


def mapped(server: StrictServer, *codes: str) -> str:
    return "[gateway.driver.nodes]\n" + "".join(f'{code} = "{server.node(code)}"\n' for code in codes)


def value_of(samples: dict[str, Sample], code: str) -> float | None:
    """None also in a frame that holds only what was said twice in one period."""
    return samples[code].value if code in samples else None


def good(samples: dict[str, Sample]) -> list[str]:
    return [code for code, sample in samples.items() if sample.quality is Quality.GOOD]


@pytest.mark.case("A8")
@pytest.mark.parametrize("tells", [True, False], ids=["told", "untold"])
@pytest.mark.parametrize("most", [1, 7])
async def test_a_server_that_takes_few_nodes_a_call_is_read_whole_in_portions(server, tmp_path, most, tells):
    server.limit(read=most, browse=most, monitor=most, tells=tells)
    section = 'confirm = "read"\nuncertain_after_periods = 300\n' + browsed(server)
    async with running(tmp_path, server, section) as run:
        await run.until(lambda samples: len(good(samples)) == 30)
        # nothing changes any more: whatever is read now is read because the subscription says nothing
        await run.until(lambda samples: all(server.reads[code] >= 2 for code in POINTS))
        assert len(good(dict(run.scans[-1].samples))) == 30
        assert run.status["last_error"] == ""
        assert 1 <= run.status["portions"]["read"] <= most


@pytest.mark.case("A8")
@pytest.mark.parametrize("faults", [True, False], ids=["fault of the call", "result of the node"])
async def test_a_folder_that_is_refused_is_told_and_the_others_are_read(server, tmp_path, faults, caplog):
    server.refused, server.faults = {"Unit1"}, faults
    with caplog.at_level(logging.WARNING, logger="anlan.edge"):
        async with running(tmp_path, server, browsed(server)) as run:
            samples = await run.until(lambda samples: len(good(samples)) == 20)
            assert set(samples) == set(POINTS[:10] + POINTS[20:])
            assert list(run.status["refused_folders"].values()) == ["BadUserAccessDenied"]
            assert "Unit1" in run.status["last_error"]
    assert "Unit1" in caplog.text


@pytest.mark.case("A8")
async def test_a_root_that_is_refused_is_a_loss_that_says_why(server, tmp_path):
    server.refused = {"Plant"}
    async with running(tmp_path, server, browsed(server)) as run:
        deadline = monotonic() + 60
        while "BadUserAccessDenied" not in run.status["last_error"]:
            assert monotonic() < deadline, run.status
            await asyncio.sleep(0.02)
        assert run.status["connected"] is False


@pytest.mark.case("A8")
async def test_what_one_subscription_does_not_take_goes_into_another(server, tmp_path):
    server.most_items = 12
    async with running(tmp_path, server, browsed(server)) as run:
        await run.until(lambda samples: len(good(samples)) == 30)
        assert run.status["subscriptions"] == 3
        server.state(POINTS[29], 99.0)
        await run.until(lambda samples: value_of(samples, POINTS[29]) == 99.0)


@pytest.mark.case("A8")
async def test_a_node_that_is_refused_is_named_with_the_reason_and_bad_ones_too(server, tmp_path):
    server.state(POINTS[1], 1.0, status=ua.StatusCodes.BadSensorFailure)
    server.state(POINTS[2], float("nan"))
    async with running(tmp_path, server, mapped(server, *POINTS[:3], "990131103001G0001WD999")) as run:
        await run.until(lambda samples: len(samples) == 4 and value_of(samples, FIRST) == 21.5)
        assert run.status["refused_nodes"] == {"990131103001G0001WD999": "BadNodeIdUnknown"}
        assert run.status["missing_nodes"] == ["990131103001G0001WD999"]
        assert run.status["bad_points"] == {POINTS[1]: "BadSensorFailure", POINTS[2]: "不是数值"}
        assert "990131103001G0001WD999（BadNodeIdUnknown）" in run.status["last_error"]


@pytest.mark.case("A7")
@pytest.mark.parametrize(
    ("source", "quality"),
    [
        (datetime(1601, 1, 1, tzinfo=UTC), Quality.GOOD),  # this is how OPC UA writes that there is none
        (datetime(1970, 1, 1, tzinfo=UTC), Quality.UNCERTAIN),
        (datetime(2000, 1, 1, tzinfo=UTC), Quality.UNCERTAIN),
        (timedelta(hours=8), Quality.UNCERTAIN),
        (timedelta(hours=-8), Quality.UNCERTAIN),
    ],
    ids=["1601", "1970", "2000", "ahead", "behind"],
)
async def test_a_source_time_that_nobody_can_mean_is_replaced_by_the_servers_and_told(
    server, tmp_path, source, quality, caplog
):
    def stamp() -> datetime:
        return datetime.now(UTC) + source if isinstance(source, timedelta) else source

    with caplog.at_level(logging.WARNING, logger="anlan.edge"):
        async with running(tmp_path, server, mapped(server, FIRST)) as run:
            for value in (1.0, 1.2, 1.7):
                server.state(FIRST, value, source=stamp())
                samples = await run.until(lambda samples, value=value: value_of(samples, FIRST) == value)
            assert samples[FIRST].quality is quality
            assert abs(samples[FIRST].sampled_at_us - datetime.now(UTC).timestamp() * 1e6) < 30_000_000
            doubted = [] if quality is Quality.GOOD else [FIRST]
            assert run.status["doubtful_times"] == doubted
            assert bool(run.status["last_error"]) == bool(doubted)
    assert ("时间不可信" in caplog.text) == bool(doubted)


async def test_a_value_that_stands_since_before_the_connection_keeps_its_time(server, tmp_path):
    stands = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    server.state(FIRST, 3.0, source=stands)
    async with running(tmp_path, server, mapped(server, FIRST)) as run:
        samples = await run.until(lambda samples: value_of(samples, FIRST) == 3.0)
        assert samples[FIRST] == Sample(3.0, Quality.GOOD, int(stands.timestamp() * 1e6))


@pytest.mark.case("A9")
async def test_a_namespace_is_found_by_its_name_and_an_unknown_one_is_told(server, tmp_path):
    strange = '"990131103001G0001WD998" = "nsu=http://elsewhere.example;s=x"\n'
    async with running(tmp_path, server, mapped(server, FIRST) + strange) as run:
        await run.until(lambda samples: len(samples) == 2 and value_of(samples, FIRST) == 21.5)
        assert run.status["refused_nodes"] == {"990131103001G0001WD998": "BadNamespaceUriInvalid"}


@pytest.mark.case("A9")
async def test_a_32_bit_number_is_what_the_instrument_shows(server, tmp_path):
    server.state(SINGLE[0], 1.55)
    async with running(tmp_path, server, mapped(server, SINGLE[0])) as run:
        samples = await run.until(lambda samples: good(samples) == [SINGLE[0]])
        assert samples[SINGLE[0]].value == 1.55


@pytest.mark.case("A9")
async def test_the_sign_of_a_broken_transmitter_is_a_bad_sample_for_all_points_or_for_one(server, tmp_path):
    (tmp_path / "points.csv").write_bytes(
        "code,node,decimals,missing,说明\n".encode("gbk")
        + f"{POINTS[0]},{server.node(POINTS[0])},1,,一号罐\n".encode("gbk")
        + f"{SINGLE[1]},{server.node(SINGLE[1])},1,0;999.9,二号罐\n".encode("gbk")
    )
    server.state(POINTS[0], -9999.0)
    server.state(SINGLE[1], 999.9)
    async with running(tmp_path, server, 'points_file = "points.csv"\nmissing = [-9999]\n') as run:
        bad = await run.until(lambda samples: [s.quality for s in samples.values()] == [Quality.BAD] * 2)
        assert [(sample.value, sample.quality) for sample in bad.values()] == [(None, Quality.BAD)] * 2
        assert run.status["bad_points"] == {POINTS[0]: "缺测标志 -9999", SINGLE[1]: "缺测标志 999.9"}
        server.state(POINTS[0], 0.0)
        server.state(SINGLE[1], -9998.0)
        await run.until(lambda samples: good(samples) == [POINTS[0], SINGLE[1]])
