"""Reads what providers post back about letters that they took: delivered, answered with a key, not delivered."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from anlan import border
from anlan.channels.base import ReceiptState, Report
from anlan.channels.http import json_in
from anlan.channels.table import Table
from anlan.rules.calendar import CIVIL_ZONE

MOST_LINES = 1000


class ReportError(ValueError):
    """What was posted is no delivery report that this channel understands. The message is Chinese."""


def dig(value: Any, paths: Sequence[str]) -> str:
    """The first text or number that one of ``paths`` (``Response.SendStatusSet.0.Code``) leads to; else empty."""
    for path in paths:
        found = value
        for part in path.split("."):
            if isinstance(found, Mapping):
                found = found.get(part)
            elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            else:
                found = None
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, (str, int, float)) and found != "":
            return str(found)
    return ""


def matches(code: str, patterns: Sequence[str]) -> bool:
    """Whether a code is one of a list in which ``*`` stands for anything."""
    return any(fnmatchcase(code, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Reports:
    """How one provider reports. Codes may use ``*``; a state in neither list of good ones means: not delivered."""

    secret: str
    """What a caller must show; empty refuses every report."""
    list_path: str = ""
    id_paths: tuple[str, ...] = ("id",)
    state_paths: tuple[str, ...] = ("state",)
    delivered: tuple[str, ...] = ("delivered", "true", "DELIVRD")
    read: tuple[str, ...] = ("read",)
    bad_address: tuple[str, ...] = ()
    at_paths: tuple[str, ...] = ("at",)
    error_paths: tuple[str, ...] = ("error",)
    answer: str = '{"code":0,"msg":"成功"}'
    """What the provider wants to hear when a report was taken."""

    def proves(self, shown: str) -> bool:
        """Whether the caller knows the secret; compared in constant time."""
        return bool(self.secret) and hmac.compare_digest(self.secret.encode(), shown.encode())

    def read_all(self, content_type: str, body: bytes) -> list[Report]:
        """Every line of a posted report, JSON or form. Raises `ReportError`; then none of it is to be used."""
        if "x-www-form-urlencoded" in content_type:
            posted: Any = dict(parse_qsl(body.decode("utf-8", "replace")))
        else:
            posted = json_in(body, content_type)
            if posted is None:
                raise ReportError("回执不是 JSON")
        for part in self.list_path.split(".") if self.list_path else ():
            posted = posted.get(part) if isinstance(posted, Mapping) else None
        lines = posted if isinstance(posted, list) else [posted]
        if not lines or len(lines) > MOST_LINES or not all(isinstance(line, Mapping) for line in lines):
            raise ReportError(f"回执应有 1 至 {MOST_LINES} 条")
        return [self._line(line) for line in lines]

    def _line(self, line: Mapping[str, Any]) -> Report:
        number = dig(line, self.id_paths)
        if not number:
            raise ReportError("回执没有消息编号")
        state = dig(line, self.state_paths)
        at = instant(dig(line, self.at_paths))
        if matches(state, self.read):
            return Report(number, ReceiptState.READ, at)
        if matches(state, self.delivered):
            return Report(number, ReceiptState.DELIVERED, at)
        code = dig(line, self.error_paths)
        words = " ".join(part for part in (code or state, "") if part)[:160]
        return Report(number, ReceiptState.FAILED, at, words, matches(code or state, self.bad_address))


def instant(text: str) -> datetime | None:
    """ISO 8601, ``2024-03-01 08:00:00`` on the civil clock, or seconds or milliseconds since 1970; else None, as for a
    time that nobody can mean (`anlan.border`)."""
    try:
        since = border.number(text)
        if since is not None:
            found = datetime.fromtimestamp(since / (1000 if len(text) >= 13 else 1), UTC)
        else:
            found = datetime.fromisoformat(text)
        border.within(found)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=CIVIL_ZONE)


def read_settings(table: Table, **defaults: Any) -> Reports:
    """The table ``reports`` of a channel: ``secret``, where to look, and which states mean what."""
    mine = Table(f"{table.name}.reports", table.table("reports"))
    standard = Reports("", **defaults)
    made = Reports(
        secret=mine.text("secret", "", secret=True),
        list_path=mine.text("list_path", standard.list_path),
        id_paths=mine.texts("id_paths", standard.id_paths),
        state_paths=mine.texts("state_paths", standard.state_paths),
        delivered=mine.texts("delivered", standard.delivered),
        read=mine.texts("read", standard.read),
        bad_address=mine.texts("bad_address", standard.bad_address),
        at_paths=mine.texts("at_paths", standard.at_paths),
        error_paths=mine.texts("error_paths", standard.error_paths),
        answer=mine.text("answer", standard.answer),
    )
    mine.done()
    if made.secret and len(made.secret) < 16:
        raise mine.refuse("secret", "太短，至少 16 个字符")
    table.secrets += mine.secrets
    return made
