"""What is kept on disk, how fast it grows, and for how many days there is room at that rate.

The rate is what the databases truly grew by between two readings of their size, not a reckoning. The auditor takes a
reading every `READ_EVERY` and keeps those of `READ_FOR` in its sign of life. The log does not count as growing: it is
bounded, and what it may still take is set aside.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections

from anlan.apps.files.selectors import bytes_kept
from anlan.apps.gateways.selectors.log_state import log_state
from anlan.apps.history.selectors.storage import bytes_on_disk as history_bytes
from anlan.apps.obligations import services as obligations
from anlan.config import Config
from anlan.database.size import bytes_on_disk
from anlan.process.disk_space import MIB, space
from anlan.roles.auditor.audit import Part

logger = logging.getLogger(__name__)

READ_EVERY = timedelta(hours=6)
READ_FOR = timedelta(days=7)
LEAST = timedelta(hours=12)
"""A rate told from less than this would be that of a morning or of a night (本地设定)."""
DATABASES = {"history": "history", "records": "default"}
Reading = list[Any]
"""When (ISO), bytes of history, bytes of records and what was handed in with them: as it stands in the sign of life."""


def look(config: Config, now: datetime) -> tuple[Part, list[Reading]]:
    """The figures, and the readings to keep. Reads databases and log; the figures that cannot be known are absent.

    ``days_left``: until history pauses for want of room (`anlan.process.disk_space`). Absent while there is no rate,
    while nothing grows, and where none of the databases is a file on the disk of the data directory.
    """
    part = Part()
    held = {"records": bytes_on_disk("default") + bytes_kept()}
    try:
        held["history"] = history_bytes()
    except DatabaseError as error:
        logger.warning("the size of history cannot be read: %s", error)
    part.figures |= {f"{name}_bytes": size for name, size in held.items()}
    log = log_state()
    if log is not None:
        part.figures["log_bytes"] = log.size
    readings = _kept(now)
    if "history" in held and (rate := growth(readings, now, held)):
        days, by_day = rate
        part.figures |= {"growth_days": days, "growth_bytes_a_day": sum(by_day.values())}
        here = sum(by_day[name] for name, alias in DATABASES.items() if _is_here(alias, config.data_dir))
        bound = max(0, log.bound - log.size) if log is not None and not config.nats_url else 0
        free = space(config).free - int(config.disk_soft_mib * MIB) - bound
        if here > 0:
            part.figures["days_left"] = max(0, int(free / here))
    if "history" in held and (not readings or now - datetime.fromisoformat(readings[-1][0]) >= READ_EVERY):
        readings = [*readings, [now.isoformat(), held["history"], held["records"]]]
    return part, readings


def growth(readings: list[Reading], now: datetime, held: dict[str, int]) -> tuple[float, dict[str, int]] | None:
    """Over how many days, and bytes a day of history and of records since the oldest reading; None: too short a time.

    What became smaller counts as it is: room was given back.
    """
    if not readings:
        return None
    at, *before = readings[0]
    days = (now - datetime.fromisoformat(at)) / timedelta(days=1)
    if days < LEAST / timedelta(days=1):
        return None
    return round(days, 1), {
        name: round((held[name] - then) / days) for name, then in zip(DATABASES, before, strict=True)
    }


def _kept(now: datetime) -> list[Reading]:
    signs = obligations.signs_of("auditor")
    told: list[Reading] = signs[0].detail.get("stored", []) if signs else []
    return [each for each in told if timedelta(0) <= now - datetime.fromisoformat(each[0]) <= READ_FOR]


def _is_here(alias: str, folder: Path) -> bool:
    """Whether a database is a file on the disk of ``folder``."""
    connection = connections[alias]
    if connection.vendor != "sqlite":
        return False
    try:
        return Path(connection.settings_dict["NAME"]).stat().st_dev == folder.stat().st_dev
    except OSError:
        return False
