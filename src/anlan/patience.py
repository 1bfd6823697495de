"""How long to wait for processes that are starting: as long as they get on, however slow or busy the machine is.

A fixed number of seconds is a guess about somebody else's machine. What starts uses processor time until it is ready;
what hangs does not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

from anlan import now

WORTH_S = 1.0
"""Processor time, in seconds, that counts as getting on. What merely looks round now and then uses less in a minute."""
_TICKS = 100
"""Clock ticks a second in /proc, on every Linux that Python runs on."""


class Patience:
    """Runs out when for ``seconds`` on end nothing has changed and no process has used processor time worth naming."""

    def __init__(self, seconds: float, processes: Callable[[], Iterable[int]]) -> None:
        self._seconds = seconds
        self._processes = processes
        self._state: Hashable = None
        self._used: dict[int, float] = {}
        self._since = now.monotonic()

    def is_out(self, state: Hashable) -> bool:
        """Whether to give up. ``state``: anything whose change means that things get on; ask again and again."""
        moment = now.monotonic()
        used = {pid: _processor_s(pid) for pid in self._processes()}
        worked = sum(max(0.0, spent - self._used.get(pid, 0.0)) for pid, spent in used.items())
        if state != self._state or worked >= WORTH_S:
            self._state, self._used, self._since = state, used, moment
        return moment - self._since > self._seconds


def _processor_s(pid: int) -> float:
    """Processor seconds that a process and its ended children have used; 0 where that cannot be known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS
