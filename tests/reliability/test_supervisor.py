"""The supervisor: one per data directory, nothing outlives it, everything it started is started again."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from anlan.config import Config
from anlan.roles.supervisor import AlreadyRunning, Supervisor

pytestmark = pytest.mark.sqlite  # who starts and ends whom has nothing to do with the database
ROLES = "engine,historian,intake"


class Errors:
    """What processes write to their standard error, read all the time, so that none has to wait for it."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def follow(self, process: subprocess.Popen[str]) -> None:
        def read(lines: IO[str]) -> None:
            with lines:
                self._lines.extend(lines)

        assert process.stderr is not None
        threading.Thread(target=read, args=(process.stderr,), daemon=True).start()

    def text(self) -> str:
        return "".join(self._lines)

    def until(self, holds: Callable[[str], bool], seconds: float = 150) -> str:
        deadline = time.monotonic() + seconds
        while not holds(text := self.text()):
            assert time.monotonic() < deadline, text[-3000:]
            time.sleep(0.05)
        return text


class Served:
    """`anlan serve` as a user starts it."""

    def __init__(self, data_dir: Path, database_url: str, **more: str) -> None:
        self.data_dir = data_dir
        self.environment = {
            **os.environ,
            "ANLAN_DATA_DIR": str(data_dir),
            "ANLAN_DATABASE_URL": database_url,
            "ANLAN_HISTORY_DATABASE_URL": "",
            **more,
        }
        self.errors = Errors()
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "anlan", "serve", "--web-port", "0", "--intake-port", "0", "--roles", ROLES]
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.errors.follow(process)
        return process

    def run_file(self) -> dict[str, Any]:
        return self.until(lambda found: all(found["children"].get(role) for role in ROLES.split(",")))

    def until(self, holds: Callable[[dict[str, Any]], bool], seconds: float = 150) -> dict[str, Any]:
        """What run.json says, as soon as ``holds`` says so."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found: dict[str, Any] = json.loads((self.data_dir / "run.json").read_text())
                if found["pid"] == self.process.pid and holds(found):
                    return found
            except (OSError, ValueError):
                found = {}
            assert time.monotonic() < deadline, f"run.json never said so: {found}"
            assert self.process.poll() is None, "serve ended"
            time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def wait_gone(pids: list[int], seconds: float = 10) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[Served]:
    one = Served(tmp_path / "data", database_url)
    yield one
    if one.process.poll() is None:
        one.process.terminate()
    one.process.wait(20)


@pytest.mark.case("A5")
@pytest.mark.parametrize("kind", [resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE], ids=["descriptors", "room"])
def test_want_of_anything_that_a_start_needs_is_waited_out_by_the_supervisor(served: Served, kind: int) -> None:
    """No descriptor left, no byte may be written: whoever is killed meanwhile is started again when there is room."""
    run = served.run_file()
    soft, hard = resource.prlimit(served.process.pid, kind)
    resource.prlimit(served.process.pid, kind, (0, hard))
    for pid in (run["forker_pid"], run["children"]["historian"], run["nats_pid"]):
        os.kill(pid, signal.SIGKILL)
    said = served.errors.until(lambda text: "historian cannot be started" in text or "run.json failed" in text)
    assert "tried again in" in said
    time_of_day = served.errors.until(lambda text: text.count("tried again in") >= 6)
    assert served.process.poll() is None, time_of_day
    assert alive(run["children"]["engine"])
    resource.prlimit(served.process.pid, kind, (soft, hard))
    again = served.until(
        lambda found: all(
            alive(new) and new != old
            for new, old in (
                (found["children"]["historian"] or 0, run["children"]["historian"]),
                (found["nats_pid"] or 0, run["nats_pid"]),
            )
        )
    )
    assert [again["children"][role] for role in ("engine", "intake")] == [
        run["children"][role] for role in ("engine", "intake")
    ]


@pytest.mark.case("A13")
def test_a_process_that_does_not_move_at_all_is_ended_and_started_anew(tmp_path: Path, database_url: str) -> None:
    served = Served(tmp_path / "data", database_url, ANLAN_FROZEN_AFTER_SECONDS="3")
    try:
        run = served.run_file()
        frozen = run["children"]["historian"]
        os.kill(frozen, signal.SIGSTOP)
        again = served.until(lambda found: found["children"]["historian"] not in (None, frozen))
        assert not alive(frozen)
        assert "historian has not moved for 3 s" in served.errors.text()
        assert [again["children"][role] for role in ("engine", "intake")] == [
            run["children"][role] for role in ("engine", "intake")
        ]
    finally:
        served.process.terminate()
        served.process.wait(30)


def everyone(run: dict[str, Any]) -> list[int]:
    return [run["nats_pid"], run["forker_pid"], *run["children"].values()]


def is_forked(pid: int) -> bool:
    """Whether a role shares its code with others: its command line is still that of the process that forked it."""
    return "anlan.forker" in Path(f"/proc/{pid}/cmdline").read_text()


def test_nothing_survives_a_killed_supervisor_and_the_next_one_may_start(served: Served) -> None:
    run = served.run_file()
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait(10)
    assert wait_gone(everyone(run)) == []
    served.process = served.start()
    again = served.run_file()
    assert again["pid"] == served.process.pid
    assert not set(everyone(run)) & set(everyone(again))


@pytest.mark.case("F17")
def test_roles_are_forked_and_a_kill_of_who_forks_them_disturbs_nobody(served: Served) -> None:
    run = served.run_file()
    assert all(is_forked(pid) for pid in run["children"].values())
    os.kill(run["forker_pid"], signal.SIGKILL)
    os.kill(run["children"]["historian"], signal.SIGKILL)
    now = served.until(lambda found: found["children"]["historian"] not in (None, run["children"]["historian"]))
    assert not is_forked(now["children"]["historian"]), "started the usual way while there was nobody to fork it"
    assert [now["children"][role] for role in ("engine", "intake")] == [
        run["children"][role] for role in ("engine", "intake")
    ]
    again = served.until(lambda found: found["forker_pid"] not in (None, run["forker_pid"]))
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait(10)
    assert wait_gone(everyone(again)) == []


def test_a_second_start_on_the_same_directory_is_refused_with_a_clear_message(served: Served) -> None:
    run = served.run_file()
    second = subprocess.run(
        [sys.executable, "-m", "anlan", "serve", "--web-port", "0"],
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 2
    assert "正由另一个安澜实例使用" in second.stderr
    assert str(run["pid"]) in second.stderr
    assert "Traceback" not in second.stderr
    assert all(alive(pid) for pid in everyone(run))


def test_a_polite_end_takes_everything_along_within_seconds(served: Served) -> None:
    run = served.run_file()
    begun = time.monotonic()
    served.process.terminate()
    assert served.process.wait(15) == 0
    assert wait_gone(everyone(run), 1) == []
    assert time.monotonic() - begun < 15
    assert not (served.data_dir / "run.json").exists()


def test_the_lock_is_free_after_stop(tmp_path: Path) -> None:
    from anlan.roles.supervisor.lock import DirectoryLock

    first, second = DirectoryLock(tmp_path), DirectoryLock(tmp_path)
    first.acquire()
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_ports_that_were_left_open_are_chosen_once_and_kept(tmp_path: Path) -> None:
    supervisor = Supervisor(Config(data_dir=tmp_path, web_port=0, intake_port=0), [])
    assert supervisor.config.web_port
    assert supervisor.config.web_port != supervisor.config.intake_port
    assert str(supervisor.config.intake_port) in supervisor.intake_url
