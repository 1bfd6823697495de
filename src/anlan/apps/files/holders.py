"""Which records may have files: each app says so of its own, with who may hand in and when it is too late for it.

An app calls `allow` when it starts. A subject whose word nobody has allowed is a programming error, never a user's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anlan import border
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import Stand

Rows = Callable[[], Any]


def _never(record: Any) -> str:
    return ""


def _seen(by: Stand, record: Any) -> bool:
    return True


@dataclass(frozen=True)
class Holder:
    """One sort of record that has files; its subjects are ``<word>:<key of the row>``."""

    word: str
    """Also the name of the address of the record's page, where it has one."""
    rows: Rows
    """The scoped queryset of the records, with ``enterprise`` or ``agency`` joined."""
    may_attach: Callable[[Stand, Any], bool]
    may_withdraw: Callable[[Stand, Any], bool]
    """Who may withdraw what others handed in; everybody may withdraw their own while they may hand in."""
    shut: Callable[[Any], str] = _never
    """Why nothing is handed in or withdrawn any more, in Chinese; empty while it is."""
    may_read: Callable[[Stand, Any], bool] = _seen
    """Who of those who see the record opens its files; papers may say what the record keeps from some."""


_holders: dict[str, Holder] = {}


def allow(
    word: str,
    *,
    rows: Rows,
    may_attach: Callable[[Stand, Any], bool],
    may_withdraw: Callable[[Stand, Any], bool],
    shut: Callable[[Any], str] = _never,
    may_read: Callable[[Stand, Any], bool] = _seen,
) -> None:
    """Lets records of this word have files. Raises ValueError for a word that somebody has allowed before."""
    if word in _holders:
        raise ValueError(f"{word!r} may have files already")
    _holders[word] = Holder(word, rows, may_attach, may_withdraw, shut, may_read)


def holder_of(subject: str) -> Holder:
    """Who answers for the files of a subject. Raises ValueError for a word that nobody has allowed."""
    found = _holders.get(subject.partition(":")[0])
    if found is None:
        raise ValueError(f"nobody has said that {subject[:80]!r} may have files")
    return found


def record_of(subject: str, scope: Scope | None = None) -> Any:
    """The record that a subject names, as far as ``scope`` sees it (None: the machine's own read); None without one."""
    key = border.number(subject.partition(":")[2])
    rows = holder_of(subject).rows()
    seen = rows.by_the_machine() if scope is None else rows.visible_to(scope)
    return None if key is None else seen.filter(pk=key).first()
