"""A clock that the harness can move for all processes of an installation but its log server, whose Go runtime asks the
kernel directly: what depends on the log server's own clock is not tried here."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shifted_clock.c")


class ShiftedClock:
    """``environment`` for the processes; `move` takes effect at once in all of them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "shift"
        self._file.write_bytes(struct.pack("=q", 0))
        library = folder / "shifted_clock.so"
        command = [compiler(), "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_SHIFT_FILE": str(self._file)}

    def move(self, seconds: float) -> None:
        """Have the clocks stand so many seconds from the true time."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", int(seconds * 1_000_000)))


def compiler() -> str:
    """The machine's C compiler; empty when there is none."""
    return next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), "")
