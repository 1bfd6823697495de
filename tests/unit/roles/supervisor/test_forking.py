"""The process that forks roles refuses what would be unsafe, and whoever waits for it in vain goes on without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from anlan import forker
from anlan.process.life import PARENT
from anlan.roles.supervisor import forking
from anlan.roles.supervisor.forking import Forked, Forker

pytestmark = pytest.mark.sqlite  # who starts and ends whom has nothing to do with the database


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Forker]:
    one = Forker({"ANLAN_DATA_DIR": str(tmp_path), "ANLAN_DATABASE_URL": ""}, tmp_path / "log" / "forker.log")
    one.start()
    one.wait_warm(threading.Event())
    assert one.pid is not None, (tmp_path / "log" / "forker.log").read_text()
    yield one
    one.stop()


def ask(one: Forker, log: Path, *arguments: str) -> Forked | None:
    environment = {**os.environ, "ANLAN_DATA_DIR": str(log.parent), PARENT: str(os.getpid())}
    with log.open("ab") as file:
        return one.fork("rules", arguments, environment, file.fileno())


@pytest.mark.case("F17")
def test_a_forked_verb_has_its_own_settings_log_and_exit_code_and_is_our_child(warm: Forker, tmp_path: Path) -> None:
    log = tmp_path / "rules.log"
    good, bad = ask(warm, log, "--help"), ask(warm, log, "--nonsense")
    assert good is not None
    assert bad is not None
    assert (good.wait(60), bad.wait(60)) == (0, 2)
    assert "usage: anlan rules" in log.read_text()
    assert good.poll() == 0, "asked again, it says the same"


@pytest.mark.case("F17")
def test_a_killed_verb_says_so(warm: Forker, tmp_path: Path) -> None:
    one = ask(warm, tmp_path / "rules.log", "--help")
    assert one is not None
    one.kill()
    assert one.wait(60) in (-signal.SIGKILL, 0)
    one.kill()  # what is gone is not killed again: its number may be somebody else's by now


@pytest.mark.case("F17")
def test_a_frozen_forker_is_given_up_and_nothing_that_it_forks_late_begins(
    warm: Forker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking, "ANSWER_WITHIN_S", 0.05)
    assert warm.pid is not None
    os.kill(warm.pid, signal.SIGSTOP)
    assert ask(warm, tmp_path / "rules.log", "--help") is None
    assert warm.pid is None
    assert (tmp_path / "rules.log").read_text() == ""


@pytest.mark.case("F17")
def test_a_forker_that_cannot_start_is_no_obstacle(tmp_path: Path) -> None:
    one = Forker({"DJANGO_SETTINGS_MODULE": "no.such.module"}, tmp_path / "forker.log")
    one.start()
    one.wait_warm(threading.Event())
    assert one.pid is None
    assert ask(one, tmp_path / "rules.log", "--help") is None


@pytest.mark.case("F17")
def test_everything_is_imported_without_a_second_thread_or_a_connection() -> None:
    script = "from anlan import forker\nforker.warm()\nprint(forker.why_unsafe() or 'safe')"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "safe"


@pytest.mark.case("F17")
def test_a_second_thread_is_a_reason_not_to_fork() -> None:
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait)
    thread.start()
    try:
        assert forker.why_unsafe().endswith("threads")
    finally:
        leave.set()
        thread.join()
