"""The log that a scenario is played on: the one server of an installation, and a cluster of three."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.reliability.cluster import Cluster


@pytest.fixture(
    params=[
        pytest.param(False, id="one-server"),
        pytest.param(True, id="cluster", marks=[pytest.mark.slow, pytest.mark.postgres]),
    ]
)
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster | None]:
    """For `Plant`: None for the server that its supervisor starts, or three nodes that outlive the plant.

    A cluster goes with PostgreSQL, as several hosts do.
    """
    if not request.param:
        yield None
        return
    with Cluster(tmp_path / "cluster") as running:
        yield running
