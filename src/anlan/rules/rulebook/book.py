"""The rulebook: every version of every number, and the numbers in force for a place on a day.

Must never answer without a date: the same question about an earlier day must give the earlier answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise

from anlan.rules.rulebook.entry import Entry, Value
from anlan.rules.rulebook.override import Accepted, Override, Reason, RefinementRefused, judge, judge_entering
from anlan.rules.rulebook.parse import RulebookError

_LENGTHS = {
    "秒": timedelta(seconds=1),
    "分钟": timedelta(minutes=1),
    "小时": timedelta(hours=1),
    "日": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The numbers that count for one place on one day; a typed reading of each, and the entry behind it."""

    on: date
    entries: Mapping[str, Entry]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def entry(self, key: str) -> Entry:
        """The entry; an unknown key raises `RulebookError`."""
        try:
            return self.entries[key]
        except KeyError:
            raise RulebookError(f"no number {key!r} is in force on {self.on}") from None

    def number(self, key: str) -> int:
        """A whole number."""
        value = self.entry(key).value
        if isinstance(value, bool) or not isinstance(value, int):
            raise RulebookError(f"{key!r} is not a number")
        return value

    def minutes(self, key: str) -> timedelta:
        """A number of minutes as a length of time."""
        return timedelta(minutes=self.number(key))

    def length(self, key: str) -> timedelta:
        """A length of time in the unit that its entry names: seconds, minutes, hours or days of 24 hours."""
        unit = self.entry(key).unit
        if unit not in _LENGTHS:
            raise RulebookError(f"{key!r} is not a length of time")
        return self.number(key) * _LENGTHS[unit]

    def flag(self, key: str) -> bool:
        """A yes or no."""
        value = self.entry(key).value
        if not isinstance(value, bool):
            raise RulebookError(f"{key!r} is not a flag")
        return value

    def text(self, key: str) -> str:
        """A text or choice."""
        value = self.entry(key).value
        if not isinstance(value, str):
            raise RulebookError(f"{key!r} is not a text")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names."""
        value = self.entry(key).value
        if not isinstance(value, tuple):
            raise RulebookError(f"{key!r} is not a list")
        return value

    def clock(self, key: str) -> time:
        """A time of the day."""
        return time.fromisoformat(self.text(key))

    def replaced(self, values: Mapping[str, Value]) -> RulesInForce:
        """The same rules with other local settings, as a drill asks for; a regulation may only become stricter.

        Raises `RulebookError` with a Chinese text when a key is unknown or a value cannot stand.
        """
        entries = dict(self.entries)
        for key, value in values.items():
            if key not in entries:
                raise RulebookError(f"没有名为 {key} 的设定")
            verdict = judge(entries[key], Override(key, value, "drill", self.on))
            if isinstance(verdict, RefinementRefused):
                raise RulebookError(verdict.detail)
            entries[key] = verdict.entry
        return RulesInForce(self.on, entries)


@dataclass(frozen=True, slots=True)
class Step:
    """What one locality put in place of a number, and whether it stands against what is above it."""

    override: Override
    verdict: Accepted | RefinementRefused


class Rulebook:
    """All versions of all numbers. Two versions of one number never count on the same day (`RulebookError`)."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._versions: dict[str, list[Entry]] = {}
        for entry in entries:
            self._versions.setdefault(entry.key, []).append(entry)
        for key, versions in self._versions.items():
            versions.sort(key=lambda entry: entry.valid_from or date.min)
            for earlier, later in pairwise(versions):
                if later.valid_from is None or (earlier.valid_to is not None and earlier.valid_to >= later.valid_from):
                    raise RulebookError(f"{key!r}: two versions count on the same day")

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._versions)

    def versions(self, key: str) -> tuple[Entry, ...]:
        """Every version of a number, earliest first."""
        if key not in self._versions:
            raise RulebookError(f"no number {key!r}")
        return tuple(self._versions[key])

    def in_force(self, on: date, chain: Sequence[str] = (), overrides: Iterable[Override] = ()) -> RulesInForce:
        """The numbers for a place on a day.

        `chain` names the localities from the widest to the narrowest (province, city, county). Each refinement is
        judged again against what stands above it on that day: when the level above has become stricter since, its
        number counts. Of two refinements by one locality the later effective one counts, of two with the same
        effective day the one that stands later in `overrides`.
        """
        entries = {key: entry for key in self._versions if (entry := self.shipped(key, on)) is not None}
        given = list(overrides)
        for key in {override.key for override in given} & set(entries):
            for step in self.trail(key, on, chain, given):
                if isinstance(step.verdict, Accepted):
                    entries[key] = step.verdict.entry
        return RulesInForce(on, entries)

    def shipped(self, key: str, on: date) -> Entry | None:
        """The version of a number that counts on a day before any locality has refined it; None when there is none."""
        counting = [entry for entry in self.versions(key) if entry.in_force(on)]
        return counting[-1] if counting else None

    def trail(self, key: str, on: date, chain: Sequence[str], overrides: Iterable[Override]) -> list[Step]:
        """What each locality of the chain makes of a number on a day, widest first; who refines nothing is left out."""
        entry = self.shipped(key, on)
        mine = [override for override in overrides if override.key == key and override.in_force(on)]
        mine.sort(key=lambda override: override.effective_from)
        steps: list[Step] = []
        for locality in chain if entry is not None else ():
            own = [override for override in mine if override.locality == locality]
            if own and entry is not None:
                verdict = judge(entry, own[-1])
                steps.append(Step(own[-1], verdict))
                entry = verdict.entry if isinstance(verdict, Accepted) else entry
        return steps

    def override(
        self,
        override: Override,
        chain: Sequence[str] = (),
        others: Iterable[Override] = (),
        today: date | None = None,
    ) -> Accepted | RefinementRefused:
        """Judge a new refinement by its locality, the last of `chain`; `others` are the refinements already accepted.

        With `today` it is judged as one that is entered today and must not touch the past. Pure: nothing is stored
        here. The same question gives the same answer however often it is asked.
        """
        if override.key not in self._versions:
            return RefinementRefused(Reason.UNKNOWN_KEY, f"没有名为 {override.key} 的规定或设定")
        wider = [place for place in chain if place != override.locality]
        above = self.in_force(override.effective_from, wider, others).entries.get(override.key)
        if above is None:
            return RefinementRefused(Reason.UNKNOWN_KEY, f"{override.key} 在 {override.effective_from} 尚无规定")
        return judge(above, override) if today is None else judge_entering(above, override, today)
