"""What a subject of pages brings along: its addresses, its place in the navigation, its search, its to-dos.

Every package below `anlan.pages` may have a module ``section`` with a tuple ``SECTIONS``; it is found by being there.
Nothing else names the subjects one by one: addresses, navigation, counts, search and to-dos come from these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from django.urls import URLPattern
from django.utils.translation import gettext_lazy

from anlan.apps.org.scope import Scope
from anlan.components.wording import Words

SYSTEM = 100
"""Sections from this order on stand in the second group of the navigation, 系统."""


UNCONFIRMED = gettext_lazy("逾期未确认")


@dataclass(frozen=True)
class Hit:
    """One record found: its words, what else tells it apart, where it opens."""

    words: str
    more: str
    url: str
    at: datetime | None = None
    level: str = ""
    """A level of warning, with ``is_over`` for one that is past."""
    is_over: bool = False


@dataclass(frozen=True)
class Hits:
    """Records of one kind, under its title."""

    title: Words
    rows: Sequence[Hit]


@dataclass(frozen=True)
class Waiting:
    """One record that waits for the reader: what it is, of whom, since when; ``until`` is when it would be over."""

    kind: Words
    title: str
    says: str
    enterprise: Any
    since: datetime
    url: str
    act: Words
    verb: str
    """The act that grants it, opened by ``?act=``."""
    starts_at: datetime | None = None
    until: datetime | None = None
    overdue: bool = False
    late: Words = UNCONFIRMED
    """Words for one that is overdue."""
    due_at: datetime | None = None
    """By when it is to be done; counted down to, in place of how long it has waited."""


@dataclass(frozen=True)
class Section:
    """One subject of pages."""

    name: str
    """Name of the address of its first page."""
    order: int
    """Its place in the navigation, and in the order of addresses."""
    title: Words = ""
    """Its words in the navigation; empty: it is not in it."""
    urls: Sequence[URLPattern] = ()
    is_shown: Callable[[Any], bool] = lambda shell: True
    """Whether the navigation of this `Shell` shows it."""
    count: Callable[[Any], int] | None = None
    """The figure beside its title, for a `Shell`."""
    is_live: bool = False
    """The figure follows what happens while a page stands open."""
    search: Callable[[Scope, str], Sequence[Hits]] | None = None
    """What the words find among its records, each kind bounded; one query a kind."""
    opens: Callable[[Scope, str], str] | None = None
    """The address of the one record that is named exactly so; empty without one."""
    todo: Callable[[Any, Scope, datetime], Sequence[Waiting]] | None = None
    """What waits for a decision of this user."""


@cache
def sections() -> tuple[Section, ...]:
    """All of them in their order. Raises ValueError when two have one name."""
    pages = import_module("anlan.pages")
    found: list[Section] = []
    for package in iter_modules(pages.__path__):
        name = f"anlan.pages.{package.name}.section"
        if package.ispkg and find_spec(name) is not None:
            found += import_module(name).SECTIONS
    names = [section.name for section in found]
    if len(set(names)) < len(names):
        raise ValueError(f"two sections have one name: {sorted(names)}")
    return tuple(sorted(found, key=lambda section: section.order))
