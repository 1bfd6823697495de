"""Where somebody serves: the unit that a contact belongs to, and the journal chain that keeps the acts about it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from anlan.apps.accounts.selectors import INSTALLATION
from anlan.apps.delivery.models import Contact
from anlan.apps.org import selectors as org
from anlan.apps.org.access import owner_of
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import staff

PLATFORM = "platform"
"""Chain of what belongs to no agency and no enterprise."""


def units_of_person(person_id: int, at: datetime) -> list[Enterprise | Agency]:
    """The units in which a person serves at ``at``: enterprises first."""
    return [*staff.enterprises_of(person_id, at), *org.agencies_of(person_id, at)]


def unit_of_contact(row: Contact, at: datetime) -> Enterprise | Agency | None:
    """The unit that a contact serves, for a person the first of theirs; None for whoever serves nowhere."""
    unit: Enterprise | Agency | None = row.enterprise or row.agency
    if unit is not None:
        return unit
    assert row.person_id is not None
    return next(iter(units_of_person(row.person_id, at)), None)


def units_of_contacts(rows: Collection[Contact], at: datetime) -> dict[int, Enterprise | Agency | None]:
    """`unit_of_contact` for many, by their keys; a handful of queries, with agencies and enterprises joined."""
    persons = {row.person_id for row in rows if row.person_id is not None}
    enterprises = staff.first_enterprises_of(persons, at) if persons else {}
    agencies = org.first_agencies_of(persons, at) if persons else {}
    found: dict[int, Enterprise | Agency | None] = {row.pk: row.enterprise or row.agency for row in rows}
    for row in rows:
        if found[row.pk] is None and row.person_id is not None:
            found[row.pk] = enterprises.get(row.person_id) or agencies.get(row.person_id)
    return found


def owner_of_contact(row: Contact, at: datetime) -> str:
    """Towards whom somebody stands who acts on a contact (`anlan.apps.org.stand`)."""
    unit = unit_of_contact(row, at)
    return INSTALLATION if unit is None else owner_of(unit)


def chain_of_person(person_id: int, at: datetime) -> str:
    """The journal chain of the unit in which a person serves at ``at``."""
    return next((owner_of(unit) for unit in units_of_person(person_id, at)), PLATFORM)


def chain_of_contact(row: Contact, at: datetime) -> str:
    """The journal chain of the unit that a contact serves."""
    unit = unit_of_contact(row, at)
    return PLATFORM if unit is None else owner_of(unit)
