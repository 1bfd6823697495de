"""What became of a letter, as an act: who was reached and when is evidence as much as who was told."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.delivery.models import Delivery, Message
from anlan.apps.journal import services as journal

OUTCOME = ("state", "sent_at", "delivered_at", "read_at", "provider_id")
"""The columns of a delivery that say what became of it; the others are the sender's own business."""
LETTER = "letter"
"""The act, about the subject of the notice: ``{"delivery": key, "is": what the row says}``."""


def note(delivery: int, message: Message, at: datetime) -> None:
    """Journal a delivery as it stands now; call inside the transaction of the change, which holds the chain."""
    row = Delivery.objects.get(pk=delivery)
    after = {"delivery": delivery, "is": journal.state_of(row, OUTCOME)}
    chain = f"enterprise:{message.enterprise.code}"
    journal.record(chain, LETTER, at=at, subject=message.notice.subject, after=after)
