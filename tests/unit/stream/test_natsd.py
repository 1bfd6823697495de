"""The log server as a child: ready, alone on its store, on the same port again, dead with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anlan import now
from anlan.stream.natsd import NatsError, NatsServer


def wait_until(condition, seconds: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    deadline = now.monotonic() + seconds
    while not condition():
        assert now.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Dead, or a zombie that only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_server_killed_and_started_again_keeps_its_address(server: NatsServer) -> None:
    url, first = server.url, server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: server.pid is None)
    server.start()
    server.wait_ready()
    assert server.url == url
    assert server.pid != first


def test_starting_a_running_server_changes_nothing(server: NatsServer) -> None:
    pid = server.pid
    server.start()
    assert server.pid == pid


def test_it_listens_on_loopback_only_and_syncs_always(server: NatsServer) -> None:
    assert server.address.startswith("nats://127.0.0.1:")
    assert "sync_interval: always" in (server.store_dir / "nats-server.conf").read_text()


def test_two_servers_never_share_a_store(server: NatsServer) -> None:
    with pytest.raises(NatsError, match="正被另一个进程使用"):
        NatsServer(server.store_dir).start()


def test_a_stopped_store_can_be_opened_again(server: NatsServer) -> None:
    server.stop()
    server.stop()
    second = NatsServer(server.store_dir)
    second.start()
    second.wait_ready()
    second.stop()


def test_before_the_start_there_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(NatsError):
        _ = NatsServer(tmp_path).url


def test_a_server_that_cannot_start_says_why(server: NatsServer, tmp_path: Path) -> None:
    taken = int(server.url.rsplit(":", 1)[1])
    second = NatsServer(tmp_path / "second", taken)
    second.start()
    with pytest.raises(NatsError, match="启动失败"):
        second.wait_ready()
    second.stop()


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from anlan.stream.natsd import NatsServer\n"
        "server = NatsServer(Path(sys.argv[1])); server.start(); server.wait_ready()\n"
        "print(server.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: is_gone(child))
    # and the store is free again
    server = NatsServer(tmp_path)
    server.start()
    server.wait_ready()
    server.stop()
