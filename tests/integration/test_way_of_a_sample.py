"""A sample's way through the real processes: sent over HTTP, it becomes an alarm, a live value and history."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.plant import Plant, micros, until

from anlan.stream.bus import Bus, BusTimeout
from anlan.testing.sender import Sender, packet
from anlan.testing.sites import Site

pytestmark = pytest.mark.xdist_group("sample")  # one set of processes for all of them


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, module_database_url: str) -> Iterator[Plant]:
    data_dir: Path = tmp_path_factory.mktemp("way") / "data"
    with Plant(data_dir, module_database_url, ["engine", "historian", "intake"], enterprises=3, points=4) as running:
        yield running


def rounded(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


Senders = Callable[..., Sender]


@pytest.fixture
def sender(plant: Plant) -> Iterator[Senders]:
    """Makes senders for sites, and closes their connections afterwards."""
    with ExitStack() as made:

        def of(site: Site, key: str = "") -> Sender:
            return made.enter_context(Sender(plant.supervisor.intake_url, site.gateway, key or site.key))

        yield of


def live(plant: Plant, question: dict[str, Any]) -> dict[str, Any]:
    bus = Bus(plant.supervisor.nats_url, "test-live")
    try:
        answer: dict[str, Any] = {}

        def answered() -> bool:
            try:
                answer.update(bus.request("live.get", question, 2.0))
            except BusTimeout:
                return False
            return True

        until(answered, 10, lambda: "the engine does not answer")
        return dict(answer["points"])
    finally:
        bus.close()


def test_a_jump_over_the_limit_is_an_alarm_with_the_sample_s_own_time(plant: Plant, sender: Senders) -> None:
    site = plant.sites[0]
    one = sender(site)
    start = rounded(datetime.now(UTC) - timedelta(seconds=60))
    values = [50.0, 85.0, 95.0, 84.0, 50.0]
    for number, value in enumerate(values):
        at = start + timedelta(seconds=5 * number)
        reply = one.send(packet(site.enterprise, site.gateway, at, {site.points[0]: value, site.points[1]: 50.0}))
        assert (reply.status, reply.accepted) == (200, 1)
    expected = [[micros(start + timedelta(seconds=5)), "HH", ["raised", "worsened", "eased", "cleared"]]]
    history = [[micros(start + timedelta(seconds=5 * n)), value] for n, value in enumerate(values)]
    state: dict[str, Any] = {}

    def arrived() -> bool:
        state.update(plant.ask("dump"))
        return state["history"][site.points[0]] == history and site.points[0] in state["alarms"]

    until(arrived, 30, lambda: str(state))
    assert state["alarms"] == {site.points[0]: expected}


def test_the_engine_answers_for_the_newest_values(plant: Plant, sender: Senders) -> None:
    site = plant.sites[1]
    at = rounded(datetime.now(UTC) - timedelta(seconds=5))
    sender(site).send(packet(site.enterprise, site.gateway, at, {site.points[0]: 12.5, site.points[1]: "坏"}))
    seen: dict[str, Any] = {}

    def there() -> bool:
        seen.update(live(plant, {"points": [site.points[0], site.points[1], "000"]}))
        return bool(seen[site.points[0]][2])

    until(there, 15, lambda: str(seen))
    value, quality, sampled, received, bits, _ = seen[site.points[0]]
    assert (value, quality, sampled) == (12.5, 0, micros(at))
    assert received > sampled
    assert bits
    assert seen[site.points[1]][:2] == [None, 2]
    assert "000" not in seen
    assert set(live(plant, {"enterprise": site.enterprise})) == set(site.points)


@pytest.mark.req("SEC-05")
def test_a_key_opens_its_own_enterprise_alone_and_a_batch_counts_once(plant: Plant, sender: Senders) -> None:
    own, other = plant.sites[2], plant.sites[1]
    mine, now = sender(own), rounded(datetime.now(UTC))
    foreign = mine.send(packet(other.enterprise, other.gateway, now, {other.points[2]: 99.0}))
    assert (foreign.status, foreign.reasons) == (400, ["foreign"])
    assert sender(other, key=own.key).send([]).status == 401
    batch = [
        packet(own.enterprise, own.gateway, now - timedelta(seconds=n), {own.points[0]: 50.0 + n}) for n in (3, 2, 1)
    ]
    first, second = mine.send(batch), mine.send(batch)
    assert (first.accepted, first.duplicates) == (3, 0)
    assert (second.accepted, second.duplicates) == (0, 3)
    future = mine.send(packet(own.enterprise, own.gateway, now + timedelta(hours=1), {own.points[0]: 1.0}))
    assert (future.status, future.reasons) == (400, ["future_dated"])
    state: dict[str, Any] = {}

    def arrived() -> bool:
        state.update(plant.ask("dump"))
        return bool(state["history"].get(own.points[0]))

    until(arrived, 30, lambda: str(state))
    assert [value for _, value in state["history"][own.points[0]]] == [53.0, 52.0, 51.0]
    assert state["history"][other.points[2]] == []
    reasons = {(row[0], row[1]) for row in plant.ask("refused")}
    assert {(own.gateway, "foreign"), (own.gateway, "future_dated"), (other.gateway, "bad_key")} <= reasons


def test_the_intake_says_how_it_is(plant: Plant) -> None:
    with urllib.request.urlopen(f"{plant.supervisor.intake_url}/healthz", timeout=5) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{plant.supervisor.intake_url}/metrics", timeout=5) as answer:
        assert b"anlan_intake_packets_accepted_total" in answer.read()


def test_every_role_says_how_it_is_where_the_supervisor_says(plant: Plant) -> None:
    targets: dict[str, str] = {}

    def all_named() -> bool:
        path = plant.supervisor.config.data_dir / "run" / "metrics.json"
        if path.exists():
            targets.update({each["labels"]["role"]: each["targets"][0] for each in json.loads(path.read_text())})
        return set(targets) == {*plant.supervisor.roles, "supervisor"}

    until(all_named, 60, lambda: str(targets))
    for role, target in targets.items():
        for path in ("/ready", "/metrics"):
            with urllib.request.urlopen(f"http://{target}{path}", timeout=30) as answer:
                text = answer.read().decode()
        assert "\nanlan_process_threads " in text
        assert f"anlan_{role}_" in text
