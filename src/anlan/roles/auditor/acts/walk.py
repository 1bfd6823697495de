"""Walks everything that is compared with its acts: at once for the command, stretch by stretch for the auditor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from anlan.apps.registry.models import Enterprise
from anlan.roles.auditor.acts import baseline
from anlan.roles.auditor.acts.domain import Domain, differences
from anlan.roles.auditor.acts.register import Grants, Register
from anlan.roles.auditor.acts.states import STATES
from anlan.roles.auditor.acts.warnings import Warnings


def domains() -> tuple[Domain, ...]:
    """All that is compared."""
    return (Warnings(), *STATES, Register(), Grants())


def broken() -> Iterator[str]:
    """One Chinese line for every row that is not as its acts say; takes as long as there are rows."""
    for domain in domains():
        last = domain.newest()
        for first in range(1, last + 1, domain.at_once):
            for each in differences(domain, first, min(last, first + domain.at_once - 1)):
                yield each.words


class ActPatrol:
    """Compares one stretch at each step, round and round; ``faults`` are the Chinese lines, by kind and number."""

    def __init__(self) -> None:
        self._domains = domains()
        self._at, self._next = 0, 1
        self.faults: dict[tuple[str, int], list[str]] = {}
        self.rounds = 0

    def step(self, now: datetime) -> None:
        """Compare the next stretch that has any rows; the first step of all begins the comparing."""
        baseline.begin(now)
        for _ in self._domains:
            domain = self._domains[self._at]
            last = min(domain.newest(), self._next + domain.at_once - 1)
            if self._next <= last:
                self._compare(domain, self._next, last, now)
                self._next = last + 1
                return
            self._at, self._next = (self._at + 1) % len(self._domains), 1
            self.rounds += not self._at

    def _compare(self, domain: Domain, first: int, last: int, now: datetime) -> None:
        if isinstance(domain, Register):
            for enterprise in Enterprise._base_manager.filter(pk__gte=first, pk__lte=last):
                baseline.register(enterprise, now)
        found: dict[tuple[str, int], list[str]] = {}
        for each in differences(domain, first, last):
            found.setdefault((domain.name, each.number), []).append(each.words)
        for key in [key for key in self.faults if key[0] == domain.name and first <= key[1] <= last]:
            del self.faults[key]
        self.faults |= found
