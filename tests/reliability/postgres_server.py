"""A PostgreSQL cluster of the test's own: made by the machine's programs in a folder of its own, to be killed at will.

It never touches the machine's own server. PostgreSQL refuses to run as root; there the account ``postgres`` or
``nobody`` runs it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import absent
from tests.reliability.plant import until


def programs() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``, the newest installed; skips (fails in CI) without."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    for folder in (shutil.which("pg_ctl"), "/usr/local/pgsql/bin/pg_ctl"):
        if folder and Path(folder).exists():
            return Path(folder).resolve().parent
    absent("PostgreSQL's initdb and pg_ctl")
    raise AssertionError("unreachable")


class PostgresServer:
    """Made by `with`: running, with one empty database ``anlan``; stopped and removed at the end."""

    def __init__(self) -> None:
        self._programs = programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._account: dict[str, Any] = {}
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self._account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        # not below the test's own folder, which another account may not enter
        self._folder = Path(tempfile.mkdtemp(prefix="anlan-postgres-"))
        self._data = self._folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/anlan"

    def __enter__(self) -> PostgresServer:
        if self._account:
            os.chown(self._folder, self._account["user"], self._account["group"])
        try:
            self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
            self.start()
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres", "anlan")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, after a stop with its recovery; returns when it takes connections. It dies with this process."""
        parent = os.getpid()

        def tie_to_parent() -> None:
            ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
            if os.getppid() != parent:
                os._exit(1)

        options = ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._data), *options],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=tie_to_parent if sys.platform == "linux" else None, **self._account,
            )  # fmt: skip
        until(self._answers, 90, lambda: (self._folder / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        """Immediately: every process of it ends at once, nothing is finished and nothing is written out."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)
            self._process = None

    def _answers(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run(asked, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **self._account,
        )  # fmt: skip
