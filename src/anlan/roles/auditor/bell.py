"""Tells operators that the platform itself is unwell (SEC-06): delivered, not only shown.

One letter says everything that has been unwell for long enough, another that all of it is over. It goes past the
outbox, by the channels themselves: neither the delivery role nor the database need be alive. A channel that does not
take it is tried again with the newest words; a restart of the auditor repeats nothing that was taken.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anlan.config import Config, ConfigError
from anlan.rules.calendar import civil

log = logging.getLogger(__name__)

AT_ONCE = {
    "disk_full", "disk_files", "disk_history", "disk_back_fill", "disk_live",
    "log_full", "log_silent", "database_silent", "history_unreadable",
    "journal", "records", "acts", "anchor_broken", "history_gone",
}  # fmt: skip
"""Nothing of these gets better by waiting."""
AGAIN_S = 20.0
Send = Callable[[str, str, str, str, str, datetime], str]
"""``send(channel, address, key, title, body, at)`` → what went wrong, empty when it was taken."""


@dataclass(frozen=True, slots=True)
class Unwell:
    """One thing that is unwell, since when."""

    kind: str
    text: str
    since: datetime


@dataclass(frozen=True, slots=True)
class _Words:
    key: str
    title: str
    body: str
    at: datetime
    about: dict[str, str]
    """The faults that are told by it: kind → since; empty when it says that all is well again."""


def destinations(config: Config, known: Collection[str]) -> list[tuple[str, str]]:
    """``ops_alerts`` as (channel, address). Raises `ConfigError` for a channel that is not configured."""
    found = []
    for each in config.ops_alerts.split():
        channel, _, address = each.partition("=")
        if channel not in known:
            raise ConfigError(f"设置 ops_alerts 中的渠道 {channel[:20]} 没有配置")
        found.append((channel, address))
    return found


class Bell:
    """``ring`` once an audit; the letters leave in threads of their own, so that a channel may hang."""

    def __init__(self, config: Config, to: Collection[tuple[str, str]], send: Send) -> None:
        self._after = timedelta(minutes=config.ops_alert_minutes)
        self._lines = [_Line(channel, address, send, self._taken) for channel, address in to]
        self._guard = threading.Lock()
        self._told: dict[str, str] = {}
        self._asked: dict[str, str] = {}

    def remember(self, state: Mapping[str, Any]) -> None:
        """Go on where the auditor before this one stopped; ``state`` is what `state` gave it."""
        with self._guard:
            self._told = self._asked = dict(state.get("told", {}))

    def ring(self, faults: Collection[Unwell], now: datetime) -> None:
        """Tell what has become due to be told, or that it is over. Never waits and never raises."""
        if not self._lines:
            return
        due = [each for each in faults if each.kind in AT_ONCE or now - each.since >= self._after]
        kinds = {each.kind for each in faults}
        with self._guard:
            fresh = [each for each in due if each.kind not in self._asked]
            over = bool(self._asked) and not kinds & self._asked.keys()
            if not fresh and not over:
                return
            # what is over while the rest lasts is not worth a letter; it is forgotten, and told again if it comes back
            lasting = {kind: since for kind, since in self._asked.items() if kind in kinds}
            about = lasting | {each.kind: each.since.isoformat() for each in due}
            self._asked = about
        words = _of_faults(due, about, now) if about else _of_peace(now)
        for line in self._lines:
            line.say(words)

    def state(self) -> dict[str, Any]:
        """What was told, and how each destination fares; addresses are masked."""
        with self._guard:
            told = dict(self._told)
        return {"told": told, "lines": [line.state() for line in self._lines]}

    def _taken(self, words: _Words) -> None:
        with self._guard:
            self._told = words.about


def _of_faults(due: Collection[Unwell], about: dict[str, str], now: datetime) -> _Words:
    lines = [f"· {each.text}（起于 {civil(each.since):%m-%d %H:%M:%S}）" for each in due]
    first = next(iter(due)).text
    title = f"安澜平台异常：{first}" + (f" 等 {len(due)} 项" if len(due) > 1 else "")
    body = "\n".join(["这是平台自身的运行告警，不是预警。", *lines, "请查看“运行状态”页或运行 anlan check。"])
    return _Words(f"ops/{now.isoformat()}", title[:120], body, now, about)


def _of_peace(now: datetime) -> _Words:
    return _Words(
        f"ops/{now.isoformat()}",
        "安澜平台恢复正常",
        f"此前告知的异常均已消失（{civil(now):%m-%d %H:%M:%S}）。",
        now,
        {},
    )


class _Line:
    """One destination. Holds the newest letter alone: what is unwell now matters, not what was."""

    def __init__(self, channel: str, address: str, send: Send, taken: Callable[[_Words], None]) -> None:
        self._channel, self._address, self._send, self._on_taken = channel, address, send, taken
        self._waiting: _Words | None = None
        self._came = threading.Condition()
        self._taken_at: datetime | None = None
        self._error = ""
        threading.Thread(target=self._run, name=f"bell-{channel}", daemon=True).start()

    def say(self, words: _Words) -> None:
        with self._came:
            self._waiting = words
            self._came.notify()

    def state(self) -> dict[str, Any]:
        shown = f"{self._address[:3]}…{self._address[-2:]}" if len(self._address) > 6 else ""
        with self._came:
            at = self._taken_at.isoformat() if self._taken_at else None
            return {
                "channel": self._channel, "to": shown, "taken_at": at, "error": self._error,
                "waiting": self._waiting is not None,
            }  # fmt: skip

    def _run(self) -> None:
        while True:
            with self._came:
                while self._waiting is None:
                    self._came.wait()
                words = self._waiting
            try:
                error = self._send(self._channel, self._address, words.key, words.title, words.body, words.at)
            except Exception as failed:
                log.exception("the bell's channel %s failed", self._channel)
                error = type(failed).__name__
            with self._came:
                self._error = error
                if not error:
                    self._taken_at = words.at
                    if self._waiting is words:
                        self._waiting = None
            if not error:
                self._on_taken(words)
                continue
            log.error("channel %s did not take the alarm of the platform itself: %s", self._channel, error)
            with self._came:
                self._came.wait(AGAIN_S)
