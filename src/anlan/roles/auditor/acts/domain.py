"""What every comparison shares: a stretch of numbered subjects, their acts in order, and how a difference is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Max

from anlan import border
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.rules.calendar import civil

BEYOND = 50
"""So many numbers behind the last one known, and so many of the newest acts, are looked at for rows that are gone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a row says and its acts do not, or the reverse.

    ``chain``: under whose lock it is looked at again.
    """

    number: int
    chain: str
    words: str


class Domain(Protocol):
    """One kind of subject, numbered by its rows' keys."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int:
        """How many of its numbers are compared at a time."""
        ...

    def newest(self) -> int:
        """The last number there is anything to compare for."""
        ...

    def compare(self, first: int, last: int) -> Iterable[Difference]:
        """Every difference of the subjects from ``first`` to ``last``, both included."""
        ...


def differences(domain: Domain, first: int, last: int) -> Iterator[Difference]:
    """Compare a stretch; what differs is compared again while its chain is held, so that a decision that is just being
    written is no difference."""
    odd = {(each.number, each.chain) for each in domain.compare(first, last)}
    for number, chain in sorted(odd):
        with transaction.atomic():
            journal.hold([chain])
            again = list(domain.compare(number, number))
        yield from again


def readable(found: Iterator[str]) -> Iterator[str]:
    """The differences of one subject; a value that nothing of the product writes is a difference of its own."""
    try:
        yield from found
    except (ValueError, KeyError, TypeError) as error:
        yield f"有无法理解的值（{error}）"


def acts_of(subjects: Sequence[str]) -> dict[str, list[Entry]]:
    """The acts about each subject in the order in which they were written."""
    found: dict[str, list[Entry]] = {subject: [] for subject in subjects}
    entries = Entry.objects.filter(subject__in=subjects).select_related("chain").order_by("pk")
    for entry in entries:
        found[entry.subject].append(entry)
    return found


def newest_of(model: Any, prefix: str) -> int:
    """The highest key of a table, or of a row that is gone and whose acts are there: were it all of the table's."""
    last = int(model._base_manager.aggregate(newest=Max("pk"))["newest"] or 0)
    newest_acts = Entry.objects.filter(subject__startswith=f"{prefix}:").order_by("-pk")[:BEYOND]
    last = max([last, *(_number(subject) for subject in newest_acts.values_list("subject", flat=True))])
    while True:
        behind = [f"{prefix}:{last + ahead}" for ahead in range(1, BEYOND + 1)]
        known = Entry.objects.filter(subject__in=behind).values_list("subject", flat=True)
        further = max((_number(subject) for subject in known), default=0)
        if not further:
            return last
        last = further


def _number(subject: str) -> int:
    """The number in ``finding:17``; 0 for a subject that bears none."""
    return border.number(subject.rpartition(":")[2]) or 0


def chain_of(acts: Sequence[Entry], otherwise: str) -> str:
    """The chain in which a subject's acts stand."""
    return acts[0].chain.key if acts else otherwise


def milli(moment: datetime | str | None) -> datetime | None:
    """An instant to the millisecond, which is what the values of acts keep."""
    if moment is None or moment == "":
        return None
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)


def shown(value: Any) -> str:
    """A value in the words of a fault."""
    if isinstance(value, datetime):
        return f"{civil(value):%Y-%m-%d %H:%M:%S}"
    return "空" if value in (None, "") else str(value)


def apart(what: str, is_: Any, should: Any) -> str:
    """The words of one difference: what the row says and what its acts say."""
    return f"{what}现为“{shown(is_)}”，按记录应为“{shown(should)}”"
