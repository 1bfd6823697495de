"""The records behind `Standing`, and the limits of dead letters as the rulebook has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from anlan.apps.gateways.services import (
    Backlog,
    Pause,
    ciphers,
    note_used_tags,
    open_gaps,
    pauses_in_force,
    record_backlogs,
    record_pauses,
)
from anlan.process.worker import give_up_broken
from anlan.roles.intake.dead_letters import Limits
from anlan.roles.intake.standing import Said
from anlan.rules.rulebook import RulesInForce


class Database:
    """For the thread that refreshes; `Standing` says what may raise and be repeated."""

    def read(self, at: datetime) -> Said:
        give_up_broken()
        return Said(ciphers(), pauses_in_force(at), open_gaps())

    def pauses(self, found: Iterable[Pause]) -> int:
        return record_pauses(found)

    def backlogs(self, told: Iterable[Backlog]) -> int:
        return record_backlogs(told)

    def used_tags(self, used: Iterable[tuple[str, str]], at: datetime) -> None:
        note_used_tags(used, at)


def limits(rules: RulesInForce) -> Limits:
    """When most of what a gateway sends is refused: local settings."""
    return Limits(
        percent=rules.number("dead_letter_percent"),
        least=int(rules.number("dead_letter_least")),
        window=timedelta(seconds=rules.number("dead_letter_window_seconds")),
        pause=rules.minutes("dead_letter_pause_minutes"),
    )
