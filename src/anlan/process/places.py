"""Where the processes of an installation leave word for each other: who is ready, where, the last backup, anchors."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from anlan.config import Config
from anlan.credentials import OPERATOR

BACKUP_MANIFEST = "manifest.json"
"""The file that makes a folder a complete backup."""

ANNOUNCE_AGAIN_S = 1.0

logger = logging.getLogger(__name__)


def ready_file(config: Config, role: str) -> Path:
    """Where a role says that it is ready."""
    return config.data_dir / "run" / f"{role}.json"


def announce(config: Config, role: str, **facts: Any) -> None:
    """Say that this process does its work now, with facts such as its address; written whole or not at all.

    What cannot be written, for want of room, is written as soon as it can be: the work does not wait for it.
    """
    content = {"pid": os.getpid(), **facts}
    try:
        write_whole(ready_file(config, role), content)
    except OSError as error:
        logger.error("%s cannot say that it is ready, tried again: %s", role, error)
        threading.Thread(target=_announce_later, args=(ready_file(config, role), content), daemon=True).start()


def _announce_later(path: Path, content: dict[str, Any]) -> None:
    pause, said = threading.Event(), False
    while not said:
        pause.wait(ANNOUNCE_AGAIN_S)
        with contextlib.suppress(OSError):
            write_whole(path, content)
            said = True


def announced(config: Config, role: str, pid: int) -> dict[str, Any] | None:
    """What process ``pid`` announced for ``role``; None while it has not."""
    try:
        found = json.loads(ready_file(config, role).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("pid") == pid else None


def announced_run(config: Config) -> dict[str, Any]:
    """What the supervisor of the data directory says of itself and its processes; empty when none runs."""
    try:
        written = json.loads((config.data_dir / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def announced_log(config: Config) -> str:
    """Where the supervisor of the data directory runs the log, for a command of its owner; empty when none runs."""
    return config.log_address(str(announced_run(config).get("nats_url", "")))


def known_log(config: Config, user: str = OPERATOR) -> str:
    """Where the log is: as configured, else as the supervisor of the data directory announced it; empty if nowhere."""
    return config.log_address(config.nats_url, user) if config.nats_url else announced_log(config)


def last_backup_file(config: Config) -> Path:
    """Where the last complete backup of this installation is named."""
    return config.data_dir / "backup.json"


def anchor_folder(config: Config) -> Path:
    """Where the anchors of the journal lie."""
    return Path(config.anchor_dir) if config.anchor_dir else config.data_dir / "anchors"


def anchor_folders(config: Config) -> list[Path]:
    """That folder, and the second place where one is set."""
    return [anchor_folder(config), *([Path(config.anchor_copy_dir)] if config.anchor_copy_dir else [])]


def write_whole(path: Path, content: dict[str, Any] | list[Any]) -> None:
    """Replace a small JSON file in one step, so that a reader never sees half of it. Raises OSError, leaving the file
    as it was and nothing beside it; after a power cut it may be empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        fresh.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
