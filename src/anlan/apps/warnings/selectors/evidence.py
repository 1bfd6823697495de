"""Which stretches of history the warnings of an enterprise rest on: dossiers show them, so they are never removed."""

from __future__ import annotations

from datetime import datetime, timedelta

from anlan.apps.warnings.models import Warning

AROUND = timedelta(hours=24)
"""So much before and after a warning belongs to its dossier (本地设定)."""


def evidence_of(enterprise_id: int, now: datetime) -> list[tuple[datetime, datetime]]:
    """(from, to) of every warning, open or over, oldest first. Machine's own read."""
    rows = Warning.objects.by_the_machine().filter(enterprise_id=enterprise_id).order_by("opened_at")
    return [
        (opened - AROUND, (closed or now) + AROUND) for opened, closed in rows.values_list("opened_at", "closed_at")
    ]
