"""`anlan demo` as a user starts it: it refuses what is not its own, and leaves no process behind however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT

MARK = "DEMO_UNDER_TEST"


class Command:
    """Starts demonstrations and finds every process that came of them, by a variable that all of them inherit."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
        self.environment = kept | {MARK: self.mark, "PYTHONUNBUFFERED": "1", "ANLAN_SECRET_KEY": "test"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "anlan", "demo", *arguments],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, error = process.communicate(timeout=600)
        return process.returncode, out, error

    def processes(self) -> list[int]:
        """Living processes of this test's demonstrations; empty where there is no /proc."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue  # ended while we looked, or another user's
        return found

    def wait_gone(self, seconds: float = 60) -> list[int]:
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left


@pytest.fixture
def command() -> Iterator[Command]:
    one = Command()
    yield one
    for pid in one.processes():
        os.kill(pid, signal.SIGKILL)


def test_a_folder_that_holds_something_else_is_refused_and_stays_as_it_was(command: Command, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    code, _, error = command.run("--folder", str(tmp_path))
    assert code == 2
    assert "里有别的文件" in error
    assert "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.slow
def test_a_second_demo_is_refused_and_a_killed_one_leaves_nothing_running(command: Command, tmp_path: Path) -> None:
    folder = str(tmp_path / "demo")
    first = command.start("--folder", folder)
    assert first.stdout is not None
    said = ""
    while "Ctrl-C 停止" not in said:
        line = first.stdout.readline()
        assert line, first.communicate()[1]
        said += line
    before = command.processes()
    assert len(before) >= 10  # itself, log, seven roles, plant, gateway and its log

    code, _, error = command.run("--folder", folder)
    assert code == 2
    assert "正由另一个安澜实例使用" in error
    assert "Traceback" not in error
    assert set(before) <= set(command.processes())

    first.kill()
    first.communicate(timeout=60)
    assert command.wait_gone() == []


@pytest.mark.slow
def test_once_sees_everything_tells_it_as_json_and_leaves_nothing_running(command: Command) -> None:
    code, out, error = command.run("--once", "--timeout", "480")
    assert code == 0, error
    figures = json.loads(out.splitlines()[-1])
    assert figures["points"] >= 390  # of 400; a lost link blanks two of them for a while
    assert all(figures[name] > 0 for name in ("alarms", "warnings", "notices", "recipients", "samples_per_second"))
    assert command.wait_gone(2) == []
