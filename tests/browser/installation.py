"""A whole installation for browser tests: log, intake, engine, historian and web on a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.browser.hands import PASSWORD

from anlan.config import Config
from anlan.roles.supervisor import Supervisor
from anlan.testing.sender import Sender, packet

ROLES = ("engine", "historian", "intake", "web")


class Hands:
    """The process of `hands`; ``hands.do("raise_level", source=…)`` returns its answer."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.hands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=Path(__file__).resolve().parents[2],
            text=True,
        )
        self._read()

    def do(self, verb: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": verb, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the hands ended with {self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@dataclass
class Feed:
    """Sends frames of one source every half second until told to stop; values may be changed meanwhile."""

    sender: Sender
    enterprise: str
    gateway: str
    values: dict[str, float]

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._number = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self.sender.close()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            at = datetime.now(UTC)
            self._number += 1
            body = packet(
                self.enterprise, self.gateway, at, dict(self.values), data_id=f"b{self._number}-{at.timestamp()}"
            )
            self.sender.send(body)


class Installation:
    """Started once for all browser tests of a worker."""

    def __init__(self, folder: Path) -> None:
        self.supervisor = Supervisor(Config(data_dir=folder, web_port=0, intake_port=0), ROLES)
        self.password = PASSWORD

    def start(self) -> None:
        self.supervisor.start()
        self.supervisor.wait_ready(120)
        environment = {**self.supervisor.config.environment(), "ANLAN_NATS_URL": self.supervisor.nats_url}
        self.hands = Hands(environment)
        self.keys: dict[str, str] = self.hands.do("load")["keys"]

    def stop(self) -> None:
        self.hands.close()
        self.supervisor.stop()

    @property
    def url(self) -> str:
        return self.supervisor.web_url.rstrip("/")

    def feed(self, source: str) -> tuple[Feed, list[dict[str, Any]]]:
        """A calm feed of the source's points with a high-high limit, not yet started, and those points."""
        points = self.hands.do("hot_points", source=source)["points"]
        gateway, enterprise = points[0]["gateway"], points[0]["enterprise"]
        sender = Sender(self.supervisor.intake_url, gateway, self.keys[gateway])
        return Feed(sender, enterprise, gateway, {p["code"]: p["calm"] for p in points}), points
