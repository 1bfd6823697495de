"""Tells open pages that something changed. A hint carries no facts: whoever hears it reads the records again."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from django.conf import settings
from django.db import transaction

from anlan.stream.bus import Bus

TOPICS = frozenset(
    {
        "alarm", "warning", "delivery", "gateway", "external", "entry", "commitment", "change", "identification",
        "permit", "unitstate",
    }
)  # fmt: skip
"""What a page may listen to (`stream.js` has the same names)."""

_guard = threading.Lock()
_buses: dict[tuple[int, str], Bus] = {}


def hint(topic: str, enterprise_code: str, **fields: Any) -> None:
    """After the commit publish ``fields`` on ``ui.<topic>.<enterprise>``; nothing happens when no log is known.

    Raises ValueError for a topic that no browser would hear, nothing else; a lost hint costs a page some seconds, no
    fact.
    """
    if topic not in TOPICS:
        raise ValueError(f"no page hears of {topic!r}")
    plain = {name: str(value) if isinstance(value, str) else value for name, value in fields.items()}  # kinds as text
    transaction.on_commit(lambda: _publish(f"ui.{topic}.{enterprise_code}", plain), robust=True)


def connect() -> None:
    """Connect to the bus now rather than at the first hint, so that the first one is not lost."""
    url = nats_url()
    if url:
        _bus(url)


def nats_url() -> str:
    """Where the log server is: the setting, else what the supervisor wrote into ``run.json``; empty when not known.

    A role's process got its own user with the setting; any other process is a command of the installation's owner.
    """
    config = settings.CONFIG
    if config.nats_url:
        return str(config.log_address(config.nats_url))
    try:
        run = json.loads((config.data_dir / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(config.log_address(str(run.get("nats_url", ""))))


def _publish(subject: str, fields: dict[str, Any]) -> None:
    url = nats_url()
    if url:
        _bus(url).publish(subject, fields)


def _bus(url: str) -> Bus:
    key = (os.getpid(), url)  # a thread does not survive a fork, so each process has its own
    with _guard:
        if key not in _buses:
            _buses[key] = Bus(url, name="anlan-hints")
        return _buses[key]
