"""What an installation holds, in figures that can be compared: read for a backup, and again when it is restored.

``python -m anlan.verbs.backup`` brings the databases of its settings to this code's schema and prints the figures as
JSON, together with every fault of the databases themselves and of the journal's chains.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Max, Sum

from anlan.apps.alarms.models import Alarm
from anlan.apps.delivery.models import Delivery, DeliveryState
from anlan.apps.files.selectors import contents
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.history.models import Block, packed
from anlan.apps.journal import proof
from anlan.apps.journal.models import Chain, Entry
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.warnings.models import Warning
from anlan.database.addresses import HISTORY
from anlan.process.versions import unknown_migrations
from anlan.process.worker import structure
from anlan.rules.calendar import civil
from anlan.verbs.backup import attachments

RECORDS = "default"
NEXT = 20
"""So many obligations are named; of all others there is one fingerprint."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def gather() -> dict[str, Any]:
    """All figures. Two readings of the same data are equal, on whichever machine."""
    return {
        "rows": rows(),
        "migrations": {alias: _applied(alias) for alias in (RECORDS, HISTORY)},
        "journal": _journal(),
        "history": _history(),
        "newest_sample": _text(GatewayLink._base_manager.aggregate(at=Max("last_sampled_at"))["at"]),
        "alarms": dict(Alarm._base_manager.order_by("state").values_list("state").annotate(Count("pk"))),
        "warnings": _warnings(),
        "obligations": _obligations(),
        "attachments": attachments.facts(contents()),
        "letters": Delivery._base_manager.filter(state=DeliveryState.QUEUED).count(),
    }


def rows() -> dict[str, int]:
    """Rows by table, of every table that this code knows and the database has."""
    found = {}
    there: dict[str, set[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        alias = HISTORY if model._meta.app_label == HISTORY else RECORDS
        if alias not in there:
            there[alias] = set(connections[alias].introspection.table_names())
        if model._meta.managed and model._meta.db_table in there[alias]:
            found[model._meta.db_table] = model._base_manager.using(alias).count()
    return found


def faults() -> list[str]:
    """What the databases and the journal's chains have to say against themselves, in Chinese."""
    found = []
    for alias in (RECORDS, HISTORY):
        found += [f"数据库 {alias}：{line}" for line in structure(alias)]
    return [*found, *proof.broken()]


def _applied(alias: str) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connections[alias]).applied_migrations())


def _journal() -> dict[str, Any]:
    days = _Days()
    for at, digest in Entry.objects.order_by("pk").values_list("at", "hash").iterator(5000):
        days.add(at, digest.encode())
    heads = {key: [length, head] for key, length, head in Chain.objects.values_list("key", "length", "head")}
    return {"heads": heads, "days": days.digests()}


def _history() -> dict[str, Any]:
    days, blocks = _Days(), Block.objects.order_by("pk")
    fields = ("gateway", "grain", "start_us", "part", "samples", "body")
    for gateway, grain, start_us, part, samples, body in blocks.values_list(*fields).iterator(200):
        day = _EPOCH + timedelta(microseconds=start_us)
        days.add(
            day, json.dumps([gateway, grain, start_us, part, samples]).encode() + hashlib.sha256(packed(body)).digest()
        )
    figures = Block.objects.aggregate(samples=Sum("samples"), newest=Max("start_us"))
    return {"samples": figures["samples"] or 0, "newest_us": figures["newest"], "days": days.digests()}


def _warnings() -> list[list[str]]:
    fields = ("number", "source__code", "level", "level_since", "next_due_at")
    found = Warning._base_manager.filter(cleared_at__isnull=True).order_by("number").values_list(*fields)
    return [_texts(row) for row in found]


def _obligations() -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    first: list[list[str]] = []
    pending = Obligation._base_manager.filter(state=ObligationState.PENDING).order_by("due_at", "pk")
    for row in pending.values_list("key", "kind", "due_at").iterator(2000):
        told = _texts(row)
        digest.update(json.dumps(told).encode())
        count += 1
        if len(first) < NEXT:
            first.append(told)
    return {"pending": count, "sha256": digest.hexdigest(), "next": first}


class _Days:
    """One SHA-256 for each civil day, over what was added to it in order."""

    def __init__(self) -> None:
        self._digests: dict[str, Any] = {}

    def add(self, at: datetime, data: bytes) -> None:
        self._digests.setdefault(f"{civil(at):%Y-%m-%d}", hashlib.sha256()).update(data)

    def digests(self) -> dict[str, str]:
        return {day: digest.hexdigest() for day, digest in sorted(self._digests.items())}


def _texts(row: Iterable[Any]) -> list[str]:
    return [_text(value) if isinstance(value, datetime) or value is None else str(value) for value in row]


def _text(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


def main() -> int:
    """Print the figures of a restored place; the rows are counted before its schema is brought up to date."""
    from anlan.process.migrating import migrate

    found: dict[str, Any] = {"unknown": unknown_migrations([RECORDS, HISTORY])}
    if not found["unknown"]:
        counted = rows()
        migrate()
        found |= {"facts": gather() | {"rows": counted}, "faults": faults()}
    sys.stdout.write(json.dumps(found))
    return 0
