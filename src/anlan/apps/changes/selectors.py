"""Change requests as pages list them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from anlan.apps.changes.models import ChangeRequest, ChangeState
from anlan.apps.org.scope import Scope


def changes_visible(scope: Scope) -> QuerySet[ChangeRequest]:
    """Every request in scope, with its enterprise and who decided."""
    return ChangeRequest.objects.visible_to(scope).select_related("enterprise", "agency")


def changes_to_decide(scope: Scope, agencies: Collection[int]) -> QuerySet[ChangeRequest]:
    """Those that wait for the decision of one of these agencies."""
    near = Q(enterprise__supervisor__in=agencies) | Q(enterprise__county__in=agencies)
    near |= Q(enterprise__park__agency__in=agencies)
    return changes_visible(scope).filter(near, state=ChangeState.ASKED).order_by("asked_at", "pk")
