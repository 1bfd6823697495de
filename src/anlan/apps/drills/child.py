"""Plays and checks scenarios in a process of their own: no settings of ours, no database of ours, little of everything.

The process ends itself after its time (``anlan drill --limit``), also when we are gone. Its folder is thrown away.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anlan.apps.drills.models import RunState

PLAY_S = 60
CHECK_S = 10
CHECKS = 2
"""Checks at one time in a process: each is a process of its own, and whoever has a log-in may ask for one."""
OUTPUT = 4 << 20
"""Bytes of the largest timeline that is kept."""
NAME = "剧本.yaml"
_TIME_IS_UP = (-signal.SIGALRM, -signal.SIGKILL)

_turns = threading.BoundedSemaphore(CHECKS)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlayOutcome:
    """How a scenario fared. ``result`` is what the command printed, None unless done; ``message`` is Chinese."""

    state: RunState
    message: str = ""
    result: Any = None


def play(text: str, seconds: int = PLAY_S) -> PlayOutcome:
    """Play a scenario and lay it beside the regulation: the object of ``anlan drill --beside --json``."""
    return _run(text, seconds, "--beside")


def check(text: str) -> PlayOutcome:
    """Check a scenario; the result is its head (name, story, points, question). Waits for its turn as long as one check
    may take, and says so when it does not come."""
    if not _turns.acquire(timeout=CHECK_S):
        return PlayOutcome(RunState.REFUSED, "此刻交来的剧本太多，请稍后再试。")
    try:
        return _run(text, CHECK_S, "--check")
    finally:
        _turns.release()


def _run(text: str, seconds: int, option: str) -> PlayOutcome:
    with tempfile.TemporaryDirectory(prefix="anlan-drill-") as name:
        folder = Path(name)
        (folder / NAME).write_text(text, encoding="utf-8")
        code = _process(folder, seconds, option)
        printed, errors = folder / "printed", (folder / "errors").read_text(encoding="utf-8", errors="replace")
        if code == 0 and printed.stat().st_size <= OUTPUT:
            return PlayOutcome(RunState.DONE, result=json.loads(printed.read_text(encoding="utf-8")))
    if code == 0:
        return PlayOutcome(RunState.FAILED, f"时间线超过 {OUTPUT >> 20} MB，没有保存；请缩短剧本。")
    if code == 2:
        return PlayOutcome(RunState.REFUSED, errors.strip().removeprefix(f"{NAME}："))
    if code in _TIME_IS_UP:
        return PlayOutcome(RunState.FAILED, f"超过 {seconds} 秒没有完成，已停止；请缩短剧本。")
    logger.error("a drill ended with %d: %s", code, errors[-2000:])
    return PlayOutcome(RunState.FAILED, f"推演中断（退出码 {code}），原因已写入网页进程的日志。")


def _process(folder: Path, seconds: int, option: str) -> int:
    """Run the command in the folder; its exit code, negative when a signal ended it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
    command = [sys.executable, "-m", "anlan", "drill", NAME, "--json", option, "--limit", str(seconds)]
    with (folder / "printed").open("wb") as printed, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | {"TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
        )
        try:
            return process.wait(seconds + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
