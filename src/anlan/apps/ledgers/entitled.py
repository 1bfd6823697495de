"""Who may do what in a ledger: its declaration says which roles keep it and which take each step."""

from __future__ import annotations

from anlan.apps.ledgers.kinds import Ledger, Step
from anlan.apps.org.stand import Stand


def may_keep(by: Stand, ledger: Ledger) -> bool:
    """Adding and changing entries."""
    return by.holds(*ledger.keepers)


def may_take(by: Stand, step: Step) -> bool:
    """Taking one declared step."""
    return by.holds(*step.roles)
