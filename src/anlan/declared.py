"""Words of the law and of the house that other parts declare: each kind belongs to the part that owns the word.

A record below says only that it has a kind. Whoever makes such records declares the kinds it makes, in its own
``kinds.py``, and nobody edits the part below for it. What nobody has declared cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Kind(str):
    """A declared key; it is the text that is stored. ``label`` are its words, Chinese and translatable."""

    label: Any
    article: str

    def __new__(cls, key: str, label: Any, article: str = "") -> Kind:
        kind = super().__new__(cls, key)
        kind.label, kind.article = label, article
        return kind


class Kinds:
    """The kinds of one sort of record, in the order of their declaration. Iterates over keys with their words."""

    def __init__(self, of: str) -> None:
        self.of = of
        self._known: dict[str, Kind] = {}

    def declare(self, key: str, label: Any, *, article: str = "") -> Kind:
        """Makes ``key`` known and returns it. ``article`` is where the law says the word, empty for one of the house.

        Raises ValueError for a key that somebody has declared before: two owners of one word would read each other's
        records.
        """
        if key in self._known:
            raise ValueError(f"{self.of}: {key!r} is declared twice")
        kind = self._known[key] = Kind(key, label, article)
        return kind

    def check(self, key: str) -> None:
        """Raises ValueError for a key that nobody has declared."""
        if key not in self._known:
            raise ValueError(f"{self.of}: nobody has declared {key!r}")

    def label(self, key: str) -> str:
        """The words of a key; the key itself for one that an earlier release knew."""
        kind = self._known.get(key)
        return str(kind.label) if kind is not None else key

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter([(str(key), kind.label) for key, kind in self._known.items()])
