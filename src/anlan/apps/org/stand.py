"""How somebody stands towards one record: who they are, and which of their roles count for its owner.

A role counts where it is held: in the enterprise itself, or in an agency on its line. Only `anlan.apps.accounts`
makes the stand of a log-in (`selectors.stand`); services take it as ``by`` and ask it themselves, whoever the caller
is. Must never be kept longer than the act it was made for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from anlan.apps.org.actor import Actor, of_person
from anlan.apps.org.models import Agency, Person, Role

STAFF = frozenset(map(str, (Role.PRINCIPAL, Role.DUTY_HOLDER, Role.SAFETY_OFFICER)))
"""Roles inside an enterprise: they acknowledge its alarms, answer for its warnings and see each other's numbers."""
HANDLERS = frozenset(map(str, (Role.DUTY_OFFICER, Role.HANDLER, Role.APPROVER)))
"""Roles of an agency that follow warnings and findings up (local setting)."""


@dataclass(frozen=True, slots=True)
class Hat:
    """One role that counts for the owner, and the unit in which it is held: an agency, or the enterprise itself."""

    role: str
    unit: str
    agency: Agency | None = None
    enterprise_id: int | None = None
    is_near: bool = False
    """Held in the supervisor, the county or the park of the enterprise."""


@dataclass(frozen=True, slots=True)
class Stand:
    """An actor towards the owner of a record at ``at``.

    ``owner`` is the owner's journal chain (``enterprise:<code>``, ``agency:<code>``, ``installation``): a stand made
    for one owner is worth nothing for another. ``hats`` are ordered from the nearest to the farthest.
    """

    actor: Actor
    owner: str
    at: datetime
    hats: tuple[Hat, ...] = ()
    operates: bool = False
    """The log-in of the installation's operator, or an operator at the machine itself."""

    def holds(self, *roles: str) -> bool:
        """Whether one of these roles is held in the enterprise itself or in an agency on its line."""
        return any(hat.role in roles for hat in self.hats)

    def agency_with(self, *roles: str, near: bool = False) -> Agency | None:
        """The nearest agency on the line in which one of these roles is held; None without one.

        ``near``: only the supervisor, the county and the park count. Who is further up sees and does not decide.
        """
        found = (hat.agency for hat in self.hats if hat.role in roles and (hat.is_near or not near))
        return next((agency for agency in found if agency is not None), None)

    def speaking(self, *roles: str) -> Actor:
        """The actor, speaking for the unit in which they hold one of these roles; as they are where they hold none."""
        hat = next((hat for hat in self.hats if hat.role in roles), None)
        if hat is None:
            return self.actor
        agency_id = hat.agency.pk if hat.agency is not None else None
        return self.actor.of(hat.unit, agency_id=agency_id, enterprise_id=hat.enterprise_id)


def as_person(person: Person, owner: str, at: datetime) -> Stand:
    """The stand of a person without any role: for what the law gives to a post and not to a log-in's role."""
    return Stand(of_person(person), owner, at)


def at_the_machine(actor: Actor, owner: str, at: datetime) -> Stand:
    """The stand of the system or of an operator at the machine: no roles, but nothing there is closed to them.

    Raises ValueError for anybody else: a person has a stand of their own.
    """
    if not actor.is_machine:
        raise ValueError(f"{actor.id} acts through a log-in")
    return Stand(actor, owner, at, operates=True)
