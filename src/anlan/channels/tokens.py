"""Access tokens that a service gives for a key and wants with every letter; kept in memory, fetched when due."""

from __future__ import annotations

import threading
from collections.abc import Callable

from anlan.now import monotonic

EARLY_S = 300.0
"""A token is renewed this long before it ends."""


class Token:
    """One token of one channel; ``fetch`` returns it with the seconds that it holds, or raises `ChannelError`."""

    def __init__(self, fetch: Callable[[], tuple[str, float]]) -> None:
        self._fetch, self._guard = fetch, threading.Lock()
        self._value, self._until = "", 0.0

    def value(self) -> str:
        """The token in force; one thread fetches, the others wait for it."""
        with self._guard:
            if not self._value or monotonic() >= self._until:
                self._value, holds_s = self._fetch()
                self._until = monotonic() + max(holds_s - EARLY_S, 1.0)
            return self._value

    def forget(self, value: str) -> None:
        """The service no longer takes it; the next letter fetches another."""
        with self._guard:
            if self._value == value:
                self._value = ""
