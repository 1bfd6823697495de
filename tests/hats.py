"""People of the tests as services take them: somebody who wears a hat for the owner of this very record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Actor, of_person, operator
from anlan.apps.org.line import line_of
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.stand import Hat, Stand, as_person, at_the_machine
from anlan.rules.calendar import CIVIL_ZONE

LONG_AGO = datetime(2024, 3, 1, tzinfo=CIVIL_ZONE)
BY = operator("test")
"""Whoever sits at the machine itself."""


def called(who: Any) -> Actor:
    """A person, or one who is known by nothing but a name."""
    return Actor(f"person:{who}", who) if isinstance(who, str) else of_person(who)


def staff(about: Any, who: Any = "丙", role: str = Role.SAFETY_OFFICER) -> Stand:
    """Somebody of the enterprise that a record belongs to (or is)."""
    enterprise = _enterprise(about)
    hat = Hat(str(role), enterprise.name, enterprise_id=enterprise.pk)
    me = called(who).of(enterprise.name, enterprise_id=enterprise.pk)
    return Stand(me, owner_of(enterprise), LONG_AGO, (hat,))


def officer(about: Any, who: Any = "示例值班", role: str = Role.APPROVER, *, of: Agency | None = None) -> Stand:
    """Somebody of the agency that supervises the enterprise of a record, or of another agency ``of`` on its line."""
    enterprise = _enterprise(about)
    agency = of or enterprise.supervisor
    line = line_of(enterprise)
    assert agency.pk in line.all, f"{agency} does not stand above {enterprise}"
    hat = Hat(str(role), agency.name, agency, is_near=agency.pk in line.near)
    return Stand(called(who).of(agency.name, agency_id=agency.pk), owner_of(enterprise), LONG_AGO, (hat,))


def holder(about: Any, person: Any) -> Stand:
    """A person whose post the law asks for, whatever their log-in may do."""
    return as_person(person, owner_of(_enterprise(about)), LONG_AGO)


def machine(owner: Any) -> Stand:
    """Whoever sits at the machine itself, towards an enterprise or an agency."""
    return at_the_machine(BY, owner_of(owner), LONG_AGO)


def _enterprise(about: Any) -> Any:
    return getattr(about, "enterprise", about)
