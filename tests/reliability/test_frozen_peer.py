"""Scenario 12: a peer that is frozen keeps its connection open and says nothing. That is silence, and shown as such."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.plant import Plant, until

from anlan.testing.sites import Site

ROOT = Path(__file__).resolve().parents[2]
OFFLINE_MINUTES, NO_DATA_S = 1, 10
POINTS = 2
WELL, UNREACHABLE = [True, 0, 0], [False, 1, POINTS]


@contextmanager
def sending(plant: Plant, site: Site) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.reliability.steady_sender", plant.supervisor.intake_url]
    process = subprocess.Popen([*command, site.enterprise, site.gateway, site.key, *site.points], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


@contextmanager
def plant_with_gateways(data_dir: Path, database_url: str) -> Iterator[tuple[Plant, list[subprocess.Popen[bytes]]]]:
    plant = Plant(data_dir, database_url, ["engine", "intake"], enterprises=2, points=POINTS)
    plant.ask("impatient", str(OFFLINE_MINUTES), str(NO_DATA_S))
    with plant, ExitStack() as gateways:
        yield plant, [gateways.enter_context(sending(plant, site)) for site in plant.sites]


def reached(plant: Plant, *expected: list[Any]) -> None:
    """Wait until the records say so of the gateways in their order."""
    found: dict[str, Any] = {}

    def so() -> bool:
        found.clear()
        found.update(plant.ask("reach"))
        return [found.get(site.gateway) for site in plant.sites] == list(expected)

    until(so, 240, lambda: f"{found} instead of {expected}")


@pytest.mark.slow
@pytest.mark.reliability(12)
def test_a_gateway_that_is_frozen_is_unreachable_and_its_points_have_no_data(tmp_path: Path, database_url: str) -> None:
    with plant_with_gateways(tmp_path / "data", database_url) as (plant, (frozen, _)):
        reached(plant, WELL, WELL)
        frozen.send_signal(signal.SIGSTOP)
        reached(plant, UNREACHABLE, WELL)
        frozen.send_signal(signal.SIGCONT)
        reached(plant, WELL, WELL)


@pytest.mark.slow
@pytest.mark.reliability(12)
def test_a_log_server_that_is_frozen_makes_no_gateway_unreachable(tmp_path: Path, database_url: str) -> None:
    """What nobody could hear says nothing of who spoke: without the log the engine's time stands still."""
    with plant_with_gateways(tmp_path / "data", database_url) as (plant, _):
        reached(plant, WELL, WELL)
        server = plant.signal("nats", signal.SIGSTOP)
        begun = time.monotonic()
        while time.monotonic() < begun + 60 * OFFLINE_MINUTES + 2 * NO_DATA_S:
            assert list(plant.ask("reach").values()) == [WELL, WELL]
            time.sleep(2.0)
        os.kill(server, signal.SIGCONT)
        reached(plant, WELL, WELL)


@pytest.mark.slow
@pytest.mark.case("F4")
@pytest.mark.reliability(12)
def test_an_intake_that_is_frozen_makes_no_gateway_unreachable(tmp_path: Path, database_url: str) -> None:
    """Frozen for longer than any silence may last, then awake or ended and started again: nobody could be heard."""
    with plant_with_gateways(tmp_path / "data", database_url) as (plant, _):
        reached(plant, WELL, WELL)
        intake = plant.signal("intake", signal.SIGSTOP)
        begun = time.monotonic()
        while time.monotonic() < begun + 60 * OFFLINE_MINUTES + 2 * NO_DATA_S:
            assert list(plant.ask("reach").values()) == [WELL, WELL]
            time.sleep(2.0)
        with suppress(ProcessLookupError):
            os.kill(intake, signal.SIGCONT)
        heard = time.monotonic()
        while time.monotonic() < heard + 3 * NO_DATA_S:
            assert list(plant.ask("reach").values()) == [WELL, WELL]
            time.sleep(2.0)
