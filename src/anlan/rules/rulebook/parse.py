"""Reads the text of one rulebook file into entries, and refuses a file that would mislead.

Must never guess: an unknown field, a regulation without an article or a setting that claims one is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any

from anlan.rules.rulebook.entry import Entry, Kind, Stricter, Value


class RulebookError(ValueError):
    """A rulebook file, key or value that cannot be used."""


_FIELDS = {
    "key", "title", "article", "value", "unit", "stricter", "valid_from", "valid_to",
    "choices", "choice_labels", "minimum", "maximum", "note", "says", "waits_for", "system_wide",
}  # fmt: skip


def parse(text: str) -> list[Entry]:
    """All entries of one file, in its order. Raises `RulebookError` naming the entry at fault."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(f"not TOML: {error}") from error
    document = data.get("document")
    if not isinstance(document, dict) or "short" not in document or "kind" not in document:
        raise RulebookError("a rulebook file begins with [document] short, kind")
    return [_entry(raw, document, data.get("words", {})) for raw in data.get("entry", [])]


def _entry(raw: Mapping[str, Any], document: Mapping[str, Any], words: Mapping[str, str]) -> Entry:
    key = raw.get("key", "")
    unknown = set(raw) - _FIELDS
    absent = {"key", "title", "value", "unit"} - set(raw)
    if unknown or absent:
        raise RulebookError(f"entry {key!r}: unknown fields {sorted(unknown)}, absent fields {sorted(absent)}")
    kind = Kind(document["kind"])
    if (kind is Kind.REGULATION) != bool(raw.get("article")):
        raise RulebookError(f"entry {key!r}: a regulation names its article, a local setting has none")
    if kind is Kind.REGULATION and "stricter" not in raw:
        raise RulebookError(f"entry {key!r}: a regulation says which side is stricter")
    choices, labels = tuple(raw.get("choices", ())), tuple(raw.get("choice_labels", ()))
    if len(choices) != len(labels):
        raise RulebookError(f"entry {key!r}: every choice has a label")
    entry = Entry(
        key=key,
        title=raw["title"],
        value=_value(key, raw["value"]),
        unit=raw["unit"],
        kind=kind,
        document=document["short"],
        article=raw.get("article", ""),
        stricter=Stricter(raw.get("stricter", Stricter.FREE)),
        valid_from=_day(key, raw.get("valid_from", document.get("valid_from"))),
        valid_to=_day(key, raw.get("valid_to", document.get("valid_to"))),
        choices=choices,
        choice_labels=labels,
        minimum=raw.get("minimum"),
        maximum=raw.get("maximum"),
        note=raw.get("note", ""),
        says=raw.get("says", ""),
        waits_for=raw.get("waits_for", ""),
        system_wide=raw.get("system_wide", False),
        words={**words, **dict(zip(choices, labels, strict=True))},
    )
    fault = entry.fault_of(entry.value)
    if fault:
        raise RulebookError(f"entry {key!r}: {fault}")
    return entry


def _value(key: str, raw: object) -> Value:
    if isinstance(raw, int | str):
        return raw
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return tuple(raw)
    raise RulebookError(f"entry {key!r}: a value is a whole number, a text, a flag or a list of texts")


def _day(key: str, raw: object) -> date | None:
    if raw is None or type(raw) is date:
        return raw
    raise RulebookError(f"entry {key!r}: a validity is a TOML date")
