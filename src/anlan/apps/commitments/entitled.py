"""Who may do what about the daily commitment of an enterprise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Person, Role
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import staff


@dataclass(frozen=True)
class Principal:
    """Who commits for an enterprise: the principal, and who acts for them now (COM-01, SEC-08)."""

    person: Person | None
    acting: Collection[Person] = ()

    @property
    def all(self) -> tuple[Person, ...]:
        """Everybody who may commit now."""
        return tuple(each for each in (self.person, *self.acting) if each is not None)

    @property
    def reached(self) -> Person | None:
        """Who is asked: whoever acts, else the principal."""
        return next(iter(self.acting), self.person)


def principals_of(enterprises: Collection[Enterprise], at: datetime) -> dict[int, Principal]:
    """Of each enterprise, by its key, the principal with those who act for them at ``at``, the latest declared first.
    Three queries."""
    persons = staff.principals_of(enterprises, at)
    acting: dict[int, list[Person]] = {}
    for row in org.standing_in_for({person.pk for person in persons.values()}, at):
        acting.setdefault(row.person_id, []).append(row.deputy)
    return {
        each.pk: Principal(person, tuple(acting.get(person.pk, ())))
        if (person := persons.get(each.pk))
        else Principal(None)
        for each in enterprises
    }


def principal_of(enterprise: Enterprise, at: datetime) -> Principal:
    """As `principals_of`, for one."""
    return principals_of([enterprise], at)[enterprise.pk]


def may_enter(by: Stand) -> bool:
    """Entering the day's items: whoever works there for its safety."""
    return by.holds(*STAFF)


def may_commit(by: Stand, principal: Principal) -> bool:
    """主要负责人 in person, or who acts for them: nobody else, whatever their role (第七条). Where the register names
    none, whoever holds that role there."""
    if principal.person is None:
        return by.holds(str(Role.PRINCIPAL))
    mine = by.actor.person_id
    return mine is not None and mine in {each.pk for each in principal.all}


def may_assess(by: Stand, unit: WorkUnit) -> bool:
    """Signing for a team or a workshop: whoever works in the enterprise for its safety."""
    return by.holds(*STAFF)


def may_keep_units(by: Stand) -> bool:
    """Adding and ending workshops and teams."""
    return by.holds(*STAFF)
