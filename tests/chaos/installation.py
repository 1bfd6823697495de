"""One installation under test: started, asked and hurt from outside, by what its documentation promises."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "试验口令-73915"
GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL = 32768
"""The lowest port that a system gives out by itself, where it does not say so."""


class Installation:
    """``anlan serve`` in a folder of its own. ``extra``: environment of all its processes. Gateways know one address,
    ``intake``: while nobody listens there, nobody else may either, so it is none that the system gives out."""

    def __init__(self, folder: Path, database_url: str = "", extra: dict[str, str] | None = None) -> None:
        self.data = folder / "data"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
        own = {"ANLAN_DATA_DIR": str(self.data), "ANLAN_DATABASE_URL": database_url}
        self.environment = {**kept, **own, **(extra or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self._port = port_of_its_own()
        self.intake = f"http://127.0.0.1:{self._port}"
        self._output = folder / "serve.log"

    def command(self, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """One command of the product, to its end."""
        command = [sys.executable, "-m", "anlan", *arguments]
        return subprocess.run(command, env=self.environment, input=said, capture_output=True, text=True)

    def start(self) -> None:
        command = [sys.executable, "-m", "anlan", "serve", "--web-port", "0", "--intake-port", str(self._port)]
        with self._output.open("ab") as said:
            self.process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )

    def stop(self) -> None:
        """Ask it to end and wait; nothing happens when it has ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def kill(self) -> None:
        """What a power cut does to the processes."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def run(self) -> dict[str, Any]:
        """What ``run.json`` says of the running processes; empty while there are none."""
        try:
            found: dict[str, Any] = json.loads((self.data / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        mine = self.process is not None and self.process.poll() is None and found.get("pid") == self.process.pid
        return found if mine else {}

    def processes(self) -> dict[str, int]:
        """Role, or ``log``, → process id, of what runs."""
        run = self.run
        found = {**run.get("children", {}), "log": run.get("nats_pid")}
        return {name: pid for name, pid in found.items() if pid}

    def is_up(self) -> bool:
        """Whether every role runs and both doors answer."""
        run = self.run
        if not run or not all(run["children"].values()) or not run["nats_pid"]:
            return False
        try:
            doors = (f"{run['web_url']}healthz", f"{run['intake_url']}/healthz")
            return all(httpx.get(door, timeout=5).status_code == 200 for door in doors)
        except httpx.HTTPError:
            return False

    def traces(self) -> list[str]:
        """Lines of any log that tell of an error nobody expected, each with what stands about it."""
        found = []
        for path in sorted((self.data / "log").glob("*.log*")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for place, line in enumerate(lines):
                if "Traceback" in line or re.match(r"^\s*\w+(\.\w+)*(Error|Exception): ", line):
                    about = "\n".join(each[:300] for each in lines[max(0, place - 30) : place + 30])
                    found.append(f"{path.name}, line {place + 1}:\n{about}")
        return found


def port_of_its_own() -> int:
    """A free port below those that the system gives out to whoever asks for any."""
    lowest = int(GIVEN_OUT.read_text().split()[0]) if GIVEN_OUT.exists() else USUAL
    while True:
        port = random.randrange(lowest // 2, lowest)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Reader:
    """A person who has logged in and reads the API. Logs in again when the session is gone."""

    def __init__(self, installation: Installation, name: str) -> None:
        self._installation = installation
        self._name = name
        self._client: httpx.Client | None = None
        self._base = ""

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of one address. httpx.HTTPError while the pages do not answer."""
        client = self._logged_in()
        answer = client.get(path, params=query)
        if answer.status_code == 401:
            self.close()
            answer = self._logged_in().get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The items of all pages of a list."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.get(path, page=page, per_page=500, **query)
            found += answer["items"]
            if page >= answer["pages"]:
                return found
            page += 1

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _logged_in(self) -> httpx.Client:
        base = str(self._installation.run.get("web_url", ""))
        if not base:
            raise httpx.ConnectError("nothing serves")
        if self._client is None or base != self._base:
            self.close()
            client = httpx.Client(base_url=base, timeout=60)
            client.get("/login/")
            form = {"username": self._name, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            answer = client.post("/login/", data=form, headers={"Referer": base})
            if answer.status_code != 302:
                client.close()
                raise httpx.ConnectError(f"no log-in: {answer.status_code}")
            self._client, self._base = client, base
        return self._client


def until(holds: Callable[[], Any], what: str, still: Callable[[], Any] = lambda: None, patience: float = 120.0) -> Any:
    """Wait for ``holds`` to be true, as long as ``still`` changes within every ``patience`` seconds; its answer."""
    seen, since = still(), time.monotonic()
    while True:
        try:
            found = holds()
        except (httpx.HTTPError, OSError):
            found = None
        if found:
            return found
        now = still()
        if now != seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() - since < patience, f"{what}: nothing has changed for {patience:.0f} s ({seen})"
        time.sleep(0.2)
