"""What is read of files: those of a record, one with its content, and where else the same was handed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Sum

from anlan.apps.files import store
from anlan.apps.files.holders import record_of
from anlan.apps.files.models import Attachment
from anlan.apps.org.scope import Scope


def of_subject(scope: Scope, subject: str) -> list[Attachment]:
    """The files of a record, oldest first, those withdrawn included."""
    rows = Attachment.objects.visible_to(scope).filter(subject=subject).select_related("enterprise", "agency")
    return list(rows.order_by("at", "pk"))


def record_seen(scope: Scope, attachment: Attachment) -> Any:
    """The record that a file belongs to, where ``scope`` sees it; None otherwise: its file is not seen either."""
    return record_of(attachment.subject, scope)


def seen_elsewhere(original_sha256: str, subject: str, scope: Scope | None = None) -> list[Attachment]:
    """The same file as it came, handed in for other records: oldest first, those withdrawn included.

    With a ``scope`` only those whose record it sees; without one the machine's own read of all.
    """
    rows = Attachment.objects.visible_to(scope) if scope is not None else Attachment.objects.by_the_machine()
    rows = rows.filter(original_sha256=original_sha256).exclude(subject=subject)
    found = list(rows.select_related("enterprise", "agency").order_by("at", "pk"))
    return found if scope is None else [row for row in found if record_seen(scope, row) is not None]


def contents() -> list[tuple[str, int]]:
    """(fingerprint, bytes) of everything that a row refers to, each once, in order. Machine's own read."""
    rows = Attachment._base_manager.order_by("sha256").values_list("sha256", "size").distinct()
    return list(rows)


def bytes_kept() -> int:
    """Bytes of all contents, each counted once, as the rows say. Machine's own read."""
    kept = Attachment._base_manager.order_by().values("sha256", "size").distinct()
    return int(kept.aggregate(bytes=Sum("size"))["bytes"] or 0)


def figures() -> dict[str, int]:
    """Rows, those withdrawn, bytes kept, and how many files of the store no row refers to. Machine's own read."""
    known = {sha256 for sha256, _ in contents()}
    rows = Attachment._base_manager
    return {
        "rows": rows.count(),
        "withdrawn": rows.filter(withdrawn_at__isnull=False).count(),
        "bytes": bytes_kept(),
        "unreferenced": sum(name not in known for name in store.names()),
    }


def damaged() -> Iterator[tuple[Attachment, str]]:
    """Every row whose file is missing or not what it was, with what is wrong in Chinese; reads every file."""
    known: dict[str, str] = {}
    rows = Attachment._base_manager.select_related("enterprise", "agency").order_by("pk")
    for row in rows.iterator(1000):
        if row.sha256 not in known:
            known[row.sha256] = store.fault(row.sha256, row.size)
        if known[row.sha256]:
            yield row, known[row.sha256]
