"""Who may do what about contacts: everybody keeps their own, a unit's desk is kept by its administrators and duty
officers, in an enterprise by its principal and safety officers (local setting)."""

from __future__ import annotations

from anlan.apps.delivery.models import Contact
from anlan.apps.org.entitled import AGENCY_KEEPERS, ENTERPRISE_KEEPERS
from anlan.apps.org.models import Role
from anlan.apps.org.stand import Stand


def may_keep(by: Stand, row: Contact) -> bool:
    """Whether the contact is the person's own, or that of a desk that they keep in this very unit."""
    if row.person_id is not None:
        return row.person_id == by.actor.person_id
    return any(
        (hat.role in AGENCY_KEEPERS and hat.agency is not None and hat.agency.pk == row.agency_id)
        or (hat.role in ENTERPRISE_KEEPERS and hat.enterprise_id is not None and hat.enterprise_id == row.enterprise_id)
        for hat in by.hats
    )


def may_enable(by: Stand, row: Contact) -> bool:
    """Who keeps the contact, the administrators and duty officers of the agencies above its unit, and the operator."""
    above = any(hat.agency is not None and hat.role in AGENCY_KEEPERS for hat in by.hats)
    return by.operates or above or may_keep(by, row)


def may_test(by: Stand) -> bool:
    """Test letters are sent by administrators of an agency, and by the operator."""
    return by.operates or by.agency_with(str(Role.ADMIN)) is not None
