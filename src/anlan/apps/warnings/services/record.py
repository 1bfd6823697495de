"""Writes down, in words, what somebody did about a warning."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.warnings.models import Act, ActKind
from anlan.apps.warnings.services.standing import Standing


def add_act(standing: Standing, kind: ActKind, *, actor: str, at: datetime, text: str = "", unit: str = "",
            **more: object) -> Act:  # fmt: skip
    """Add an act to the warning of ``standing`` and note it for the journal; call inside its transaction.

    ``more`` stands in the journal alone.
    """
    warning = standing.warning
    assert warning is not None
    standing.note(str(kind), at, actor, after={"text": text, "unit": unit, **more})
    return Act.objects.create(
        warning=warning,
        enterprise=standing.place.enterprise,
        kind=kind,
        actor=actor[:60],
        unit=unit[:80],
        at=at,
        text=text[:500],
    )
