"""How the processes write their logs: lines for people, or one JSON object an event for programs.

Every line says when, how grave, and which process; so does what nobody handled, warnings, and what libraries say.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType

_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_role = ""


class PlainLines(logging.Formatter):
    """Time (of this machine), level, role, logger, message; a traceback follows on lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(role)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.role = _role or record.processName
        return super().format(record)


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
