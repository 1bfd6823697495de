"""Recipients as the outbox takes them: from the router's answers, and from persons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from anlan.apps.delivery.services.draft import To
from anlan.apps.org.models import Person
from anlan.apps.registry.selectors.routing import Address, addresses_of
from anlan.rules.routing import Recipient
from anlan.rules.rulebook import LOCAL_LABEL
from anlan.rules.slots import SLOT_LABELS

COPY_LABEL = f"抄送（{LOCAL_LABEL}）"
"""What stands in place of a slot where a local setting adds a recipient to those of the article."""


def addressed(known: Mapping[str, Address], recipients: Iterable[Recipient]) -> tuple[To, ...]:
    """The router's answer as addresses. Who is not among the ``known``, told earlier and gone since, is looked up."""
    found = list(recipients)
    missing = {recipient.id for recipient in found} - known.keys()
    by_id = {**known, **addresses_of(missing)} if missing else known
    return tuple(_to(by_id[recipient.id], recipient) for recipient in found)


def to_person(person: Person, slot: str) -> To:
    """One person, with the words why they are told."""
    return To(f"person:{person.code}", person.name, slot, person_id=person.pk)


def _to(address: Address, recipient: Recipient) -> To:
    return To(
        id=address.id,
        name=address.name,
        slot=COPY_LABEL if recipient.copy else SLOT_LABELS[recipient.slot],
        person_id=address.person_id,
        agency_id=address.agency_id,
        enterprise_id=address.enterprise_id,
    )
