"""One event, one line that a program can read."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from anlan import config
from anlan.logs import JsonLines


def event(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    record = logging.makeLogRecord({"name": "anlan.x", "levelno": 20, "levelname": "INFO", "msg": message})
    record.args = arguments
    vars(record).update(fields)
    return record


def test_an_event_is_one_line_with_its_fields() -> None:
    line = JsonLines().format(event("收到 %d 个\n报文", 3, gateway="G1", at=object))
    told = json.loads(line)
    assert "\n" not in line
    assert told["message"] == "收到 3 个\n报文"
    assert (told["level"], told["logger"], told["gateway"]) == ("info", "anlan.x", "G1")
    assert told["time"].endswith("+00:00")
    assert "args" not in told


def test_a_failure_carries_its_traceback() -> None:
    record = event("failed")
    try:
        raise OSError("disk")
    except OSError:
        record.exc_info = sys.exc_info()
    assert json.loads(JsonLines().format(record))["traceback"].endswith("OSError: disk")


def test_another_way_of_writing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLAN_LOG_FORMAT", "xml")
    with pytest.raises(config.ConfigError, match="log_format"):
        config.load()
