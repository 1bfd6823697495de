"""What is read of ledgers: entries in a scope, and how many there are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from anlan.apps.ledgers.kinds import Ledger, ledgers
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.org.scope import Scope


def entries_visible(scope: Scope, ledger: Ledger | None = None) -> QuerySet[LedgerEntry]:
    """All entries that ``scope`` may see, of one ledger or of all, with what a list shows."""
    rows = LedgerEntry.objects.visible_to(scope).select_related("enterprise", "source")
    known = [ledger.key] if ledger is not None else [each.key for each in ledgers()]
    return rows.filter(ledger__in=known)


def counts(scope: Scope) -> dict[str, dict[str, Any]]:
    """How many entries each ledger has in scope, and how many are overdue. One query."""
    rows = entries_visible(scope).order_by().values("ledger")
    told = rows.annotate(number=Count("pk"), overdue=Count("pk", filter=Q(overdue_at__isnull=False)))
    return {row["ledger"]: {"number": row["number"], "overdue": row["overdue"]} for row in told}


def owed(enterprise_ids: Collection[int], now: datetime) -> list[Obligation]:
    """Turns of ledgers that these enterprises have to keep and have not: those that run and those that are over."""
    kinds = [str(each.every.kind) for each in ledgers() if each.every is not None]
    return list(obligations.owed_by(enterprise_ids, kinds, now))


def falling_due(scope: Scope, enterprise_ids: Collection[int], today: date) -> QuerySet[LedgerEntry]:
    """Entries of these enterprises that are overdue or due within the days that their ledger says; soonest first."""
    soon = Q(pk__in=[])
    for ledger in ledgers():
        if ledger.due is not None:
            soon |= Q(ledger=ledger.key, due_on__lte=today + timedelta(days=ledger.due.ahead))
    rows = entries_visible(scope).filter(soon, enterprise__in=list(enterprise_ids))
    return rows.order_by(F("due_on").asc(), "pk")
