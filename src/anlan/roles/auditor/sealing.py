"""Seals stored records into the journal, so that altering or removing one later is found (SEC-02).

The journal holds acts; notices, confirmations and reports are rows of their own. A seal is an entry with the digest of
what never changes in a stretch of rows of one table, or, where the keys of a table do not rise with time, in rows that
it names. The chains and their anchors prove the seals. What was written in the last ten to twenty minutes is not sealed
yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import IntegerField, Max
from django.utils.translation import gettext as _

from anlan.apps.journal import services as journal
from anlan.apps.journal.fingerprint import plain
from anlan.apps.journal.models import Entry
from anlan.roles.auditor.evidence import EVIDENCE
from anlan.roles.auditor.first_seals import FIRST, RENAMED

SEALED_ACT = "sealed"
CHAIN = "system"
AT_ONCE = 5000
NAMED_AT_ONCE = 500
"""Rows that one seal names; their keys stand in its entry."""
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

    @property
    def rows(self) -> Any:
        return apps.get_model(self.label)._base_manager.order_by("pk")

    @property
    def rises(self) -> bool:
        """Whether a later row has a greater key, so that a stretch of keys that was sealed gains none."""
        return isinstance(apps.get_model(self.label)._meta.pk, IntegerField)


TABLES = tuple(
    Sealed(label, table.title, table.sealed, FIRST.get(label, ())) for label, table in EVIDENCE.items() if table.sealed
)


class Sealer:
    """Seals in rounds: each round seals what was there at the round before. A restart only puts sealing off."""

    def __init__(self) -> None:
        self._there: dict[str, int] = {}
        self._named: dict[str, set[str]] = {}

    def round(self, now: datetime) -> int:
        """Seal every table up to where it ended at the last round; returns how many rows.

        Two auditors at once may seal a stretch twice, which proves the same.
        """
        count = 0
        for table in TABLES:
            if not table.rises:
                count += self._name(table, now)
                continue
            if table.label in self._there:
                count += _seal(table, self._there[table.label], now)
            self._there[table.label] = table.rows.aggregate(newest=Max("pk"))["newest"] or 0
        return count

    def _name(self, table: Sealed, now: datetime) -> int:
        """Seal the rows that no seal names yet; the first time, all seals of the table are read."""
        sealed = self._named.get(table.label)
        if sealed is None:
            entries = Entry.objects.filter(chain__key=CHAIN, act=SEALED_ACT, subject=table.label)
            sealed = {key for entry in entries.iterator() for key in entry.said.get("keys", ())}
            self._named[table.label] = sealed
        new = [key for key in table.rows.values_list("pk", flat=True).iterator() if key not in sealed]
        for start in range(0, len(new), NAMED_AT_ONCE):
            keys = new[start : start + NAMED_AT_ONCE]
            number, digest = _digest(table, table.fields, {"pk__in": keys})
            after = {"keys": keys, "rows": number, "sha256": digest, "fields": list(table.fields)}
            journal.record(CHAIN, SEALED_ACT, at=now, subject=table.label, after=after)
            sealed.update(keys)
        return len(new)


def _seal(table: Sealed, until: int, now: datetime) -> int:
    last = Entry.objects.filter(chain__key=CHAIN, act=SEALED_ACT, subject=table.label).order_by("-seq").first()
    begin, count = (last.said["to"] if last is not None else 0), 0
    while begin < until:
        keys = list(table.rows.filter(pk__gt=begin, pk__lte=until).values_list("pk", flat=True)[:AT_ONCE])
        if not keys:
            break
        number, digest = _digest(table, table.fields, _stretch(begin, keys[-1]))
        after = {"from": begin, "to": keys[-1], "rows": number, "sha256": digest, "fields": list(table.fields)}
        journal.record(CHAIN, SEALED_ACT, at=now, subject=table.label, after=after)
        begin, count = keys[-1], count + number
    return count


def _stretch(after: int, until: int) -> dict[str, int]:
    return {"pk__gt": after, "pk__lte": until}


def _digest(table: Sealed, fields: Sequence[str], of: Mapping[str, Any]) -> tuple[int, str]:
    digest, number = hashlib.sha256(), 0
    for row in table.rows.filter(**of).values_list("pk", *fields).iterator():
        text = json.dumps(plain(row), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest.update(text.encode() + b"\n")
        number += 1
    return number, digest.hexdigest()


def broken(after_seq: int = 0, limit: int | None = None) -> Iterator[tuple[int, str]]:
    """Prove seals behind an entry of the chain; yields (entry, "" or one Chinese line) for each."""
    tables = {table.label: table for table in TABLES}
    entries = Entry.objects.filter(chain__key=CHAIN, act=SEALED_ACT, seq__gt=after_seq).order_by("seq")
    for entry in entries[:limit]:
        seal_, table = entry.said, tables.get(entry.subject)
        if table is None:
            yield entry.seq, _("封存的表 %(name)s 已不存在") % {"name": entry.subject}
            continue
        renamed = RENAMED.get(table.label, {})
        fields = [renamed.get(name, name) for name in seal_.get("fields") or table.first or table.fields]
        if "keys" in seal_:
            number, digest = _digest(table, fields, {"pk__in": seal_["keys"]})
            which = _("%(a)s 等 %(n)s 条") % {"a": seal_["keys"][0], "n": len(seal_["keys"])}
        else:
            number, digest = _digest(table, fields, _stretch(seal_["from"], seal_["to"]))
            which = _("第 %(a)s–%(b)s 号") % {"a": seal_["from"] + 1, "b": seal_["to"]}
        same = (number, digest) == (seal_["rows"], seal_["sha256"])
        words = _("%(table)s%(which)s与封存不符：封存 %(n)s 条，现有 %(m)s 条") % {
            "table": table.title, "which": which, "n": seal_["rows"], "m": number,
        }  # fmt: skip
        yield entry.seq, "" if same else words
