"""How much room is left on the disk, and what is given up first when it gets tight (docs/how-to/operate.md).

The order is fixed: history pauses, then back-fills are refused, then live data too; alarms that are in the log already,
warnings, clocks and notices go on to the last byte. What is refused stays with the gateway, which keeps it and sends it
again; what was acknowledged stays in the log. Everything resumes by itself when there is room again.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from anlan import now
from anlan.config import Config

LOOK_S = 1.0
WALK_S = 5.0
"""How long the size of the data directory is believed; it is only asked for where `data_max_gib` bounds it."""
RESUMES_AT = 1.1
"""A stage ends when there is a tenth more room than where it began, so that it does not come and go."""
MIB, GIB = 1024**2, 1024**3


class Stage(IntEnum):
    """What is given up; each includes those before it. Shares are those of ``disk_soft_mib`` at which it begins."""

    PLENTY = 0
    HISTORY = 1
    BACK_FILL = 2
    LIVE = 3

    @property
    def share(self) -> float:
        return {Stage.HISTORY: 1.0, Stage.BACK_FILL: 0.5, Stage.LIVE: 0.25}.get(self, 0.0)


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes that may still be written, and of how many; both of the narrower of the disk and ``data_max_gib``."""

    free: int
    total: int


def space(config: Config, folder: Path | None = None, used: int | None = None) -> Space:
    """The room of the data directory (or of another folder on whose disk something is kept).

    ``used``: size of the data directory, where the caller has just asked for it. A folder that does not exist yet is
    looked for upwards.
    """
    here = (folder or config.data_dir).absolute()
    while not here.exists():
        here = here.parent
    disk = shutil.disk_usage(here)
    found = Space(disk.free, disk.total)
    if config.data_max_gib and folder is None:
        most = int(config.data_max_gib * GIB)
        bounded = max(0, most - (size_of(config.data_dir) if used is None else used))
        if bounded < found.free:
            found = Space(bounded, most)
    return found


def files_left(config: Config) -> int | None:
    """How many files may still be made on the disk of the data directory; None where its file system does not count."""
    here = config.data_dir.absolute()
    while not here.exists():
        here = here.parent
    told = os.statvfs(here)
    return told.f_favail if told.f_files else None


def size_of(folder: Path) -> int:
    """Bytes that a folder takes on disk; what vanishes meanwhile counts nothing."""
    size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        size += size_of(Path(entry.path))
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                except OSError:
                    continue
    except OSError:
        return size
    return size


def stage_at(free: int, soft: int, before: Stage = Stage.PLENTY) -> Stage:
    """The stage with ``free`` bytes left; ``before``: where it stood. ``soft`` 0: nothing is ever given up."""
    if not soft:
        return Stage.PLENTY
    for stage in (Stage.LIVE, Stage.BACK_FILL, Stage.HISTORY):
        begins = soft * stage.share
        if free < (begins * RESUMES_AT if before >= stage else begins):
            return stage
    return Stage.PLENTY


class Room:
    """Asked as often as one likes; looks at the disk once a second. One a process, any thread."""

    def __init__(self, config: Config, folder: Path | None = None) -> None:
        self._config, self._folder = config, folder
        self._soft = int(config.disk_soft_mib * MIB)
        self._looked = self._walked = -WALK_S
        self._used = 0
        self._stage = Stage.PLENTY
        self.space = Space(0, 0)

    @property
    def stage(self) -> Stage:
        """What is given up at present."""
        moment = now.monotonic()
        if moment - self._looked >= LOOK_S:
            self._looked = moment
            if self._config.data_max_gib and moment - self._walked >= WALK_S:
                self._used, self._walked = size_of(self._config.data_dir), moment
            self.space = space(self._config, self._folder, self._used)
            self._stage = stage_at(self.space.free, self._soft, self._stage)
        return self._stage


def history_folder(config: Config) -> Path | None:
    """The folder of the history database where it is a file elsewhere than in the data directory; else None."""
    if config.history_database_url.startswith("sqlite:///"):
        return Path(config.history_database_url.removeprefix("sqlite:///")).parent
    return None
