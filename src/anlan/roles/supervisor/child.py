"""One role as a child process: started, watched, started again with growing pauses, ended when asked.

A child dies with the supervisor: the kernel kills it when the thread that started it ends, and the role itself watches
its parent. All starts must therefore come from the supervisor's one watching thread.
"""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from anlan import now
from anlan.process.life import PARENT
from anlan.roles.supervisor.forking import Forked, Forker
from anlan.roles.supervisor.movement import Movement

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_S = 20.0
"""A child that ran so long starts again with the first pause."""
LOG_MOST = 20 * 1024 * 1024
LOG_LOOK_S = 10.0
PASSING = (OSError, MemoryError, subprocess.SubprocessError)
"""What the machine may answer to any start: no room, no descriptor, no memory, no process, a disk that cannot be
written. All of it may pass."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

logger = logging.getLogger(__name__)


class Child:
    """A role's process. ``pid`` is None while it does not run."""

    def __init__(
        self,
        role: str,
        environment: dict[str, str],
        log: Path,
        arguments: Sequence[str] = (),
        forker: Forker | None = None,
    ) -> None:
        self.role = role
        self._arguments = tuple(arguments)
        self.starts = 0
        self._environment = environment
        self._log = log
        self._forker = forker
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE_S
        self._due = 0.0
        self._log_looked = 0.0
        self._movement = Movement()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How the last process ended; negative: killed by that signal; None: it runs or never ran."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the process. Nothing when it runs."""
        if self.pid is not None:
            return
        parent = os.getpid()

        def tie_to_parent() -> None:
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != parent:
                    os._exit(1)

        with self._open_log() as log:
            environment = {**os.environ, **self._environment, PARENT: str(parent)}
            forked = self._forker and self._forker.fork(self.role, self._arguments, environment, log.fileno())
            self._process = forked or subprocess.Popen(
                [sys.executable, "-m", "anlan", self.role, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                preexec_fn=tie_to_parent,
                start_new_session=True,
            )
        self.starts += 1
        self._started = now.monotonic()

    def tend(self) -> bool:
        """Start the process again when it ended and its pause is over. True when it was started.

        One that cannot be started, for want of room, of memory, of a descriptor, is tried again after a pause that
        grows: such an error of the machine passes, and nobody else would try. Never raises for it.
        """
        moment = now.monotonic()
        if moment >= self._log_looked + LOG_LOOK_S:
            self._log_looked = moment
            self.keep_log_short()
        if self.pid is not None:
            return False
        if self._process is not None and not self._due:
            if moment - self._started > STEADY_S:
                self._pause = FIRST_PAUSE_S
            self._due = moment + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        if moment < self._due:
            return False
        self._due = 0.0
        try:
            self.start()
        except PASSING as error:
            self._due, self._pause = moment + self._pause, min(self._pause * 2, LONGEST_PAUSE_S)
            logger.error("%s cannot be started, tried again in %.1f s: %r", self.role, self._due - moment, error)
            return False
        return True

    def end_frozen(self, after: int) -> bool:
        """Asked once a second: end a process that has not moved at all for ``after`` looks (0: never). True when so."""
        if not after or self._movement.still(self.pid) < after or self._process is None:
            return False
        self._process.kill()
        return True

    def ask_to_end(self) -> None:
        """SIGTERM; the process has a few seconds to finish what it holds."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait_end(self, seconds: float) -> None:
        """Wait for the end, then SIGKILL."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.05, seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self, lines: int = 8) -> str:
        """The end of the child's log, for an error message."""
        try:
            return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def keep_log_short(self) -> None:
        """Put a long log aside, in the place of the one before. The process goes on writing into the same file; a line
        written at that very moment may be lost. A disk that takes no copy loses the older part."""
        try:
            if not self._log.exists() or self._log.stat().st_size <= LOG_MOST:
                return
            aside = self._log.with_suffix(".log.1")
            try:
                aside.unlink(missing_ok=True)
                shutil.copyfile(self._log, aside)
            finally:
                os.truncate(self._log, 0)
        except OSError as error:
            logger.warning("the log of %s could not be put aside: %s", self.role, error)

    def _open_log(self) -> IO[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self.keep_log_short()
        return self._log.open("ab")
