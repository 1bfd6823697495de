"""What the pages read of drills, always for a scope."""

from __future__ import annotations

from typing import Any

from anlan.apps.drills.models import Run, Uploaded
from anlan.apps.org.scope import Scope


def uploads_in(scope: Scope) -> Any:
    """Uploaded scenarios, the newest first."""
    return Uploaded.objects.visible_to(scope).select_related("agency", "enterprise").defer("text")


def runs_in(scope: Scope) -> Any:
    """Drills that were run, the newest first, without their timelines."""
    return Run.objects.visible_to(scope).select_related("agency", "enterprise").defer("result")
