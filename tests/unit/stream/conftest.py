"""A real log server for the tests that talk to one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anlan.stream.natsd import NatsServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    nats = NatsServer(tmp_path / "log")
    nats.start()
    nats.wait_ready()
    yield nats
    nats.stop()
