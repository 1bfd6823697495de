"""Where somebody serves: the journal chain that keeps the acts about their contacts."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.delivery.models import Contact
from anlan.apps.org import selectors as org
from anlan.apps.registry.selectors import staff

PLATFORM = "platform"
"""Chain of what belongs to no agency and no enterprise."""


def chain_of_person(person_id: int, at: datetime) -> str:
    """The journal chain of the unit in which a person serves at ``at``."""
    for enterprise in staff.enterprises_of(person_id, at)[:1]:
        return f"enterprise:{enterprise.code}"
    for agency in org.agencies_of(person_id, at)[:1]:
        return f"agency:{agency.code}"
    return PLATFORM


def chain_of_contact(row: Contact, at: datetime) -> str:
    """The journal chain of the unit that a contact serves."""
    if row.enterprise is not None:
        return f"enterprise:{row.enterprise.code}"
    if row.agency is not None:
        return f"agency:{row.agency.code}"
    assert row.person_id is not None
    return chain_of_person(row.person_id, at)
