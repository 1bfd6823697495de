"""What the supervisor's watching is made of: starts that fail are tried again, processes that stand still are seen."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anlan import now as clock
from anlan.config import Config
from anlan.process.places import announce, announced
from anlan.roles import watch
from anlan.roles.auditor import audit, guards
from anlan.roles.supervisor.child import Child
from anlan.roles.supervisor.forking import Forked
from anlan.roles.supervisor.movement import Movement, turns
from anlan.roles.supervisor.tries import Tries
from anlan.roles.supervisor.watching import Watching

pytestmark = pytest.mark.sqlite  # who starts and ends whom has nothing to do with the database
SLEEPER = "import threading\nwhile True: threading.Event().wait(0.01)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SLEEPER])
    yield process
    process.kill()
    process.wait()


@pytest.mark.case("A5")
def test_a_role_that_cannot_be_started_is_tried_again_and_starts_when_it_can(tmp_path: Path) -> None:
    place = tmp_path / "log"
    place.write_text("a file where the folder of logs should be")
    child = Child("rules", {}, place / "rules.log", ["--help"])
    assert child.tend() is False
    assert child.tend() is False, "not at once again"
    assert (child.starts, child.pid) == (0, None)
    place.unlink()
    pause = threading.Event()
    while not child.tend():
        pause.wait(0.05)
    assert child.starts == 1
    child.wait_end(60)


@pytest.mark.case("A5")
def test_work_that_fails_is_tried_again_with_growing_pauses_and_holds_up_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 0.0
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    tries, done, failing = Tries(), [], [OSError(errno.ENOSPC, "no room"), MemoryError(), RuntimeError("no thread")]

    def fails() -> None:
        done.append(moment)
        if failing:
            raise failing.pop(0)

    others = 0
    while moment < 3.0:
        tries.do("one", fails)
        others += tries.do("other", lambda: None)
        moment += 0.125
    assert done[:5] == [0.0, 0.25, 0.75, 1.625, 1.75]
    assert others == 24


@pytest.mark.case("A5")
def test_a_process_that_somebody_else_has_waited_for_counts_as_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert Forked(process.pid).poll() is not None


@pytest.mark.case("A5")
def test_a_role_that_cannot_say_it_is_ready_says_so_as_soon_as_it_can(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    (tmp_path / "run").write_text("in the way")
    announce(config, "clock", url="x")
    (tmp_path / "run").unlink()
    pause = threading.Event()
    while announced(config, "clock", os.getpid()) is None:
        pause.wait(0.05)


@pytest.mark.case("A5")
def test_the_outside_observer_takes_nonsense_for_no_signal_and_goes_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"nonsense\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        sight = watch.look(f"http://127.0.0.1:{server.getsockname()[1]}/alive", 90, clock.now())
    assert not sight.alive
    assert "对方没有应答" in sight.words


@pytest.mark.case("A13")
def test_a_process_that_is_stopped_is_seen_to_stand_still_and_one_that_waits_is_not(
    sleeper: subprocess.Popen[bytes],
) -> None:
    seen, pause = Movement(), threading.Event()

    def moved() -> int:
        before = turns(sleeper.pid)
        while turns(sleeper.pid) == before and _state(sleeper.pid) != "T":
            pause.wait(0.01)
        return seen.still(sleeper.pid)

    assert [moved() for _ in range(5)] == [0] * 5
    os.kill(sleeper.pid, signal.SIGSTOP)
    while _state(sleeper.pid) != "T":
        pause.wait(0.01)
    moved()
    assert [moved() for _ in range(4)][-1] >= 4
    os.kill(sleeper.pid, signal.SIGCONT)
    while _state(sleeper.pid) == "T":
        pause.wait(0.01)
    assert moved() == 0
    assert seen.still(None) == 0


@pytest.mark.case("A13")
def test_what_was_frozen_together_with_its_watcher_is_not_taken_for_still(sleeper: subprocess.Popen[bytes]) -> None:
    """Looks are counted: however long the watcher itself was away, it has seen at most one of them."""
    seen = Movement()
    seen.still(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGSTOP)
    assert seen.still(sleeper.pid) <= 1
    os.kill(sleeper.pid, signal.SIGCONT)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class Falling:
    """A child whose process has ended again at every look."""

    def __init__(self) -> None:
        self.starts, self.exit_code = 0, None

    def tend(self) -> bool:
        self.starts, self.exit_code = self.starts + 1, -9
        return True

    def end_frozen(self, after: int) -> bool:
        return False


@pytest.mark.case("A5")
def test_a_process_that_ends_again_and_again_and_is_back_at_once_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    watching, children = Watching(Tries(), 0), {"auditor": Falling(), "web": Falling()}
    for _ in range(3):
        watching.look({"auditor": children["auditor"]})  # type: ignore[dict-item]
        at += timedelta(minutes=10)
    assert [code for _, code in watching.ends["auditor"]] == [-9, -9], "the first start is no end"
    assert notes(watching) == []
    watching.look(children)  # type: ignore[arg-type]
    [note] = notes(watching)
    assert (note.kind, note.since) == ("ends_auditor", datetime(2026, 3, 2, 0, 10, tzinfo=UTC))
    assert "auditor 一天内自行结束 3 次，最近一次在 2026-03-02 08:30:00" in note.text
    at += timedelta(days=1, seconds=1)
    assert watching.ends == {}


def notes(watching: Watching) -> list[audit.Fault]:
    part = audit.Part()
    guards.ends(part, json.loads(json.dumps({"ends": watching.ends})))
    assert part.well
    return part.notes
