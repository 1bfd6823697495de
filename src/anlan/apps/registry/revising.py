"""Writes down what was changed of a record of the register, in the transaction of the change (DQ-12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from anlan.apps.org.actor import Actor, signed
from anlan.apps.registry.models import Enterprise, Revision


@dataclass(frozen=True, slots=True)
class Why:
    """What stands behind a change: words, the case that decided it, and from when on it holds (None: at once)."""

    reason: str = ""
    request: str = ""
    valid_from: datetime | None = None


UNSAID = Why()
ChangeHandler = Callable[[Enterprise], None]
_on_change: list[ChangeHandler] = []


def on_change(handler: ChangeHandler) -> None:
    """Call ``handler(enterprise)`` inside the transaction of every change of the register, once or more often."""
    if handler not in _on_change:
        _on_change.append(handler)


def changed(enterprise: Enterprise) -> None:
    """Something of this enterprise's register was added or changed."""
    for handler in _on_change:
        handler(enterprise)


def plain(value: Any) -> Any:
    """A value as a revision keeps it: of a record its code, of a time its text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (tuple, set)):
        return list(value)
    return getattr(value, "code", value)


def revise(
    enterprise: Enterprise, subject: str, before: Mapping[str, Any], after: Mapping[str, Any], *,
    by: Actor, at: datetime, why: Why = UNSAID,
) -> Revision | None:  # fmt: skip
    """Keep what ``after`` has otherwise than ``before``, as the record's next revision; None when that is nothing.

    Inside the caller's transaction, which holds the chain of the enterprise: numbers have no holes. An empty ``before``
    is a record that came.
    """
    was = {name: plain(value) for name, value in before.items()}
    is_ = {name: plain(value) for name, value in after.items()}
    names = [name for name, value in is_.items() if name not in was or was[name] != value]
    if not names:
        return None
    number = 1
    if was:
        newest = Revision.objects.by_the_machine().filter(subject=subject).aggregate(newest=Max("number"))["newest"]
        number = (newest or 1) + 1
    changed(enterprise)
    return Revision.objects.create(
        enterprise=enterprise, subject=subject, number=number, valid_from=why.valid_from or at,
        reason=why.reason.strip()[:200], request=why.request, at=at, **signed(by),
        before={name: was[name] for name in names if name in was}, after={name: is_[name] for name in names},
    )  # fmt: skip


def came(enterprise: Enterprise, subject: str, values: Mapping[str, Any], *, by: Actor, at: datetime) -> Revision:
    """The first revision of a record that is new, not saved: whoever adds many saves them together."""
    return Revision(
        enterprise=enterprise, subject=subject, number=1, valid_from=at, at=at, **signed(by),
        before={}, after={name: plain(value) for name, value in values.items()},
    )  # fmt: skip


def keep_first(revisions: Sequence[Revision]) -> None:
    """Save what `came` made, inside the transaction of the records."""
    Revision.objects.bulk_create(revisions, batch_size=100)
    for enterprise in {revision.enterprise_id: revision.enterprise for revision in revisions}.values():
        changed(enterprise)
