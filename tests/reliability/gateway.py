"""Our own gateway as a process, replaying a recording whose every row is known by its time and its value."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.reliability.plant import Plant, until

from anlan.testing.sites import Site

ROWS = 20_000


class EdgeGateway:
    """`with`: it runs. Row n is collected exactly n periods after the first; its value is `value(n)`.

    ``intake``: further settings of that section. Without ``fresh`` the folder is there, with its configuration.
    """

    def __init__(
        self, folder: Path, url: str, site: Site, *, period_s: float = 0.05, fresh: bool = True, **intake: Any
    ) -> None:
        self._folder, self._period_us = folder, round(period_s * 1_000_000)
        self.site = site
        self._process: subprocess.Popen[bytes] | None = None
        if not fresh:
            (self.store / "status.json").unlink(missing_ok=True)
            return
        folder.mkdir(parents=True)
        rows = "".join(f"{number},{self.value(number)}\n" for number in range(ROWS))
        (folder / "recording.csv").write_text(f"t,x\n{rows}", encoding="utf-8")
        options = {"url": url, "timeout_s": 2, **intake}
        columns = "".join(f'"{point}" = "x"\n' for point in site.points)
        (folder / "gateway.toml").write_text(
            f"""
[local]
store_dir = "store"
status_s = 0.2
[intake]
{"".join(f"{name} = {json.dumps(value)}{chr(10)}" for name, value in options.items())}
[[gateway]]
code = "{site.gateway}"
enterprise = "{site.enterprise}"
key = "{site.key}"
period_s = {period_s}
[gateway.driver]
kind = "replay"
file = "recording.csv"
row_seconds = 1
speed = {1 / period_s}
[gateway.driver.columns]
{columns}""",
            encoding="utf-8",
        )

    @staticmethod
    def value(number: int) -> float:
        """Inside all limits, and different from its neighbours'."""
        return 30.0 + number % 40

    @property
    def store(self) -> Path:
        """Folder of its local log."""
        return self._folder / "store"

    def __enter__(self) -> EdgeGateway:
        command = [sys.executable, "-m", "anlan.edge", "--config", str(self._folder / "gateway.toml")]
        with (self._folder / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end; what it read is then in its local log, and nothing more is sent."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(60) == 0
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def children(self) -> list[int]:
        """Its local log server."""
        return [int(word) for word in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    @property
    def status(self) -> dict[str, Any]:
        """What it says of itself; empty while it has said nothing."""
        try:
            found: dict[str, Any] = json.loads((self.store / "status.json").read_text())
        except OSError:
            return {}
        return dict(found["gateways"][self.site.gateway])

    @property
    def waiting(self) -> int:
        """Packets in its buffer."""
        return int((self.status.get("buffer") or {}).get("packets", 0))

    @property
    def settled(self) -> int:
        """Packets that the centre has accounted for since the start."""
        return int(self.status.get("settled", 0))

    def gaps(self, history: list[list[float]], least: int) -> list[str]:
        """What is wrong with a point's history ``[[time in µs, value], …]``: every row from the first, each once."""
        if len(history) < least:
            return [f"{len(history)} rows, at least {least} were settled"]
        start = history[0][0]
        expected = [[start + number * self._period_us, self.value(number)] for number in range(len(history))]
        odd = [(got, wanted) for got, wanted in zip(history, expected, strict=True) if got != wanted]
        return [f"row {got} in the place of {wanted}" for got, wanted in odd[:3]]


def compare_gateway(plant: Plant, gateway: EdgeGateway, seconds: float = 240) -> None:
    """Wait until history holds every row that the gateway saw accounted for, once and in its place, without a gap."""
    faults: list[str] = []

    def right() -> bool:
        history = plant.ask("dump")["history"]
        faults[:] = [
            fault for point in gateway.site.points for fault in gateway.gaps(history.get(point, []), gateway.settled)
        ]
        return not faults

    until(right, seconds, lambda: str(faults))
