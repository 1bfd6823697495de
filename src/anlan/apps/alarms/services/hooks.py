"""Who wants to know what alarms and filings do. Apps above register here; this app never calls up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anlan.apps.alarms.models import Alarm, Filing

Handler = Callable[[int, datetime], object]
"""Told of a source and when; what it returns is its own."""

FilingHandler = Callable[["Filing", datetime], None]

_handlers: list[Handler] = []
_filing_handlers: list[tuple[FilingHandler, FilingHandler]] = []


@dataclass(frozen=True, slots=True)
class OpenWarning:
    """What this app has to know of an open warning: since when, and the id of the alarm that came first (or empty)."""

    since: datetime
    first_out: str = ""


Teller = Callable[[Collection[int]], Mapping[int, OpenWarning]]
_tellers: list[Teller] = []


def on_open_warnings(teller: Teller) -> Teller:
    """Have ``teller(source_ids)`` say which of these sources has an open warning; the others are absent."""
    if teller not in _tellers:
        _tellers.append(teller)
    return teller


def open_warnings_of(source_ids: Collection[int]) -> dict[int, OpenWarning]:
    """The open warnings of sources, as the apps above tell it."""
    found: dict[int, OpenWarning] = {}
    for teller in _tellers if source_ids else ():
        found.update(teller(source_ids))
    return found


def on_source_change(handler: Handler) -> Handler:
    """Have ``handler(source_id, now)`` called inside the transaction that changed alarms of a source.

    What it raises undoes that transaction: alarm and consequence stand or fall together. Registering twice counts once.
    Usable as a decorator.
    """
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def tell(source_ids: Iterable[int], now: datetime) -> None:
    """Call every handler once per source, in order of id so that two transactions lock in the same order."""
    for source_id in sorted(set(source_ids)):
        for handler in _handlers:
            handler(source_id, now)


def on_filing(begins: FilingHandler, ends: FilingHandler) -> None:
    """Have ``begins(filing, at)`` and ``ends(filing, at)`` called inside the transaction in which a confirmed filing
    comes into force or is over, with the enterprise's chain held. Registering twice counts once."""
    if (begins, ends) not in _filing_handlers:
        _filing_handlers.append((begins, ends))


LimitsTeller = Callable[[Iterable["Alarm"], datetime], None]
_limit_tellers: list[LimitsTeller] = []


def on_told_limits(teller: LimitsTeller) -> None:
    """Have ``teller(alarms, now)`` called inside the transaction in which enterprises' own systems told of alarms, with
    the limits by which these were raised there. Registering twice counts once."""
    if teller not in _limit_tellers:
        _limit_tellers.append(teller)


def told_limits(alarms: Iterable[Alarm], now: datetime) -> None:
    """Tells everybody who registered of alarms with the limits of the enterprise's own system."""
    for teller in _limit_tellers:
        teller(alarms, now)


def filing_begins(filing: Filing, at: datetime) -> None:
    """Tells everybody who registered that a filing is in force."""
    for begins, _ in _filing_handlers:
        begins(filing, at)


def filing_ends(filing: Filing, at: datetime) -> None:
    """Tells everybody who registered that a filing that was in force is over."""
    for _, ends in _filing_handlers:
        ends(filing, at)
