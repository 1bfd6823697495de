"""Who wants to know that the alarms of a hazard source changed. Apps above register here; this app never calls up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

Handler = Callable[[int, datetime], None]

_handlers: list[Handler] = []


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
