"""One event, one line that a program can read."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys

import pytest

from anlan import config
from anlan.logs import Brief, JsonLines, PlainLines


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


@pytest.mark.case("G11")
def test_nothing_from_outside_begins_a_line_of_its_own_or_moves_a_terminal() -> None:
    forged = "坏\n2026-01-01 00:00:00,000 INFO web anlan.x 一切正常\r\x1b[2J\u2028\u202e　甲"
    record = event("name %s", forged)
    record.created = 1_767_225_599.5
    try:
        raise OSError(forged)
    except OSError:
        record.exc_info = sys.exc_info()
    first, *trace = PlainLines().format(record).splitlines()
    assert first.startswith("2026-01-01 07:59:59,500 INFO ")
    assert first.endswith(r"name 坏\n2026-01-01 00:00:00,000 INFO web anlan.x 一切正常\r\x1b[2J\u2028\u202e　甲")
    assert trace
    assert all(line.startswith("  ") for line in trace)
    assert all(sign.isprintable() for line in trace for sign in line.replace("　", ""))


@pytest.mark.case("G11")
def test_a_request_that_was_refused_costs_one_line() -> None:
    handler = logging.StreamHandler(io.StringIO())
    handler.addFilter(Brief())
    try:
        raise ValueError("Invalid HTTP_HOST header")
    except ValueError:
        for name, lines in (("django.security.DisallowedHost", 1), ("django.request", 5)):
            record = event("refused")
            record.name, record.exc_info = name, sys.exc_info()
            handler.handle(record)
            assert len(handler.stream.getvalue().splitlines()) == lines
            handler.stream.truncate(handler.stream.seek(0))


def test_another_way_of_writing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLAN_LOG_FORMAT", "xml")
    with pytest.raises(config.ConfigError, match="log_format"):
        config.load()


PROCESS = """
import logging, sys, threading, warnings
from anlan import logs
logs.start(sys.argv[1], "engine-2")
logging.getLogger("anlan.x").info("收到 %d 个", 3)
warnings.warn("old", stacklevel=1)
thread = threading.Thread(target=lambda: 1 / 0, name="lane")
thread.start()
thread.join()
if sys.argv[2]:
    import django
    django.setup()
    logging.getLogger("anlan.y").warning("with Django")
raise OSError("disk")
"""


@pytest.mark.parametrize("django", ["", "with Django"])
def test_every_line_of_a_process_says_when_how_grave_and_who_whatever_it_meets(django: str) -> None:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "anlan.site.settings", "ANLAN_LOG_FORMAT": "json"}
    done = subprocess.run([sys.executable, "-c", PROCESS, "json", django], capture_output=True, text=True, env=env)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert {line["role"] for line in told} == {"engine-2"}
    assert [line["level"] for line in told] == ["info", "warning", "critical", *["warning"] * bool(django), "critical"]
    assert all(line["time"] for line in told)
    assert told[2]["traceback"].endswith("ZeroDivisionError: division by zero")
    assert told[-1]["traceback"].endswith("OSError: disk")


def test_a_line_for_people_says_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", PROCESS, "text", ""], capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if "收到" in line or "ends" in line]
    assert [re.sub(r"^[-\d]+ [:,\d]+ ", "", line) for line in lines] == [
        "INFO engine-2 anlan.x 收到 3 个",
        "CRITICAL engine-2 anlan.logs the thread lane ends: division by zero",
        "CRITICAL engine-2 anlan.logs the process ends: disk",
    ]
