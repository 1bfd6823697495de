"""告知与回执: each recipient of a warning with its ways, what became of the letters, and who was told instead."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.models import DeliveryState, Rung
from anlan.apps.warnings import selectors
from anlan.apps.warnings.models import Warning
from anlan.rules.slots import SLOT_LABELS

STATES = dict(DeliveryState.choices)
RUNGS = dict(Rung.choices)
PLATFORM = _("平台")


def receipts(warning: Warning) -> list[dict[str, Any]]:
    """Rows of the table: the receipt, its ways in words, and what the person did."""
    acted = {f"person:{c.person.code}": c for c in warning.confirmations.all() if c.person is not None}
    return [_row(receipt, acted) for receipt in sorted(selectors.recipients_table(warning), key=_place_at_table)]


def _row(receipt: selectors.Receipt, acted: dict[str, Any]) -> dict[str, Any]:
    ways = [
        {
            "way": way,
            "title": PLATFORM if way.channel == selectors.PLATFORM else delivery.title_of(way.channel),
            "state": STATES[way.state],
            "failed": way.state in (DeliveryState.FAILED, DeliveryState.QUEUED) and bool(way.error),
        }
        for way in receipt.ways.values()
    ]
    instead = [{"to": each, "rung": RUNGS[each.rung]} for each in receipt.instead]
    common = receipt.kind == selectors.COMMON
    return {
        "receipt": receipt,
        "name": delivery.title_of(receipt.name) if common else receipt.name,
        "common": common,
        "ways": ways,
        "instead": instead,
        "read": receipt.messages - receipt.unread,
        "confirmation": acted.get(receipt.recipient),
    }


def _place_at_table(receipt: selectors.Receipt) -> tuple[int, str]:
    """The duty holders in the order of their posts, then the units from the county up, then who stood in for them."""
    known = list(SLOT_LABELS.values())
    return (known.index(receipt.slot) if receipt.slot in known else len(known), receipt.name)
