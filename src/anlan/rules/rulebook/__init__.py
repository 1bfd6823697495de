"""Every number of the regulations, with its article and validity, as data beside the code.

The files are read from this package, nothing else is ever read. `load` is the everyday way in: the numbers for a place
on a day. Regulations whose date of publication is not held (Q-47) count for every day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib import resources

from anlan.rules.rulebook.book import Rulebook, RulesInForce, Step
from anlan.rules.rulebook.entry import (
    LOCAL_LABEL,
    READING_LABEL,
    REFINED_LABEL,
    REGULATION_LABEL,
    Entry,
    Kind,
    Stricter,
    Value,
)
from anlan.rules.rulebook.override import Accepted, Override, Reason, RefinementRefused, judge
from anlan.rules.rulebook.parse import RulebookError, parse

FILES = ("warning_handling", "patrol", "data_quality", "bulletin", "local_settings", "alarm_management")
"""The files, in the order in which a reader should see them."""


def source_text(name: str) -> str:
    """The text of one data file of this package."""
    return resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


@cache
def book() -> Rulebook:
    """The rulebook as shipped; read once per process, never changed."""
    return Rulebook(entry for name in FILES for entry in parse(source_text(name)))


def load(locality: Sequence[str] = (), on_date: date | None = None, overrides: Iterable[Override] = ()) -> RulesInForce:
    """The numbers in force for a place (its localities, widest first) on a day.

    Without a day: as shipped, on the newest day that any version begins. Pass the day wherever a result is computed.
    """
    shipped = book()
    day = on_date or max(
        (entry.valid_from for key in shipped.keys for entry in shipped.versions(key) if entry.valid_from),
        default=date.max,
    )
    return shipped.in_force(day, locality, overrides)


__all__ = [
    "FILES",
    "LOCAL_LABEL",
    "READING_LABEL",
    "REFINED_LABEL",
    "REGULATION_LABEL",
    "Accepted",
    "Entry",
    "Kind",
    "Override",
    "Reason",
    "RefinementRefused",
    "Rulebook",
    "RulebookError",
    "RulesInForce",
    "Step",
    "Stricter",
    "Value",
    "book",
    "judge",
    "load",
    "parse",
    "source_text",
]
