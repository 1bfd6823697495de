"""What is handed to the outbox: a notice with its recipients, before it is rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from anlan.apps.delivery.models import Message, RecipientKind
from anlan.apps.registry.models import Enterprise
from anlan.database import bulk


@dataclass(frozen=True, slots=True)
class To:
    """One recipient: its routing id (``person:…``, ``agency:…``, ``enterprise:…``), its name and its slot in words."""

    id: str
    name: str
    slot: str = ""
    person_id: int | None = None
    agency_id: int | None = None
    enterprise_id: int | None = None
    acting_for: str = ""
    """Routing id of the recipient in whose stead this one is told; empty for who is told by right."""

    @property
    def kind(self) -> RecipientKind:
        return RecipientKind(self.id.partition(":")[0])

    @property
    def whom(self) -> tuple[str, int]:
        """Kind and key of the row behind the recipient, by which its contacts are found."""
        key = self.person_id or self.agency_id or self.enterprise_id
        if key is None:
            raise ValueError(f"recipient {self.id} has no row")
        return str(self.kind), key


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice to be posted. ``key`` is deterministic: the same decision cannot be posted twice."""

    key: str
    kind: str
    subject: str
    enterprise: Enterprise
    source_id: int | None
    level: str
    due_at: datetime
    sent_at: datetime
    to: tuple[To, ...]
    title: str
    body: str = ""
    article: str = ""
    step: int | None = None
    missed: tuple[datetime, ...] = ()


def message_of(enterprise: Enterprise, to: To) -> Message:
    """The unsaved row of one recipient of a notice about ``enterprise``; its notice is still to be set."""
    return bulk.fresh(
        Message,
        enterprise_id=enterprise.pk,
        recipient=to.id,
        recipient_kind=to.kind,
        recipient_name=to.name,
        slot=to.slot[:20],
        acting_for=to.acting_for,
        person_id=to.person_id,
        agency_id=to.agency_id,
        to_enterprise_id=to.enterprise_id,
    )
