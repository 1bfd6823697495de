"""Who may declare who stands in for whom: each person for themselves, and whoever keeps the desk of their unit."""

from __future__ import annotations

from anlan.apps.org.models import Person, Role
from anlan.apps.org.stand import Stand

AGENCY_KEEPERS = frozenset(map(str, (Role.ADMIN, Role.DUTY_OFFICER)))
ENTERPRISE_KEEPERS = frozenset(map(str, (Role.ADMIN, Role.PRINCIPAL, Role.SAFETY_OFFICER)))


def may_declare(by: Stand, person: Person) -> bool:
    """``by`` stands towards a unit in which ``person`` serves, or is that person."""
    return by.actor.person_id == person.pk or keeps_unit(by)


def keeps_unit(by: Stand) -> bool:
    """Whether they keep the desk of the very unit that they stand towards."""
    return any(
        (hat.enterprise_id is not None and hat.role in ENTERPRISE_KEEPERS)
        or (hat.agency is not None and by.owner == f"agency:{hat.agency.code}" and hat.role in AGENCY_KEEPERS)
        for hat in by.hats
    )
