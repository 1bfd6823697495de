"""Other people's data from other people's OPC UA server, through our gateway and roles, to an alarm in the API.

The recordings, their servers and the instants at which a limit is passed are not ours. Between them and the answer of
the API stands nothing but the product: gateway process, intake, log, engine, historian, database, web.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import ROOT
from tests.integration.recorded_world import OFFICER
from tests.node_opcua.gateway import Link, gateway_toml
from tests.node_opcua.recorded import SKAB, TEP, RecordedServer
from tests.reliability.plant import until

from anlan.config import Config
from anlan.roles.supervisor import Supervisor
from anlan.testing.sites import sites

# one set of processes for both; nothing in it asks the second database anything the way of a sample does not
pytestmark = [pytest.mark.xdist_group("recorded"), pytest.mark.sqlite]

PASSWORD = "recorded-pass-7"
LIMITS = {id(SKAB): ("Temperature", {"l": 77.0}), id(TEP): ("V7", {"h": 2895.0, "hh": 2950.0})}
"""The watched column of each recording and its limits; every other column has limits that it stays within."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Replay:
    """A recording that has begun to play."""

    link: Link
    stamps: list[datetime]

    def at(self, row: int) -> datetime:
        """When the row of the file (counted from 0) was stamped."""
        return self.stamps[row - self.link.known.from_row]


@dataclass(frozen=True)
class Chain:
    """All of it, running."""

    shared: Path
    browser: httpx.Client
    replays: dict[str, Replay]
    supervisor: Supervisor

    def api(self, path: str, **query: Any) -> Any:
        answer = self.browser.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def changes(self, point: str) -> list[list[Any]]:
        """What the alarms of a point went through: change, level, value, instant."""
        return [[*told, datetime.fromisoformat(at)] for *told, at in records(self.supervisor, "changes", point)]


def records(supervisor: Supervisor, *question: str, told: Any = None) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.recorded_world", *question],
        env={**os.environ, **supervisor.config.environment()},
        input=json.dumps(told),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def registered(number: int, link: Link, shared: Path) -> list[dict[str, Any]]:
    """The points of a recording for the registry: limits just outside of all that is played, but for the watched."""
    watched, limits = LIMITS[id(link.known)]
    found = []
    for column, code in link.points(shared).items():
        series = link.known.series(column, shared)
        wide = {"l": min(series) - 1, "h": max(series) + 1}
        found.append({"enterprise": number, "code": code, "column": column, "period_s": 10.0, **wide})
        found[-1] |= {"range_min": wide["l"] - 1000, "range_max": wide["h"] + 1000}
        if column == watched:
            found[-1] |= limits
    return found


def log_in(browser: httpx.Client) -> None:
    assert browser.get("/api/v1/alarms").status_code == 401
    browser.get("/login/")
    form = {"username": OFFICER, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    assert browser.post("/login/", data=form).status_code == 302


def gateway_process(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "anlan", "gateway", "--config", str(folder / "gateway.toml")])


