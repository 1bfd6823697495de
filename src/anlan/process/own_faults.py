"""What a role finds wrong with its own work: it leaves it in its sign of life, and the auditor tells operators.

One way for all roles (`anlan.roles.auditor.guards` reads it). Each fault has a kind, Chinese words that say what to do,
and since when. A fault lasts until the role says that it is over, or for a set time, so that what was mended on the
spot is seen all the same; a restart of the role forgets nothing of the latter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

SHOWN_FOR = timedelta(days=1)
"""So long a fault that is mended already is told (本地设定): somebody should find out where it came from."""


@dataclass(frozen=True, slots=True)
class OwnFault:
    """``until``: when it is no longer told by itself; None lasts until it is said to be over."""

    kind: str
    text: str
    since: datetime
    until: datetime | None = None

    def is_told(self, now: datetime) -> bool:
        """Whether its time is not over; one that lies in the future ends no later than if it had begun now."""
        if self.until is None:
            return True
        return now < self.until and now + (self.until - self.since) >= self.until - timedelta(seconds=60)


class OwnFaults:
    """The faults of one process. Saying one again keeps its beginning and takes the newer words."""

    def __init__(self) -> None:
        self._found: dict[str, OwnFault] = {}

    def found(self, kind: str, text: str, at: datetime, since: datetime | None = None) -> None:
        """Something is wrong from now on, or since ``since``."""
        known = self._found.get(kind)
        self._found[kind] = OwnFault(kind, text, known.since if known and not known.until else since or at)

    def happened(self, kind: str, text: str, at: datetime, shown_for: timedelta = SHOWN_FOR) -> None:
        """Something went wrong just now and is mended: told for ``shown_for``."""
        self._found[kind] = OwnFault(kind, text, at, at + shown_for)

    def over(self, kind: str) -> None:
        """It is no longer so; what was never said, or is told for a set time, stays as it is."""
        if (known := self._found.get(kind)) and known.until is None:
            del self._found[kind]

    def told(self, now: datetime) -> list[OwnFault]:
        """What is to be told; what has been told long enough is dropped."""
        self._found = {kind: fault for kind, fault in self._found.items() if fault.is_told(now)}
        return list(self._found.values())

    def detail(self, now: datetime) -> list[dict[str, Any]]:
        """The same as the sign of life carries it, under ``own``."""
        return [
            {
                "kind": fault.kind, "text": fault.text, "since": fault.since.isoformat(),
                "until": fault.until.isoformat() if fault.until else None,
            }
            for fault in self.told(now)
        ]  # fmt: skip

    def remember(self, detail: Mapping[str, Any]) -> None:
        """Go on with what an earlier process of this name had to tell for a set time."""
        for fault in told(detail):
            if fault.until is not None and fault.kind not in self._found:
                self._found[fault.kind] = fault


def told(detail: Mapping[str, Any]) -> Iterable[OwnFault]:
    """The faults in the detail of a sign of life."""
    for each in detail.get("own", ()):
        until = each.get("until")
        yield OwnFault(
            each["kind"], each["text"], datetime.fromisoformat(each["since"]),
            datetime.fromisoformat(until) if until else None,
        )  # fmt: skip
