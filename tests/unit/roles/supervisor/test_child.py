"""A role under its supervisor: its log is bounded while it runs, and it ends when it is to, however it was begun."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from anlan.roles.supervisor.child import LOG_MOST, Child
from anlan.roles.supervisor.forking import Forked


def test_a_long_log_is_put_aside_under_the_hands_of_who_writes_it(tmp_path: Path) -> None:
    log = tmp_path / "log" / "engine.log"
    child = Child("engine", {}, log)
    child.keep_log_short()
    log.parent.mkdir()
    aside = log.with_suffix(".log.1")
    aside.write_bytes(b"older")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * LOG_MOST)
        child.keep_log_short()
        assert aside.read_bytes() == b"older"
        writer.write(b"b")
        child.keep_log_short()
        writer.write(b"c")
    assert log.read_bytes() == b"c"
    assert aside.stat().st_size == LOG_MOST + 1


def test_a_disk_that_takes_no_copy_still_gets_its_room_back(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"a" * (LOG_MOST + 1))
    (tmp_path / "engine.log.1").mkdir()
    (tmp_path / "engine.log.1" / "in the way").touch()
    Child("engine", {}, log).keep_log_short()
    assert log.stat().st_size == 0


@pytest.mark.case("A15")
@pytest.mark.parametrize("forked", [True, False])
def test_a_role_that_does_not_end_when_it_is_asked_is_killed_and_the_others_are_ended_too(
    tmp_path: Path, forked: bool
) -> None:
    """It hangs on a disk that takes nothing, say: the stop of everything else must not break off at it."""
    child = Child("engine", {}, tmp_path / "engine.log")
    process: Forked | subprocess.Popen[bytes] = (
        Forked(os.posix_spawn("/bin/sleep", ["sleep", "600"], os.environ))
        if forked
        else subprocess.Popen(["/bin/sleep", "600"])
    )
    child._process = process
    child.wait_end(0.05)
    assert process.poll() == -signal.SIGKILL
    child.wait_end(0.05)  # once more, when it is gone
