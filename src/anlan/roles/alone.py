"""One process of a kind per data directory: two engines would share one reader of the log, each seeing half."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator

from anlan.config import Config


@contextlib.contextmanager
def alone(config: Config, role: str) -> Iterator[bool]:
    """True while this is the only process of ``role`` on this data directory; free again however it ends."""
    path = config.data_dir / "run" / f"{role}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
