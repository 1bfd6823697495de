"""How often the historian does what, and how much at a time: one object, so that a simulation can bring its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cadences:
    """Seconds, messages and shares of time (本地设定).

    ``flush_share``: flushes take at most about one part in so many of the time. ``max_samples`` wait in memory at most:
    about 300 MB, a sample that waits takes little more than its value (`anlan.roles.historian.minutes`).
    ``registry_share``: a look at half a million points costs a third of a second, so at most one part in so many of the
    time goes into looks. ``late_us``: an hour is compacted so long after its end, most late data has come by then.
    ``chores_s``: between two looks whether late data waits to be looked through.
    """

    fetch: int = 64
    fetch_s: float = 0.2
    shortest_flush_s: float = 3.0
    longest_flush_s: float = 60.0
    flush_share: int = 20
    max_samples: int = 30_000_000
    registry_s: float = 5.0
    registry_share: int = 50
    compact_s: float = 30.0
    late_us: int = 10 * 60_000_000
    log_s: float = 5.0
    chores_s: float = 10.0
