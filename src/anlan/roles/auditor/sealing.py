"""Seals stored records into the journal, so that altering or removing one later is found (SEC-02).

The journal holds acts; notices, confirmations and reports are rows of their own. A seal is an entry with the digest of
what never changes in a stretch of rows of one table. The chains and their anchors prove the seals. What was written in
the last ten to twenty minutes is not sealed yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.db.models import Max
from django.utils.translation import gettext as _

from anlan.apps.journal import services as journal
from anlan.apps.journal.fingerprint import plain
from anlan.apps.journal.models import Entry
from anlan.roles.auditor.evidence import EVIDENCE, FIRST

SEALED_ACT = "sealed"
CHAIN = "system"
AT_ONCE = 5000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERY_S = 600.0
"""Between two rounds of sealing; a transaction that was running at the one has ended at the next."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One table: its Chinese name, and the fields that never change once written."""

    label: str
    title: str
    fields: tuple[str, ...]
    first: tuple[str, ...] = ()
    """What seals cover that were made before seals named their fields; empty: the same."""

    order: str = "pk"
    """What counts up with every new row."""

    @property
    def rows(self) -> Any:
        return apps.get_model(self.label)._base_manager.order_by(self.order, "pk")

    @property
    def start(self) -> Any:
        """The place before the first row."""
        return 0 if self.order == "pk" else EPOCH

    def kept(self, place: Any) -> Any:
        """A place as a seal keeps it, to the microsecond."""
        return place if self.order == "pk" else place.isoformat()

    def place(self, kept: Any) -> Any:
        """A place as a seal keeps it, to be compared with those of rows."""
        return kept if self.order == "pk" else datetime.fromisoformat(kept)

    def stretch(self, after: Any, until: Any) -> Any:
        """The rows behind one place up to another, in order."""
        return self.rows.filter(**{f"{self.order}__gt": after, f"{self.order}__lte": until})


TABLES = tuple(
    Sealed(label, table.title, table.sealed, FIRST.get(label, ()), table.order)
    for label, table in EVIDENCE.items()
    if table.sealed
)


class Sealer:
    """Seals in rounds: each round seals what was there at the round before. A restart only puts sealing off."""

    def __init__(self) -> None:
        self._there: dict[str, Any] = {}

    def round(self, now: datetime) -> int:
        """Seal every table up to where it ended at the last round; returns how many rows.

        Two auditors at once may seal a stretch twice, which proves the same.
        """
        count = 0
        for table in TABLES:
            if table.label in self._there:
                count += _seal(table, self._there[table.label], now)
            self._there[table.label] = table.rows.aggregate(newest=Max(table.order))["newest"] or table.start
        return count


def _seal(table: Sealed, until: Any, now: datetime) -> int:
    last = Entry.objects.filter(chain__key=CHAIN, act=SEALED_ACT, subject=table.label).order_by("-seq").first()
    begin, count = (table.place(last.after["to"]) if last is not None else table.start), 0
    while begin < until:
        keys = list(table.stretch(begin, until).values_list(table.order, flat=True)[:AT_ONCE])
        if not keys:
            break
        number, digest = _digest(table, table.fields, begin, keys[-1])
        ends = {"from": table.kept(begin), "to": table.kept(keys[-1])}
        after = {**ends, "rows": number, "sha256": digest, "fields": list(table.fields)}
        journal.record(CHAIN, SEALED_ACT, at=now, subject=table.label, after=after)
        begin, count = keys[-1], count + number
    return count


def _digest(table: Sealed, fields: Sequence[str], after: Any, until: Any) -> tuple[int, str]:
    digest, number = hashlib.sha256(), 0
    for row in table.stretch(after, until).values_list("pk", *fields).iterator():
        text = json.dumps(plain(row), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest.update(text.encode() + b"\n")
        number += 1
    return number, digest.hexdigest()


def broken(after_seq: int = 0, limit: int | None = None) -> Iterator[tuple[int, str]]:
    """Prove seals behind an entry of the chain; yields (entry, "" or one Chinese line) for each."""
    tables = {table.label: table for table in TABLES}
    entries = Entry.objects.filter(chain__key=CHAIN, act=SEALED_ACT, seq__gt=after_seq).order_by("seq")
    for entry in entries[:limit]:
        seal_, table = entry.after, tables.get(entry.subject)
        if table is None:
            yield entry.seq, _("封存的表 %(name)s 已不存在") % {"name": entry.subject}
            continue
        fields = seal_.get("fields") or table.first or table.fields
        number, digest = _digest(table, fields, table.place(seal_["from"]), table.place(seal_["to"]))
        same = (number, digest) == (seal_["rows"], seal_["sha256"])
        begin = seal_["from"] + 1 if table.order == "pk" else seal_["from"]
        words = _("%(table)s第 %(a)s–%(b)s 号与封存不符：封存 %(n)s 条，现有 %(m)s 条") % {
            "table": table.title, "a": begin, "b": seal_["to"], "n": seal_["rows"], "m": number,
        }  # fmt: skip
        yield entry.seq, "" if same else words
