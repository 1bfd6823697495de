"""Words of the law and of the house that other parts declare: each kind belongs to the part that owns the word.

A record below says only that it has a kind. Whoever makes such records declares the kinds it makes, in its own
``kinds.py``, and nobody edits the part below for it. What nobody has declared cannot be written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any


class Kind(str):
    """A declared key; it is the text that is stored. ``label`` are its words, Chinese and translatable."""

    label: Any
    article: str
    traits: frozenset[str]
    """What the part below does differently for it, in words that this part defines."""

    def __new__(cls, key: str, label: Any, article: str = "", traits: Collection[str] = ()) -> Kind:
        kind = super().__new__(cls, key)
        kind.label, kind.article, kind.traits = label, article, frozenset(traits)
        return kind

    def __reduce__(self) -> tuple[Any, ...]:
        return Kind, (str(self), self.label, self.article, self.traits)


class Kinds:
    """The kinds of one sort of record, in the order of their declaration. Iterates over keys with their words."""

    def __init__(self, of: str, traits: Collection[str] = ()) -> None:
        self.of, self.traits = of, frozenset(traits)
        self._known: dict[str, Kind] = {}

    def declare(self, key: str, label: Any, *, article: str = "", traits: Collection[str] = ()) -> Kind:
        """Makes ``key`` known and returns it. ``article`` is where the law says the word, empty for one of the house.

        Raises ValueError for a key that somebody has declared before: two owners of one word would read each other's
        records.
        """
        if key in self._known:
            raise ValueError(f"{self.of}: {key!r} is declared twice")
        if unknown := set(traits) - self.traits:
            raise ValueError(f"{self.of}: {key!r} has traits that nothing asks for: {sorted(unknown)}")
        kind = self._known[key] = Kind(key, label, article, traits)
        return kind

    def check(self, key: str) -> None:
        """Raises ValueError for a key that nobody has declared."""
        if key not in self._known:
            raise ValueError(f"{self.of}: nobody has declared {key!r}")

    def __contains__(self, key: object) -> bool:
        return key in self._known

    def has(self, key: str, trait: str) -> bool:
        """Whether a kind has a trait; one that an earlier release knew has none."""
        kind = self._known.get(key)
        return kind is not None and trait in kind.traits

    def having(self, trait: str) -> frozenset[str]:
        """The kinds that have a trait."""
        return frozenset(str(key) for key, kind in self._known.items() if trait in kind.traits)

    def label(self, key: str) -> str:
        """The words of a key; the key itself for one that an earlier release knew."""
        kind = self._known.get(key)
        return str(kind.label) if kind is not None else key

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter([(str(key), kind.label) for key, kind in self._known.items()])
