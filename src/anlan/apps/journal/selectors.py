"""Reads the journal for other apps: acts by kind and subject. Entries are never changed through here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from anlan.apps.journal.models import Entry


def acts_since(act: str, chains: Collection[str], subjects: Collection[str], since: datetime) -> QuerySet[Entry]:
    """Entries of one act on these subjects after ``since``, newest first. The caller sees to who may read them."""
    found = Entry.objects.filter(act=act, chain__key__in=list(chains), subject__in=list(subjects), at__gt=since)
    return found.order_by("-at", "-seq")
