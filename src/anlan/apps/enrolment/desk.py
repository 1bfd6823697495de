"""The desk at which one import works: for whom, when, what they may register, and what was done so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.apps.enrolment.unique import Unique
from anlan.apps.org.actor import Actor
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Revision
from anlan.apps.registry.services import UNSAID, Why

OPERATOR_ONLY = "只有系统管理员可以登记"
OUT_OF_SCOPE = "不在您的管辖范围内"
AT_ONCE = 500
"""Codes in one query."""


class Faults(ValueError):
    """What keeps a row out: pairs of a column's key (empty for the whole row) and a Chinese reason."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__("；".join(reason for _, reason in faults))
        self.faults = list(faults)


TAKEN = "与已有记录冲突（编码、名称或席位已被占用）"


@dataclass
class Desk:
    """One run. ``scope`` is what the person may *register* (not all that they see).

    A run that does not write (``writes`` False, the preview) checks the same and remembers what it would have kept:
    later rows find it by its code, under a key that no stored record has.
    """

    scope: Scope
    by: Actor
    at: datetime
    finders: dict[str, Callable[[list[str]], dict[str, Any]]] = field(default_factory=dict)
    """By sheet: the records of these codes, in one query."""
    writes: bool = True
    removing: bool = True
    """Whether a row may take a limit away."""
    asks: bool = False
    """Whether changes that an enterprise may not make by itself are asked for (`asking`), not made."""
    asked: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By enterprise the rows that this run asks for."""
    why: Why = UNSAID
    """What stands behind the changes of this run."""
    revisions: list[Revision] = field(default_factory=list)
    """First revisions of records that were added since the last act, saved with it."""
    keys: dict[str, str] = field(default_factory=dict)
    """Gateway keys that were made, by gateway: shown once, never stored."""
    passwords: dict[str, str] = field(default_factory=dict)
    """First passwords that were made, by log-in: shown once, never stored."""
    points: list[Any] = field(default_factory=list)
    """Points that were added since the last act: their limits are journaled with it."""
    placed: set[tuple[str, int]] = field(default_factory=set)
    """Code of a person and key of an enterprise on whose staff this run puts them."""
    logins: dict[str, str] = field(default_factory=dict)
    """Log-ins that this run makes, with the codes of their persons."""
    seats: dict[str, list[str]] = field(default_factory=dict)
    """By national seat: codes of agencies that a run which does not write has put there."""
    _found: dict[tuple[str, str], Any] = field(default_factory=dict)
    _as_kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    _unique: Unique = field(default_factory=Unique)

    def look_up(self, sheet: str, codes: Iterable[str]) -> None:
        """Read the records of many codes at once; `find` then answers without asking, also that there is none."""
        wanted = sorted({code for code in codes if code and (sheet, code) not in self._found})
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            records = self.finders[sheet](part)
            self._found |= {(sheet, code): records.get(code) for code in part}

    def find(self, sheet: str, code: str) -> Any:
        """The record that a code of another sheet names; None without one. Remembered for the run."""
        if not code:
            return None
        self.look_up(sheet, [code])
        return self._found[sheet, code]

    def keep(self, record: Any) -> None:
        """Save a record; in a run that does not write, only see that nothing unique is taken. Raises `Faults` then."""
        if self.writes:
            record.save()
        elif not self._unique.take(record):
            raise Faults(("", TAKEN))

    def beside(self, points: Iterable[Any], device_id: int) -> list[Any]:
        """The points of a device as this run leaves them: those stored, as changed, and those not stored yet."""
        return self._unique.beside(points, "device_id", device_id)

    def remember(self, sheet: str, code: str, record: Any) -> None:
        """A record was changed or made: the next reference gets this very one."""
        self._found[sheet, code] = record
        if not self.writes:
            self._as_kept[sheet, code] = copy(record)

    def forget(self, sheet: str, code: str) -> None:
        """A record could not be kept: the next reference gets it as it was before, or asks the database again."""
        self._found.pop((sheet, code), None)
        if (sheet, code) in self._as_kept:
            self._found[sheet, code] = copy(self._as_kept[sheet, code])

    @property
    def is_operator(self) -> bool:
        """Whether the installation's own operator is at work."""
        return self.scope.everything

    def covers_agency(self, agency: Any) -> bool:
        """Whether an agency lies in the subtree of one that the person administers."""
        return self.scope.everything or any(agency.path.startswith(path) for path in self.scope.agency_paths)
