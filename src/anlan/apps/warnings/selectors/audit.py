"""What must never be found: asked by the auditor, apart from the clock."""

from __future__ import annotations

from anlan.apps.obligations import selectors as obligations
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Warning
from anlan.rules.level import Level


def without_next_step() -> list[str]:
    """Numbers of open red, orange and yellow warnings whose clock has no pending step: each must always have one."""
    graded = Warning.objects.by_the_machine().filter(
        cleared_at__isnull=True, level__in=[Level.RED, Level.ORANGE, Level.YELLOW]
    )
    with_step = obligations.subjects_pending(kinds.NOTICE)
    suspects = [pk for pk in graded.values_list("pk", flat=True) if f"warning:{pk}" not in with_step]
    if not suspects:
        return []
    # raised or cleared between the two questions: only what still looks the same is a fault
    with_step = obligations.subjects_pending(kinds.NOTICE)
    again = graded.filter(pk__in=suspects).values_list("pk", "number")
    return [number for pk, number in again if f"warning:{pk}" not in with_step]
