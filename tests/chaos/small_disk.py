"""A disk of its own for one installation, small enough to be filled: a file system in memory, where that is allowed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MIB = 3000


class SmallDisk:
    """``folder`` is the disk. `unavailable` says why there can be none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0700", "chaos", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(done.stderr.strip())

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, capture_output=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not one more byte fits while this lasts."""
        filler = self.folder / "filler"
        try:
            with filler.open("wb") as file:
                space = os.statvfs(self.folder)
                try:
                    os.posix_fallocate(file.fileno(), 0, max(1, space.f_bavail * space.f_frsize))
                except OSError:
                    file.write(b"\0" * 1024)
            yield
        finally:
            filler.unlink(missing_ok=True)


def unavailable() -> str:
    """Why no file system may be mounted here; empty when one may."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root may mount a disk of its own"
    return ""
