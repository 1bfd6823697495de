"""What is read of the watch list."""

from __future__ import annotations

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import OfEnterprise
from anlan.apps.watchlist.models import Watched


def watched_visible(scope: Scope) -> OfEnterprise[Watched]:
    """Reasons of all days for enterprises in scope, with their enterprises."""
    return Watched.objects.visible_to(scope).select_related("enterprise__county")
