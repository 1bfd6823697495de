"""How the processes write their logs: lines for people, or one JSON object an event for programs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"
_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One line an event: time (UTC), level, role, logger, message, the traceback if any, and every field given as
    ``extra``. What JSON does not know is written as text."""

    role = ""
    """Of this process; set by `start`."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "role": self.role or record.processName,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        fields = {name: value for name, value in vars(record).items() if name not in _OWN}
        return json.dumps(fields | told, ensure_ascii=False, default=str)


def start(style: str, role: str) -> None:
    """Write every event of this process to its standard error from now on; a second call changes nothing."""
    handler = logging.StreamHandler()
    JsonLines.role = role
    handler.setFormatter(JsonLines() if style == "json" else logging.Formatter(PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
