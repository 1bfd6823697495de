"""The test of the whole way through the real processes: every step is done, and nothing is left in use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reliability.plant import Plant

from anlan.apps.gateways.models import WayStep


@pytest.mark.slow
def test_a_sample_reaches_a_telephone_by_the_real_processes(tmp_path: Path, database_url: str) -> None:
    channels = {"phone": {"type": "demo_phone"}}
    roles = ["engine", "intake", "delivery"]
    with Plant(tmp_path / "data", database_url, roles, enterprises=1, points=2, channels=channels) as plant:
        plant.ask("staff", "000-100")
        environment = {**os.environ, **plant.supervisor.config.environment()}
        command = [sys.executable, "-m", "anlan.cli", "test-way", f"{plant.sites[0].source}m"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        done = [line.split("：")[0] for line in ran.stdout.splitlines() if line.startswith("✓")]
        assert (ran.returncode, done) == (0, [f"✓ {step.label}" for step in WayStep]), ran.stdout + ran.stderr
