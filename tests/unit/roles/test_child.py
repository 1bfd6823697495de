"""The log of a role is bounded while the role runs, not only when it is started again."""

from __future__ import annotations

from pathlib import Path

from anlan.roles.supervisor.child import LOG_MOST, Child


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
