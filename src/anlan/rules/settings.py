"""The local settings that shape how a warning runs, read once from the rules in force.

No article says any of these (GEN-10): screens show them as 本地设定. Must never carry a number that an article gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from anlan.rules.rulebook import RulesInForce


class CpSlot(StrEnum):
    """Who fills the county/park slot (ORG-03)."""

    BOTH = "both"
    SUPERVISOR_ONLY = "supervisor_only"
    PARK_FIRST = "park_first"


class ClearUnconfirmed(StrEnum):
    """What clearing a warning does that nobody confirmed (WRN-07)."""

    AUTO = "auto"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class WarningSettings:
    """Defaults are those shipped in the rulebook; a test keeps the two equal."""

    cp_slot: CpSlot = CpSlot.BOTH
    flap_guard: timedelta = timedelta(0)
    blue_to_cp: bool = False
    clear_unconfirmed: ClearUnconfirmed = ClearUnconfirmed.AUTO
    orange_copy_to_enterprise: bool = False
    copy_to_county: bool = False
    """Beside a supervisor that is not the county's own authority, the latter gets a copy (ORG-02)."""

    @classmethod
    def of(cls, rules: RulesInForce) -> WarningSettings:
        """The settings as the rules in force have them."""
        return cls(
            cp_slot=CpSlot(rules.text("cp_slot")),
            flap_guard=rules.minutes("flap_guard_minutes"),
            blue_to_cp=rules.flag("blue_to_cp"),
            clear_unconfirmed=ClearUnconfirmed(rules.text("clear_unconfirmed")),
            orange_copy_to_enterprise=rules.flag("orange_copy_to_enterprise"),
            copy_to_county=rules.flag("copy_to_county"),
        )
