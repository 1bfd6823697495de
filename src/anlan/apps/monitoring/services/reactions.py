"""Who wants to know that the alarms of a hazard source changed. Apps above register here; this app never calls up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

Handler = Callable[[int, datetime], None]

_handlers: list[Handler] = []


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
