"""Walks the journal's chains piece by piece beside the audits, so that tampering is found without anybody asking.

What it found stays a fault until the chain proves itself again. A restart begins the round anew.
"""

from __future__ import annotations

from anlan.apps.journal import proof
from anlan.roles.auditor import sealing


class Patrol:
    """``step`` proves one more piece; ``faults`` are the Chinese lines of the chains found broken, by chain."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._place = proof.Place()
        self._found: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self.rounds = 0

    def step(self, limit: int = proof.PIECE) -> None:
        """Prove up to ``limit`` entries, or short chains to about that many queries; then give the auditor its turn."""
        for _ in range(max(1, limit // 100)):
            if self._key is None:
                self._key = proof.next_key("")
                if self._key is None:
                    return
            place, found = proof.walk(self._key, self._place, limit)
            self._found += found
            if place is not None:
                self._place = place
                return
            self._settle(self._key)

    def _settle(self, key: str) -> None:
        if self._found:
            self.faults[key] = self._found
        else:
            self.faults.pop(key, None)
        self._found, self._place = [], proof.Place()
        self._key = proof.next_key(key)
        if self._key is None:
            self.rounds += 1


class SealPatrol:
    """Proves one seal at each step, round and round; ``faults`` are the Chinese lines of those found broken."""

    def __init__(self) -> None:
        self._after = 0
        self.faults: dict[int, str] = {}

    def step(self) -> None:
        """Prove the next seal; a stretch of at most some thousand rows."""
        for entry, words in sealing.broken(self._after, 1):
            self._after = entry
            if words:
                self.faults[entry] = words
            else:
                self.faults.pop(entry, None)
            return
        self._after = 0