def connected(folder: Path) -> bool:
    try:
        status = json.loads((folder / "store" / "status.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    return all(each["source"]["connected"] for each in status["gateways"].values())


@pytest.fixture(scope="module")
def chain(
    shared: Path,
    recorded_servers: dict[str, RecordedServer],
    tmp_path_factory: pytest.TempPathFactory,
    module_database_url: str,
) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("recorded")
    config = Config(data_dir=folder / "data", database_url=module_database_url, web_port=0, intake_port=0)
    supervisor = Supervisor(config, ["engine", "historian", "intake", "web"])
    pairs = list(zip((SKAB, TEP), sites(2, 0), strict=True))
    links, points = [], []
    for known, site in pairs:
        recorded_servers[known.file].reset()
        url = recorded_servers[known.file].url
        links.append(Link(known, url, site.enterprise, site.source, site.gateway, site.key))
        points += registered(len(links) - 1, links[-1], shared)
    records(supervisor, "build", told={"password": PASSWORD, "points": points})
    with ExitStack() as running:
        running.callback(supervisor.stop)
        supervisor.start(migrate=False)
        (folder / "gateway.toml").write_text(gateway_toml(links, shared, supervisor.intake_url), encoding="utf-8")
        gateway = gateway_process(folder)
        running.callback(gateway.wait, 60)
        running.callback(gateway.send_signal, signal.SIGTERM)
        supervisor.wait_ready(90)
        browser = running.enter_context(httpx.Client(base_url=supervisor.web_url, trust_env=False, timeout=30))
        log_in(browser)
        until(lambda: connected(folder), 60, lambda: "the gateway does not reach the servers")
        replays = {}
        for link in links:
            stamps = link.known.stamps_us(shared, recorded_servers[link.known.file].play())
            replays[link.known.file] = Replay(link, [EPOCH + timedelta(microseconds=at) for at in stamps])
        yield Chain(shared, browser, replays, supervisor)


def the_alarm(chain: Chain, link: Link, worst: str) -> dict[str, Any]:
    """The one limit alarm of the enterprise, once it is as grave as it becomes."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = chain.api("alarms", enterprise=link.enterprise, side=["high", "low"])["items"]
        return worst in [alarm["worst"] for alarm in found]

    until(there, 45, lambda: f"no alarm {worst}: {found}")
    (alarm,) = found
    return {**alarm, **{key: datetime.fromisoformat(alarm[key]) for key in ("started_at", "raised_at", "detected_at")}}


def history_is_the_recording(chain: Chain, replay: Replay, column: str) -> None:
    """The trend, asked in steps of the recording's own spacing, is the column of the file, row by row."""
    known, code = replay.link.known, replay.link.points(chain.shared)[column]
    step = timedelta(seconds=known.row_seconds / known.speed)
    start, end = replay.stamps[0], replay.stamps[-1] + step
    query = {"from": start.isoformat(), "to": end.isoformat(), "buckets": (end - start) // step}
    expected = dict(zip(replay.stamps, known.series(column, chain.shared), strict=True))
    answer: dict[str, Any] = {}
    seen: dict[datetime, float] = {}

    def complete() -> bool:
        answer.update(chain.api(f"points/{code}/trend", **query))
        buckets = answer["buckets"]
        filled = [row for row in zip(buckets["t"], buckets["last"], buckets["count"], strict=True) if row[2]]
        seen.clear()
        seen.update({EPOCH + timedelta(milliseconds=at): value for at, value, _ in filled})
        return answer["summary"]["count"] == len(expected)

    def missing() -> list[int]:
        return [known.from_row + row for row, at in enumerate(replay.stamps) if at not in seen]

    until(complete, 45, lambda: f"{column}: {len(seen)} of {len(expected)}, without rows {missing()}")
    assert seen == expected
    assert (answer["summary"]["min"], answer["summary"]["max"]) == (min(expected.values()), max(expected.values()))


def test_the_valve_of_skab_lets_the_water_cool_through_its_low_limit(chain: Chain) -> None:
    replay = chain.replays[SKAB.file]
    code = replay.link.points(chain.shared)["Temperature"]
    alarm = the_alarm(chain, replay.link, "L")
    assert (alarm["point"], alarm["side"], alarm["level"], alarm["state"]) == (code, "low", "L", "active")
    assert (alarm["value"], alarm["limit"]) == (76.8679, 77.0)
    assert alarm["started_at"] == alarm["raised_at"] == replay.at(637)
    assert alarm["detected_at"] > alarm["raised_at"]
    history_is_the_recording(chain, replay, "Temperature")
    history_is_the_recording(chain, replay, "Volume Flow RateRMS")


def test_fault_6_of_tep_drives_the_reactor_pressure_through_two_limits(chain: Chain) -> None:
    replay = chain.replays[TEP.file]
    code = replay.link.points(chain.shared)["V7"]
    alarm = the_alarm(chain, replay.link, "HH")
    assert (alarm["point"], alarm["side"], alarm["level"], alarm["state"]) == (code, "high", "HH", "active")
    assert (alarm["value"], alarm["limit"]) == (2955.5, 2950.0)
    assert alarm["started_at"] == alarm["raised_at"] == replay.at(93)
    assert chain.changes(code) == [
        ["raised", "H", 2895.7, replay.at(93)],
        ["worsened", "HH", 2955.5, replay.at(108)],
    ]
    history_is_the_recording(chain, replay, "V7")
    (span,) = [
        span
        for span in chain.api(f"points/{code}/trend", **{"from": replay.stamps[0].isoformat()})["alarms"]
        if span["side"] == "high"
    ]
    assert (datetime.fromisoformat(span["start"]), span["worst"], span["end"]) == (replay.at(93), "HH", None)


def test_the_crossings_are_those_that_the_recordings_are_known_for(shared: Path) -> None:
    for known in (SKAB, TEP):
        column, limits = LIMITS[id(known)]
        assert {crossing.limit for crossing in known.crossings} == set(limits.values())
        series = known.series(column, shared)
        for crossing in known.crossings:
            sign = 1 if crossing.side == "high" else -1
            beyond = [known.from_row + row for row, value in enumerate(series) if (value - crossing.limit) * sign >= 0]
            assert beyond == list(range(crossing.row, known.to_row))
