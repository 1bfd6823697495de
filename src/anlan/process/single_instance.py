"""One process of a name per data directory, and the name that it goes by among those of other installations.

Two engines of one name would each take the other's partitions for their own from an earlier life.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import secrets
import socket
from collections.abc import Iterator

from anlan.config import Config

logger = logging.getLogger(__name__)


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


def owner_name(config: Config, instance: str) -> str:
    """The name that a process takes partitions under: the same after a restart, another one for every installation.

    ``instance``: the role with its number (``engine``, ``engine-2``); its lock in the data directory makes sure that
    no two processes bear one name.
    """
    return f"{instance}@{socket.gethostname()[:60]}/{_installation(config)}"


def sign_name(config: Config, instance: str) -> str:
    """The name that a process signs under among those of all installations on one database: ``clock-3f…``."""
    return f"{instance[:27]}-{_installation(config)}"


def _installation(config: Config) -> str:
    """Twelve characters that name the data directory, made once."""
    path = config.data_dir / "run" / "owner"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"owner.{secrets.token_hex(4)}")
        fresh.write_text(secrets.token_hex(6), encoding="utf-8")
        try:
            path.hardlink_to(fresh)  # whoever links first names this installation for all its roles
        except FileExistsError:
            logger.debug("another role has named this installation")
        fresh.unlink()
    return path.read_text(encoding="utf-8").strip()
