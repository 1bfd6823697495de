"""The child process of a drill knows nothing of this installation's settings."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from anlan.apps.drills import child
from anlan.apps.drills.models import RunState


def test_no_setting_of_ours_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    class Recorded:
        def __init__(self, command: list[str], **options: Any) -> None:
            seen.update(options, command=command)

        def wait(self, seconds: float) -> int:
            return 2

    monkeypatch.setenv("ANLAN_DATABASE_URL", "postgresql://127.0.0.1/never")
    monkeypatch.setattr(child.subprocess, "Popen", Recorded)
    child.check("name: 例")
    assert [name for name in seen["env"] if name.startswith("ANLAN_")] == []
    assert Path(seen["cwd"]) != Path.cwd()
    assert seen["env"]["TMPDIR"] == str(seen["cwd"])
    assert "ANLAN_DATABASE_URL" in os.environ


@pytest.mark.case("G11")
def test_of_fifty_scenarios_at_once_two_are_checked_and_the_others_wait_or_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is a process of its own; whoever has a log-in may hand them in."""
    lock, here, most = threading.Lock(), 0, 0
    may = threading.Event()

    def run(text: str, seconds: int, option: str) -> child.PlayOutcome:
        nonlocal here, most
        with lock:
            here += 1
            most = max(most, here)
        may.wait(60)
        with lock:
            here -= 1
        return child.PlayOutcome(RunState.DONE)

    monkeypatch.setattr(child, "_run", run)
    monkeypatch.setattr(child, "CHECK_S", 0.1)
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(child.check, "name: 例") for _ in range(50)]
        told = [done.result() for done in islice(as_completed(asked), 50 - child.CHECKS)]
        may.set()
    assert {(each.state, each.message) for each in told} == {(RunState.REFUSED, "此刻交来的剧本太多，请稍后再试。")}
    assert [each.result().state for each in asked].count(RunState.DONE) == child.CHECKS == most
