"""Who does something: one value with one spelling, for rows, for the journal and for comparisons.

An act belongs to a person, not to a name: two people may bear one name, and one person may have several log-ins and
offices. The id says who: ``person:<code>`` for a human being, ``user:<log-in>`` for a log-in without one,
``operator:<what>`` for somebody at the machine itself, ``system`` for the machine, and ``channel:<name>`` and
``sender:<code>`` for what comes in through them. Names and units are for reading and never compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.journal.services import MACHINE, is_actor

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from anlan.apps.org.models import Person

__all__ = [
    "SYSTEM",
    "Actor",
    "Signed",
    "actor_id",
    "channel",
    "is_actor",
    "of_person",
    "of_user",
    "operator",
    "sender",
    "signed",
]

LONGEST = 80
"""Characters of an id and of a name that rows and journal keep."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts. ``name`` and ``unit`` are as a reader is shown them.

    ``person_id``, ``agency_id`` and ``enterprise_id`` are keys of rows: whose act it is, and for which unit they speak.
    Raises ValueError for an id that is none: a name never takes the place of a person.
    """

    id: str
    name: str = ""
    unit: str = ""
    person_id: int | None = None
    agency_id: int | None = None
    enterprise_id: int | None = None

    def __post_init__(self) -> None:
        if not is_actor(self.id):
            raise ValueError(f"{self.id!r} names no actor: person:<code>, user:<log-in>, operator:<what>, system, …")

    @property
    def is_machine(self) -> bool:
        """Whether the machine acts, or somebody who holds the machine itself; neither has roles."""
        return self.id == MACHINE or self.id.startswith("operator:")

    @property
    def title(self) -> str:
        """The name with the unit: ``甲（示例县局）``."""
        return f"{self.name}（{self.unit}）" if self.unit else self.name

    def of(self, unit: str, *, agency_id: int | None = None, enterprise_id: int | None = None) -> Actor:
        """The same one, speaking for that unit."""
        return replace(self, unit=unit, agency_id=agency_id, enterprise_id=enterprise_id)


SYSTEM = Actor(MACHINE)
"""What the system does by itself."""


def operator(what: str) -> Actor:
    """Somebody at the machine itself, by the command that they ran: ``operator:cipher``."""
    return Actor(f"operator:{what}"[:LONGEST], what)


def channel(name: str) -> Actor:
    """A channel that reports what somebody did there."""
    return Actor(f"channel:{name}", f"channel:{name}")


def sender(code: str) -> Actor:
    """Another authority's system that hands over alerts."""
    return Actor(f"sender:{code}", code)


def of_person(person: Person) -> Actor:
    """A human being, whichever log-in they use."""
    return Actor(f"person:{person.code}", str(person.name), person_id=person.pk)


def of_user(user: AbstractBaseUser | AnonymousUser) -> Actor:
    """Whoever is logged in: the person behind the log-in, or the log-in itself where there is none."""
    person: Person | None = getattr(user, "person", None)
    return of_person(person) if person is not None else Actor(f"user:{user.get_username()}", str(user))


def actor_id() -> models.CharField[str, str]:
    """A column for the id of an actor; empty in rows that were written while people were known by their names alone."""
    return models.CharField(max_length=LONGEST, blank=True, default="", db_default="")


class Signed(models.Model):
    """Mixin of rows that each are one act of somebody: who (by id), their name and unit as they were, and when."""

    actor_id = actor_id()
    actor_name = models.CharField(_("姓名"), max_length=LONGEST, blank=True, db_column="actor")
    unit = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True


def signed(actor: Actor) -> dict[str, str]:
    """The columns of a `Signed` row that say who it was."""
    return {"actor_id": actor.id, "actor_name": actor.name[:LONGEST], "unit": actor.unit[:80]}
