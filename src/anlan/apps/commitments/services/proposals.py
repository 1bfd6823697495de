"""What other records propose for items of the daily commitment (PTW-12): a person confirms it, nothing enters itself.

Who has counts of a day registers; nothing here knows special work or unit states. A proposal is shown beside an item
that is still empty, and is worth nothing until somebody who may enter the items has confirmed what they saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from anlan.apps.commitments.form import SCHEMA
from anlan.apps.commitments.models import Commitment
from anlan.apps.commitments.services.promise import MEANWHILE, enter
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused


@dataclass(frozen=True)
class Proposal:
    """What an item would be by the records: as it would be typed, and from which of them, in words."""

    value: str
    says: str


Proposer = Callable[[Enterprise, date], Mapping[str, Proposal]]
"""Proposes values by item. Machine's own read."""

_PROPOSERS: dict[str, Proposer] = {}


def register_proposer(name: str, proposer: Proposer) -> None:
    """Has a proposer asked whenever a form is shown. The same name again takes the place of the one before."""
    _PROPOSERS[name] = proposer


def proposals(row: Commitment) -> dict[str, Proposal]:
    """What is proposed for the items of a day that are still empty, in the order of the form."""
    found: dict[str, Proposal] = {}
    for propose in _PROPOSERS.values():
        found |= propose(row.enterprise, row.day)
    held = row.held
    return {each.key: found[each.key] for each in SCHEMA.fields if each.key in found and held[each.key] is None}


def confirm_proposed(
    row: Commitment, typed: Mapping[str, Any], shown: Mapping[str, str], *, by: Stand, at: datetime, seen: int | None
) -> Commitment:  # fmt: skip
    """Enters what was typed, and beside it what was ``shown`` as proposed for items that are still empty.

    Raises `Refused` as `enter` does, and when the records propose another thing by now than what was shown: nobody
    confirms what they have not seen.
    """
    now = {key: each.value for key, each in proposals(row).items()}
    if dict(shown) != now:
        raise Refused("您打开以后，作业或装置记录已变。请核对新的拟填值后再确认，您填的还在下面", reason=MEANWHILE)
    empty = {key: value for key, value in shown.items() if typed.get(key) in (None, "")}
    return enter(row.enterprise, {**typed, **empty}, by=by, at=at, seen=seen)
