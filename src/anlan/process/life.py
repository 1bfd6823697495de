"""What every role's process has in common: it ends with its parent, says when it is ready, and leaves when asked.

A role that runs on as an orphan would write beside its successor; that is why the parent is watched from inside as
well as tied by the kernel. Nothing here starts a process (the supervisor does) and nothing here knows what a role does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import logging
import os
import re
import resource
import signal
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anlan import config as settings
from anlan import logs

PARENT = "ANLAN_SUPERVISOR_PID"
"""Environment name under which a child finds the process that it must not outlive."""

RESTORING = ".restoring"
"""Folder inside a data directory while a restore is under way, or after it was cut short: nothing may serve then."""

MAX_FILES = 65_536

logger = logging.getLogger(__name__)


class Leaving:
    """Set once when the process was asked to end (SIGTERM, SIGINT) or its supervisor is gone."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._calls: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return self._event.is_set()

    def ask(self) -> None:
        """Ask the process to end; a second call does nothing."""
        if self._event.is_set():
            return
        self._event.set()
        for call in self._calls:
            call()

    def wait(self, seconds: float) -> bool:
        """Pause; True as soon as the process should leave."""
        return self._event.wait(seconds)

    def then(self, call: Callable[[], None]) -> None:
        """Have ``call`` called when the process should leave (from any thread; it must be quick)."""
        self._calls.append(call)
        if self._event.is_set():
            call()


def instance_of(role: str, arguments: list[str]) -> str:
    """The name of this process among several of its role: ``engine``, or ``engine-2`` as given. Else `ConfigError`."""
    name = arguments[0] if arguments else role
    if len(arguments) > 1 or not re.fullmatch(rf"{role}(-[\w.]{{1,40}})?", name):
        raise settings.ConfigError(
            f"名字应是 {role} 或 {role}-…（字母、数字、下划线、点），而不是 {' '.join(arguments)}"
        )
    return name


def begin(role: str) -> Leaving:
    """First thing in a role's ``main``: logging, signals, and the watch over the parent. Main thread only."""
    style, config = "text", None
    with contextlib.suppress(settings.ConfigError):  # whoever needs the settings says what is wrong with them
        config = settings.load()
        style = config.log_format
        keep_compiled_code(config.data_dir)
    _take_files()
    gc.set_threshold(20_000, 20, 20)  # the streams make much that lives briefly and nothing that goes in circles
    logs.start(style, role)
    leaving = Leaving()

    def on_signal(number: int, _frame: Any) -> None:
        leaving.ask()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    watch_parent(leaving.ask)
    if config is not None:
        close_to_others(config.data_dir)
    logger.info("%s starts, pid %d", role, os.getpid())
    return leaving


def close_to_others(data_dir: Path) -> None:
    """Take from everybody but owner and group what an older installation, or a hand, left open of the data directory.

    The directory alone is enough: nobody reaches a file behind a closed one. Logged when something was open, and when
    it cannot be closed because it is somebody else's.
    """
    try:
        mode = stat.S_IMODE(data_dir.stat().st_mode)
        if mode & 0o007:
            data_dir.chmod(mode & ~0o007)
            logger.warning("%s was open to every user of this machine (%o); it no longer is", data_dir, mode)
    except FileNotFoundError:
        return  # made later, under the umask of all our commands
    except OSError as error:
        logger.error("%s is open to every user of this machine and cannot be closed: %s", data_dir, error)


def _take_files() -> None:
    """As many open files as this process may have, within reason: what a login shell gives is a thousand, and every
    gateway and every browser is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def watch_parent(gone: Callable[[], None], every: float = 1.0) -> None:
    """Call ``gone`` when the supervisor named in the environment is no longer our parent; nothing without one."""
    expected = os.environ.get(PARENT)
    if not expected:
        return
    pause = threading.Event()

    def watch() -> None:
        while str(os.getppid()) == expected:
            pause.wait(every)
        logger.warning("the supervisor is gone, leaving")
        gone()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def keep_compiled_code(data_dir: Path) -> None:
    """Have this process and those that it starts keep compiled code: beside the source where that can be written, else
    in the data directory. Without it every process compiles the whole product anew at each start."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if os.access(Path(__file__).parent, os.W_OK):
        return
    cache = data_dir.resolve() / "cache"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache / "numba"))
    if not Path(importlib.util.cache_from_source(__file__)).exists():
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(cache / "python"))
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]
