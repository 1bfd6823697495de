"""How often the engine does what, and how much at a time: one object, so that a simulation can bring its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cadences:
    """Seconds, messages and shares of time (本地设定).

    ``flush_share``: saving takes at most one part in so many of the time: what a round took, times this, passes before
    the next, at most ``longest_flush_s``; so much of the log at most is read again after a kill, beside what came
    during a round. ``slice``: gateways saved in one commit; more would hold up the alarms behind it. ``most_events`` in
    one commit: when everything falls silent at once it is a hundred thousand, and a transaction that makes so many rows
    in one go is silent for longer than the database waits (`let_go_when_frozen`). ``registry_share``: a look at half a
    million points costs a third of a second, so at most one part in so many of the time goes into looks. ``sign_s``:
    signs of life. ``conditions_s``: suppression rules against the values of their condition points.
    ``coverage_after_s``: what has not been heard of so long after a start is missing, not late. ``log_s``: the log
    against what was read from it. ``compare_s``: the open alarms on record against memory. ``settle_s``: after a start,
    or when our clock was set, gateways get so long to come back before their silence counts: it may have been ours.
    ``tries``: before what follows from an alarm is left for later.
    """

    fetch: int = 64
    fetch_s: float = 0.05
    flush_s: float = 1.0
    flush_share: int = 20
    longest_flush_s: float = 10.0
    slice: int = 50
    most_events: int = 500
    sweep_s: float = 1.0
    registry_s: float = 5.0
    registry_share: int = 50
    links_s: float = 5.0
    sign_s: float = 5.0
    conditions_s: float = 2.0
    coverage_s: float = 5.0
    coverage_after_s: float = 600.0
    trim_s: float = 60.0
    log_s: float = 5.0
    compare_s: float = 60.0
    settle_s: float = 15.0
    tries: int = 3
