"""What every driver promises; one contract suite (`tests/contract/drivers`) holds each of them to it.

A driver reads one source and emits scans. It connects again by itself, tells a lost source once, marks every point bad
while the source is away, never blocks the event loop, and never writes to the source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from anlan.edge.scan import Scan

Emit = Callable[[Scan], None]
"""Takes one scan and returns at once; whoever is behind it buffers."""


class Driver(Protocol):
    """One source of measurements."""

    @property
    def decimals(self) -> Mapping[str, int | None]:
        """Declared decimals by point code; ``None`` or absent means the shortest exact text."""

    async def run(self, emit: Emit, stop: asyncio.Event) -> None:
        """Emit one scan per period until ``stop`` is set, then return within 2 s.

        Trouble with the source is never raised: it appears as scans with ``connected=False`` and bad samples. Only a
        mistake of ours or cancellation leaves this method early.
        """

    def diagnostics(self) -> Mapping[str, object]:
        """Facts for the status file: link state, since when, last error, counts. JSON-able."""
