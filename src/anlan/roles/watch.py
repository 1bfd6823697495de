"""``anlan watch``: the outside observer of the dead-man's signal. Runs on any machine; knows no database, no Django.

It must never trust the machine that it watches: a signal that is missing, old, from the future or refused is no signal.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

from anlan import now as clock
from anlan.process.life import Leaving, begin

TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 60.0
STATE = "ANLAN_WATCH_STATE"
REASON = "ANLAN_WATCH_REASON"
"""What the command finds in its environment: ``lost`` or ``back``, and the Chinese words."""
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen: whether the signal is there, and the words for it."""

    alive: bool
    words: str
    anchor: dict[str, str] | None = None
    """The newest anchor of the journal that the platform tells: ``{"at", "sha256"}``."""


def seconds(text: str) -> float:
    """``90``, ``90s``, ``5m`` or ``1h`` in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not found or float(found[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} 不是时长；写法如 90s、5m")
    return float(found[1]) * _UNITS[found[2] or "s"]


def look(target: str, within_s: float, now: datetime) -> Sight:
    """Look once at a file (its time of change) or an address (2xx, and ``passed_at`` where the answer is JSON)."""
    if target.startswith(("http://", "https://")):
        return _address(target, within_s, now)
    try:
        touched = datetime.fromtimestamp(Path(target).stat().st_mtime, tz=now.tzinfo)
    except OSError as error:
        return Sight(False, f"看不到文件 {target}：{error.strerror}")
    return _age("文件", touched, within_s, now)


def _address(url: str, within_s: float, now: datetime) -> Sight:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            body = answer.read(65536)
    except urllib.error.HTTPError as error:
        error.close()
        return Sight(False, f"对方应答 {error.code}")
    except (OSError, ValueError, HTTPException) as error:
        return Sight(False, f"对方没有应答：{getattr(error, 'reason', error)}")
    try:
        told = json.loads(body)
        passed = datetime.fromisoformat(told["passed_at"])
        anchor = told.get("anchor")
    except (ValueError, KeyError, TypeError):
        return Sight(True, "对方应答正常")  # an address that tells no time proves only that it answers
    sight = _age("审计", passed, within_s, now)
    return Sight(sight.alive, sight.words, anchor if isinstance(anchor, dict) else None)


def _age(what: str, at: datetime, within_s: float, now: datetime) -> Sight:
    age = now - at
    if age < -timedelta(seconds=within_s):
        return Sight(False, f"{what}的时间在 {-age.total_seconds():.0f} 秒以后，时钟不可信")
    words = f"{what}最近一次平安在 {max(0.0, age.total_seconds()):.0f} 秒前"
    return Sight(age <= timedelta(seconds=within_s), words)


class Watcher:
    """Looks again and again; tells and runs the command when the signal is lost, and when it is back."""

    def __init__(self, target: str, within_s: float, command: str = "", keep: Path | None = None) -> None:
        self._target, self._within_s, self._command, self._keep = target, within_s, command, keep
        self._kept = ""
        self.alive = True
        """What was seen last; a signal that was never there is told at the first look."""

    def look(self, now: datetime) -> Sight:
        """Look once; a change is told once."""
        sight = look(self._target, self._within_s, now)
        if self._keep is not None and sight.anchor is not None:
            self._remember(sight.anchor, self._keep)
        if sight.alive != self.alive:
            self.alive = sight.alive
            self.tell("back" if sight.alive else "lost", sight.words)
        return sight

    def _remember(self, anchor: dict[str, str], keep: Path) -> None:
        """Add an anchor that was not told before to the file, for ``anlan check --observed``; what is there stays."""
        line = json.dumps({"at": str(anchor.get("at", "")), "sha256": str(anchor.get("sha256", ""))})
        if line == self._kept:
            return
        try:
            known = keep.read_text(encoding="utf-8").splitlines() if keep.exists() else []
            if line not in known[-1:]:
                with keep.open("a", encoding="utf-8") as file:
                    file.write(f"{line}\n")
            self._kept = line
        except OSError as error:
            print(f"锚定没有记下：{error}", file=sys.stderr, flush=True)

    def tell(self, state: str, words: str) -> None:
        """Print the change and run the command with it; what the command does wrong is printed, never fatal."""
        print(f"{'恢复' if state == 'back' else '异常'}：{words}", flush=True)
        if not self._command:
            return
        environment: dict[str, Any] = {**os.environ, STATE: state, REASON: words}
        try:
            ended = subprocess.run(self._command, shell=True, env=environment, timeout=COMMAND_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"命令没有做成：{error}", file=sys.stderr, flush=True)
        else:
            if ended.returncode:
                print(f"命令退出码 {ended.returncode}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Look once (exit code 0 alive, 1 not) or, with ``--stay``, until asked to leave (exit code of the last sight)."""
    parser = argparse.ArgumentParser(prog="anlan watch", description="在外面看平安信号：没有、太旧、在未来，都算异常")
    parser.add_argument("target", metavar="文件|网址", help="平安文件，或 http(s)://…/alive")
    parser.add_argument("--within", type=seconds, default=90.0, help="信号多旧算异常，如 90s、5m；默认 90s")
    parser.add_argument("--stay", action="store_true", help="一直看着；失去与恢复时各说一次")
    parser.add_argument("--every", type=seconds, default=10.0, help="与 --stay 同用：每隔多久看一次；默认 10s")
    parser.add_argument("--run", default="", metavar="命令", help=f"失去（{STATE}=lost）与恢复（back）时执行的命令")
    told = "把看到的记录链锚定逐条记在这里，供 anlan check --observed"
    parser.add_argument("--keep", type=Path, metavar="文件", help=told)
    given = parser.parse_args(arguments)
    watcher = Watcher(given.target, given.within, given.run, given.keep)
    if not given.stay:
        sight = watcher.look(clock.now())
        if sight.alive:
            print(f"正常：{sight.words}")
        return 0 if sight.alive else 1
    leaving: Leaving = begin("watch")
    while True:
        watcher.look(clock.now())
        if leaving.wait(given.every):
            return 0 if watcher.alive else 1
