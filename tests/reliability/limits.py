"""Takes resources away from running processes, and gives them back: disk, files, memory. Linux; needs no privileges."""

from __future__ import annotations

import json
import os
import resource
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.reliability.plant import Plant, until

from anlan.process.disk_space import size_of

MIB = 1024**2


@contextmanager
def limited(plant: Plant, roles: list[str], kind: int, to: int) -> Iterator[None]:
    """The soft limit of the present processes of ``roles``; the hard limit stays, so that it can be lifted again."""
    pids = [plant.supervisor.children[role].pid for role in roles]
    assert all(pids), f"not all of {roles} are running"
    before = [(pid, resource.prlimit(pid, kind)) for pid in pids if pid]
    for pid, (_, hard) in before:
        resource.prlimit(pid, kind, (to, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            if Path(f"/proc/{pid}").exists():
                resource.prlimit(pid, kind, limits)


class Ballast:
    """A file that leaves so much of what the installation may take; ``config.data_max_gib`` must be set."""

    def __init__(self, plant: Plant) -> None:
        self._folder = plant.supervisor.config.data_dir
        self._most = int(plant.supervisor.config.data_max_gib * 1024**3)
        self._path = self._folder / "ballast"

    def leave(self, free_mib: float) -> None:
        """Make it as large as it takes, or as small."""
        self.remove()
        size = self._most - size_of(self._folder) - int(free_mib * MIB)
        assert size > 0, "the installation takes more than this already"
        with self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def figure(plant: Plant, role: str, name: str) -> float | None:
    """One number that a role tells of itself; None while it does not answer."""
    targets = plant.supervisor.config.data_dir / "run" / "metrics.json"
    try:
        for each in json.loads(targets.read_text()):
            if each["labels"]["role"] == role:
                with urllib.request.urlopen(f"http://{each['targets'][0]}/metrics", timeout=10) as answer:
                    lines = answer.read().decode().splitlines()
                return next((float(line.split()[-1]) for line in lines if line.startswith(f"anlan_{name} ")), None)
    except (OSError, ValueError):
        return None
    return None


def until_figure(plant: Plant, role: str, name: str, wanted: float, seconds: float = 90) -> None:
    until(
        lambda: figure(plant, role, name) == wanted, seconds,
        lambda: f"{name} of {role} is {figure(plant, role, name)}, not {wanted}",
    )  # fmt: skip


def resident_mib(pid: int | None) -> float:
    """Memory that a process holds at present."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB
