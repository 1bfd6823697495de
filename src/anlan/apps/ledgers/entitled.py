"""Who may do what in a ledger: its declaration says which roles keep it and which take each step."""

from __future__ import annotations

from anlan.apps.accounts.selectors import may_see_phones
from anlan.apps.ledgers.kinds import LEDGERS, Ledger, Step
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.org.stand import Stand


def may_keep(by: Stand, ledger: Ledger) -> bool:
    """Adding and changing entries."""
    return by.holds(*ledger.keepers)


def may_take(by: Stand, step: Step) -> bool:
    """Taking one declared step."""
    return by.holds(*step.roles)


def may_attach(by: Stand, entry: LedgerEntry) -> bool:
    """Whoever keeps the ledger hands in its papers and takes them back."""
    return entry.ledger in LEDGERS and may_keep(by, entry.kept_in)


def may_read_papers(by: Stand, entry: LedgerEntry) -> bool:
    """Papers of a ledger with personal fields are certificates and the like: for whoever reads those fields."""
    personal = entry.ledger not in LEDGERS or any(field.private for field in entry.kept_in.schema.fields)
    return not personal or may_see_phones(by)


def shut(entry: LedgerEntry) -> str:
    """Why its files change no more; empty while they may."""
    if entry.ledger not in LEDGERS:
        return "这本台账已停用，附件不再变动"
    return f"这条台账{entry.get_state_display()}，附件不再变动" if entry.state in entry.kept_in.final else ""
