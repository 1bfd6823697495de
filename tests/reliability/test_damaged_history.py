"""The first bytes of the history database are overwritten: all but curves goes on, and it comes back by itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.reliability.test_supervisor import Served, alive

pytestmark = pytest.mark.sqlite


@pytest.mark.case("A11")
def test_all_roles_start_without_a_history_and_the_historian_begins_when_it_can(
    tmp_path: Path, database_url: str
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    history = data_dir / "history.sqlite3"
    history.write_bytes(b"overwritten " * 1000)
    served = Served(data_dir, database_url)
    try:
        run = served.run_file()
        served.errors.until(lambda text: "历史库打不开" in text)

        def announced(role: str) -> bool:
            return (data_dir / "run" / f"{role}.json").exists()

        def until(role: str) -> None:
            deadline = time.monotonic() + 150
            while not announced(role):
                assert time.monotonic() < deadline, (data_dir / "log" / f"{role}.log").read_text()[-3000:]
                assert served.process.poll() is None
                time.sleep(0.05)

        until("engine")
        until("intake")
        assert not announced("historian")
        assert alive(run["children"]["historian"]), "it waits, and says what for"
        for path in data_dir.glob("history.sqlite3*"):
            path.unlink()
        until("historian")
        assert served.until(lambda found: True)["children"]["historian"] == run["children"]["historian"]
    finally:
        served.process.terminate()
        served.process.wait(30)
