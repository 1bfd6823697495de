"""The supervisor's end of the process that forks roles (`anlan.forker`): started, asked, started again.

Whatever goes wrong with it costs time and nothing else: `Forker.fork` then returns None, and the caller starts the role
as a process of its own. All calls must come from the supervisor's one watching thread.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from anlan import now

ANSWER_WITHIN_S = 10.0
"""A warm process that does not answer within so long is ended: it is frozen, or the machine is; roles start anyway."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

logger = logging.getLogger(__name__)


class Forked:
    """A role that was forked for us: our child, though we did not start it. The part of `subprocess.Popen` we need."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code; negative: killed by that signal; None while the process runs."""
        with self._lock:
            if self.returncode is None:
                try:
                    pid, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:
                    pid, status = self.pid, 0xFF00  # gone, and nobody knows how
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, however long it takes; `subprocess.TimeoutExpired` when there is a ``timeout`` and the process
        has not ended in time. As of `subprocess.Popen`, for `Child` has either."""
        began, pause = now.monotonic(), threading.Event()
        while (code := self.poll()) is None:
            if timeout is not None and now.monotonic() > began + timeout:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            pause.wait(0.01)
        return code

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with self._lock:  # not waited for yet, so the number is still that of our process
            if self.returncode is None:
                os.kill(self.pid, number)


class Forker:
    """The process that forks, one a supervisor. ``pid`` is None while there is none."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._warm = False
        self._due = 0.0
        self._pause = FIRST_PAUSE_S

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the process; it takes some seconds until it is warm. Nothing happens where there is no Linux."""
        if _libc is None or self.pid is not None:
            return
        self._let_go()
        parent = os.getpid()
        # roles are forked by a process in between that ends at once: they must fall to us, not to the system's init
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

        def tie_to_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with theirs, self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "anlan.forker"],
                    stdin=theirs.fileno(),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # one thread: what a second one holds at the moment of a fork is held for ever in the copy
                    env={**os.environ, **self._environment, "OPENBLAS_NUM_THREADS": "1"},
                    preexec_fn=tie_to_parent,
                    start_new_session=True,
                )
        except OSError:
            ours.close()
            raise
        self._line, self._warm = ours, False

    def tend(self) -> None:
        """Start the process again when it has ended and a growing pause is over."""
        if self._process is None or self.pid is not None:
            return
        moment = now.monotonic()
        if not self._due:
            logger.error("the forking process ended (%s)", self._process.poll())
            self._let_go()
            self._due, self._pause = moment + self._pause, min(2 * self._pause, LONGEST_PAUSE_S)
        elif moment >= self._due:
            self._due = 0.0
            self.start()

    def wait_warm(self, leaving: threading.Event) -> None:
        """Return when the process is warm or gone, or the supervisor leaves; however slow the machine is."""
        while self._line is not None and not self._warm and self.pid is not None and not leaving.is_set():
            self._listen(0.2)

    def fork(self, verb: str, arguments: tuple[str, ...], environment: dict[str, str], log: int) -> Forked | None:
        """A role's process that writes into the open file ``log``; None when it has to be started the usual way."""
        if self._line is None or self.pid is None:
            return None
        if not self._warm:
            self._listen(0.0)
            if not self._warm:
                return None
        order = {"verb": verb, "arguments": list(arguments), "environment": environment}
        waiting, begin = os.pipe()
        try:
            self._line.settimeout(ANSWER_WITHIN_S)
            socket.send_fds(self._line, [json.dumps(order).encode()], [log, waiting])
            told = self._read()
            if "pid" not in told:
                logger.warning("%s is not forked: %s", verb, told.get("refused"))
                return None
            os.write(begin, b"!")
        except (OSError, ValueError) as error:
            logger.error("the forking process does not answer (%r), it is ended", error)
            self.stop()
            return None
        finally:
            os.close(waiting)
            os.close(begin)
        self._pause = FIRST_PAUSE_S
        return Forked(int(told["pid"]))

    def stop(self) -> None:
        """End the process; what it forked goes on. Safe to call twice."""
        self._let_go()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _listen(self, seconds: float) -> None:
        assert self._line is not None
        self._line.settimeout(seconds)
        try:
            self._warm = "warm" in self._read()
        except (TimeoutError, BlockingIOError):
            return
        except (OSError, ValueError) as error:
            logger.error("the forking process ended while it was starting (%r)", error)
            self.stop()

    def _read(self) -> dict[str, Any]:
        assert self._line is not None
        packet = self._line.recv(65_536)
        if not packet:
            raise ConnectionError("it closed the line")
        found: dict[str, Any] = json.loads(packet)
        return found

    def _let_go(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        self._warm = False
