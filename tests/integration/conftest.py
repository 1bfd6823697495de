"""What several integration tests share because starting it takes seconds: the servers of the recorded plants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.conftest import absent
from tests.node_opcua.recorded import SKAB, TEP, RecordedServer, node_program


@pytest.fixture(scope="session")
def recorded_servers(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RecordedServer]]:
    """A server for each recording, by the recording's file; `reset` one before use."""
    program = node_program()
    if program is None:
        absent("Node.js")
    assert program
    with ExitStack() as running:
        yield {
            known.file: running.enter_context(RecordedServer(known, shared, program, tmp_path_factory.mktemp("opcua")))
            for known in (SKAB, TEP)
        }
