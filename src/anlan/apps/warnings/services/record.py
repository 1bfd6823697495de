"""Writes down, in words, what somebody did about a warning."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.org.actor import Actor, signed
from anlan.apps.warnings.models import Act, ActKind
from anlan.apps.warnings.services.situation import Standing


def add_act(standing: Standing, kind: ActKind, *, by: Actor, at: datetime, text: str = "", **more: object) -> Act:
    """Add an act to the warning of ``standing`` and note it for the journal; call inside its transaction.

    ``more`` stands in the journal alone.
    """
    warning = standing.warning
    assert warning is not None
    standing.note(str(kind), at, by, after={"text": text, "unit": by.unit, "by": by.name, **more})
    return Act.objects.create(
        warning=warning,
        enterprise=standing.place.enterprise,
        kind=kind,
        **signed(by),
        at=at,
        text=text[:500],
    )
