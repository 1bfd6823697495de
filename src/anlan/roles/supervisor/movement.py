"""Whether a process still runs at all, as the kernel counts it: a role wakes every second, if only to watch its parent.

What is stopped, or kept from running by a frozen group, holds its locks for ever and answers nobody. What waits for a
disk or for a database moves all the same, by its other threads, and is left alone.
"""

from __future__ import annotations

from pathlib import Path


def turns(pid: int) -> int | None:
    """How often the threads of a process have been given a processor; None where that cannot be known."""
    found = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for line in (task / "status").read_text(encoding="utf-8").splitlines():
                name, _, number = line.partition(":")
                if name.endswith("voluntary_ctxt_switches"):
                    found += int(number)
    except (OSError, ValueError):
        return None
    return found


class Movement:
    """Asked once a second about one process. Looks are counted, not seconds: whoever was frozen with it saw nothing."""

    def __init__(self) -> None:
        self._seen: tuple[int, int | None] = (0, None)
        self._still = 0

    def still(self, pid: int | None) -> int:
        """For how many looks on end the process has not moved; 0 for one that is new, gone or cannot be looked at."""
        now = (pid or 0, None if pid is None else turns(pid))
        self._still = self._still + 1 if now == self._seen and now[1] is not None else 0
        self._seen = now
        return self._still
