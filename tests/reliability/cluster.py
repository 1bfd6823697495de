"""A NATS cluster of three nodes on free loopback ports, each killed, frozen and started again at will."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from anlan.stream.natsd import find_binary


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Cluster:
    """Made by `with`: three servers that replicate every stream of three copies; ``url`` names them all."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        ports = _free_ports(3 * nodes)
        self._clients, self._routes, self._monitors = ports[:nodes], ports[nodes : 2 * nodes], ports[2 * nodes :]
        self._folder, self._processes = folder, [None] * nodes  # type: list[subprocess.Popen[bytes] | None]
        self._binary = str(find_binary())
        self._turn = 0

    @property
    def url(self) -> str:
        return ",".join(f"nats://127.0.0.1:{port}" for port in self._clients)

    def start(self, number: int) -> None:
        """Start one node on its own store; nothing when it runs."""
        running = self._processes[number]
        if running is not None and running.poll() is None:
            return
        place = self._folder / f"node-{number}"
        place.mkdir(parents=True, exist_ok=True)
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self._routes)
        config = place / "server.conf"
        config.write_text(
            f'server_name: "node-{number}"\n'
            f'listen: "127.0.0.1:{self._clients[number]}"\n'
            f'http: "127.0.0.1:{self._monitors[number]}"\n'
            "max_payload: 8388608\n"
            "max_pending: 67108864\n"
            f'log_file: "{place / "server.log"}"\n'
            f'jetstream {{ store_dir: "{place / "store"}", sync_interval: always }}\n'
            f'cluster {{ name: "anlan", listen: "127.0.0.1:{self._routes[number]}", routes: [{routes}] }}\n',
            encoding="utf-8",
        )
        self._processes[number] = subprocess.Popen(
            [self._binary, "--config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self, number: int) -> None:
        """SIGKILL one node and wait until it is gone; its store stays."""
        process = self._processes[number]
        assert process is not None
        process.kill()
        process.wait(30)

    def crash(self) -> int:
        """SIGKILL the next node in turn and start it again, as its service manager does; returns the pid that died."""
        number, self._turn = self._turn, (self._turn + 1) % len(self._processes)
        process = self._processes[number]
        assert process is not None
        self.kill(number)
        self.start(number)
        return process.pid

    def signal(self, number: int, what: signal.Signals) -> None:
        """Send a signal to one node."""
        process = self._processes[number]
        assert process is not None
        os.kill(process.pid, what)

    def wait_ready(self, seconds: float = 60) -> None:
        """Until every node that runs says that its JetStream is well (a leader is chosen, nothing lags behind)."""
        deadline = time.monotonic() + seconds
        for number, process in enumerate(self._processes):
            while process is not None and process.poll() is None and not self._is_well(number):
                assert time.monotonic() < deadline, f"node {number} of the cluster is not ready"
                time.sleep(0.1)

    def _is_well(self, number: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._monitors[number]}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def __enter__(self) -> Cluster:
        for number in range(len(self._processes)):
            self.start(number)
        try:
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(30)
