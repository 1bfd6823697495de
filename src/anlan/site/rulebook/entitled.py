"""Who may change the numbers of a place: administrators of that agency or of one above it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.org.models import Agency, Role


def administers(user: Any, agency: Agency | None, at: datetime) -> bool:
    """Whether the log-in administers the agency's area; the operator of the installation administers all."""
    if agency is None:
        return False
    if getattr(user, "is_superuser", False):
        return True
    return any(agency.path.startswith(each.path) for each in _administered(user, at))


def in_words(user: Any, at: datetime) -> str:
    """Name and unit of who enters a number."""
    units = [agency.name for agency in _administered(user, at)]
    return f"{user}{'（' + units[0] + '）' if units else ''}"[:80]


def _administered(user: Any, at: datetime) -> list[Agency]:
    grants = entitlements.grants_of(user, at)
    return [each.agency for each in grants if each.agency is not None and each.role == Role.ADMIN]
