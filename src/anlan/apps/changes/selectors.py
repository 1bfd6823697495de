"""Change requests as pages list them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from anlan.apps.changes.models import ChangeRequest, ChangeState
from anlan.apps.org.scope import Scope


def changes_visible(scope: Scope) -> QuerySet[ChangeRequest]:
    """Every request in scope, with its enterprise and who decided."""
    return ChangeRequest.objects.visible_to(scope).select_related("enterprise", "agency")


def changes_to_decide(scope: Scope, agencies: Collection[int]) -> QuerySet[ChangeRequest]:
    """Those that wait for the decision of one of these agencies."""
    rows = ChangeRequest.objects.visible_to(scope).near(agencies).select_related("enterprise", "agency")
    return rows.filter(state=ChangeState.ASKED).order_by("asked_at", "pk")
