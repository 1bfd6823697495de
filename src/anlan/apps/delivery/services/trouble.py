"""What delivery finds wrong is told upwards: findings live above this app and register here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anlan.apps.org.actor import Actor
from anlan.apps.registry.models import Enterprise


class TroubleKind(StrEnum):
    CONTACT = "contact"
    """A provider says that there is no such address, or the address is not of its kind."""
    UNREACHED = "unreached"
    """No channel reached a recipient, and nobody was left to pass the message to."""
    NOBODY = "nobody"
    """A notice reached none of its recipients, nor anybody in their stead."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with reaching somebody, noticed while telling about ``enterprise``."""

    kind: TroubleKind
    enterprise: Enterprise
    subject: str
    text: str
    at: datetime
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """All trouble of this kind whose subject begins with ``<subject>:`` is over, by the act of ``by``."""

    kind: TroubleKind
    subject: str
    at: datetime
    by: Actor


Handler = Callable[[Trouble | Over], None]
_handlers: list[Handler] = []


def on_trouble(handler: Handler) -> None:
    """Call ``handler`` inside the transaction in which trouble is recorded or is over."""
    if handler not in _handlers:
        _handlers.append(handler)


def report(trouble: Trouble | Over) -> None:
    """Hand it to all who registered."""
    for handler in _handlers:
        handler(trouble)
