"""Who may change the numbers of a place: administrators of that agency or of one above it."""

from __future__ import annotations

from anlan.apps.org.models import Agency, Role
from anlan.apps.org.stand import Stand


def may_refine(by: Stand, agency: Agency) -> bool:
    """Whether somebody administers the agency's area; the operator of the installation administers all."""
    return by.operates or by.agency_with(str(Role.ADMIN)) is not None
