"""Carries refusals to the quarantine without ever holding up a sender: counted in memory, written by one thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from anlan.apps.gateways.services import PacketRefused
from anlan.process.worker import say_failed

logger = logging.getLogger(__name__)
MAX_KINDS = 5_000
STRANGER = "（未登记）"
"""Stands for every name that is no gateway of ours: whoever guesses names must not make rows with them."""


class Refusals:
    """``write(list[PacketRefused])`` stores them; what it cannot store stays counted and is tried again."""

    def __init__(self, write: Callable[[Iterable[PacketRefused]], int], every_s: float = 1.0) -> None:
        self._write = write
        self._every_s = every_s
        self._waiting: dict[tuple[str, str], PacketRefused] = {}
        self._guard = threading.Lock()
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refusals", daemon=True)
        self.count = 0

    def start(self) -> None:
        self._thread.start()

    def add(
        self, gateway: str, reason: str, detail: str, at: datetime, raw: bytes = b"", sampled_at: datetime | None = None
    ) -> None:
        """Count one refusal; the newest example of its kind is kept."""
        with self._guard:
            self.count += 1
            key = (gateway, reason)
            if key not in self._waiting and len(self._waiting) >= MAX_KINDS:
                key = (STRANGER, reason)
            known = self._waiting.get(key)
            excerpt = raw[:500].decode("utf-8", errors="replace")
            repeats = known.repeats + 1 if known else 1
            fresh = PacketRefused(key[0], reason, detail, at, excerpt, len(raw), repeats, sampled_at)
            self._waiting[key] = fresh

    def close(self) -> None:
        """Write what is counted and end the thread."""
        self._leave.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        while not self._leave.wait(self._every_s):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting, {}
        if not batch:
            return
        try:
            self._write(batch.values())
        except Exception as error:  # noqa: BLE001  # said whole unless it passes by itself
            # the count must survive whatever the database says
            say_failed(logger, "refusals could not be written, they stay counted", error)
            with self._guard:
                for key, old in batch.items():
                    newer = self._waiting.get(key)
                    self._waiting[key] = replace(newer, repeats=newer.repeats + old.repeats) if newer else old
