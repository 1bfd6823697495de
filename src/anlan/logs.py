"""How the processes write their logs: lines for people, or one JSON object an event for programs.

Every line says when, how grave, and which process; so does what nobody handled, warnings, and what libraries say. What
comes from outside into a message can begin no line of its own, nor move a terminal: signs that do are written out.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from types import TracebackType
from typing import Any

_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_role = ""
_CIVIL = timezone(timedelta(hours=8))


class PlainLines(logging.Formatter):
    """Time (Beijing), level, role, logger, message on one line; a traceback follows on lines of its own, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(role)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.role = _role or record.processName
        return super().format(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        at = datetime.fromtimestamp(record.created, _CIVIL)
        return f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d}"

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _written_out(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        trace = super().formatException(ei).split("\n")
        return "\n".join(f"  {_written_out(line)}" for line in trace)


class JsonLines(logging.Formatter):
    """One line an event: time (UTC), level, role, logger, message, the traceback if any, and every field given as
    ``extra``. What JSON does not know is written as text."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "role": _role or record.processName,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        fields = {name: value for name, value in vars(record).items() if name not in _OWN}
        return json.dumps(fields | told, ensure_ascii=False, default=str)


class Brief(logging.Filter):
    """Takes the traceback from what Django says of a request that it refused: anybody may cause it, as often as they
    like, and it tells of no mistake of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True


def start(style: str, role: str) -> None:
    """Write every event of this process to its standard error from now on, under the name ``role``; a second call
    changes the name alone."""
    global _role
    _role = role
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if style == "json" else PlainLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(True)
    sys.excepthook = _unhandled
    threading.excepthook = _unhandled_in_thread


def _written_out(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign == "\u3000" else sign.encode("unicode_escape").decode() for sign in text
    )


def _unhandled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(__name__).critical("the process ends: %s", error, exc_info=(kind, error, trace))


def _unhandled_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        name = told.thread.name if told.thread is not None else ""
        info = (told.exc_type, told.exc_value, told.exc_traceback)
        logging.getLogger(__name__).critical("the thread %s ends: %s", name, told.exc_value, exc_info=info)
