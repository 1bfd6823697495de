"""Channels of the tests: they take letters, or answer with the error that they were given for an address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery.models import Contact, Notice
from anlan.apps.delivery.services import Draft, To, contact_order, post
from anlan.apps.org.models import Agency, Person
from anlan.apps.registry.models import DutyHolder, HazardSource
from anlan.channels import Channel, Letter, Need, Receipt


class Line(Channel):
    """Takes letters, or raises what ``answers`` holds for the address (or for ``*``, every address)."""

    def __init__(self, name: str, needs: Need = Need.PHONE, rate: float | None = None) -> None:
        self.name, self.title, self.needs, self.rate = name, f"渠道{name}", needs, rate
        self.taken: list[Letter] = []
        self.tries: list[str] = []
        self.answers: dict[str, Exception] = {}

    def send(self, letter: Letter) -> Receipt | None:
        self.tries.append(letter.key)
        answer = self.answers.get(letter.address) or self.answers.get("*")
        if answer is not None:
            raise answer
        self.taken.append(letter)
        return Receipt(provider_id=f"{self.name}-{len(self.taken)}")


def install(monkeypatch: Any, *lines: Line) -> dict[str, Line]:
    """Make these the channels of the installation."""
    found = {line.name: line for line in lines}
    monkeypatch.setattr(contact_order, "_configured", lambda config: found)
    return found


def build() -> HazardSource:
    """The small world; its three duty holders have no contacts, and nobody has a number in the register."""
    from anlan.drill.world import build as world

    return world(scenario()).sources["s1"]


def holder(source: HazardSource, post: str = "operations") -> Person:
    return DutyHolder.objects.by_the_machine().get(source=source, post=post).person


def contact(owner: Any, channel: str, address: str, order: int = 1) -> Contact:
    """A contact of a person, an agency or an enterprise."""
    kind = type(owner).__name__.lower()
    made: Contact = Contact.objects.create(**{kind: owner}, channel=channel, address=address, order=order)
    return made


def to_person(person: Person, slot: str = "操作负责人") -> To:
    return To(f"person:{person.code}", person.name, slot, person_id=person.pk)


def to_agency(code: str = "zz") -> To:
    agency = Agency.objects.by_the_machine().get(code=code)
    return To(f"agency:{code}", agency.name, "县区", agency_id=agency.pk)


def notice(
    source: HazardSource, to: Iterable[To], key: str = "n1", level: str = "red", when: datetime | None = None,
    kind: str = "informed",
) -> Notice:  # fmt: skip
    """Post a notice about the source's warning to these recipients at 08:00."""
    when = when or at("08:00")
    return post(
        Draft(
            key=key, kind=kind, subject="warning:1", enterprise=source.enterprise, source_id=source.pk, level=level,
            due_at=when, sent_at=when, to=tuple(to), title=f"{level} {key}",
        )
    )  # fmt: skip
