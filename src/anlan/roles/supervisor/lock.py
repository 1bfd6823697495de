"""One supervisor per data directory. Two log servers on one store would both run, silently; the lock forbids it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO


class AlreadyRunning(Exception):
    """Another supervisor holds the data directory. The message is Chinese and names its process."""


class DirectoryLock:
    """Held until `release` or the end of this process, however that comes; children do not inherit it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock or raise `AlreadyRunning`. Repeating it does nothing."""
        if self._file is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "未知"
            file.close()
            raise AlreadyRunning(
                f"数据目录 {self._path.parent} 正由另一个安澜实例使用（进程 {holder}）。"
                "请先停止它，或用 --data-dir 指定另一个目录。"
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the directory free. Safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
