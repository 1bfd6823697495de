"""A process that has everything imported and makes roles by forking (``python -m anlan.forker``).

Every role needs the same heap of code; imported once and forked, seven roles start in a fraction of the processor
time and share the memory of what they never change. It must never hold a connection, a second thread or a lock: a fork
would copy them. The supervisor asks over a socket pair on standard input, one JSON object a packet, with the role's
open log and a pipe beside it; one byte on the pipe, and the role begins:

    {"verb", "arguments", "environment"}  →  {"pid"} or {"refused": why}

The role is no child of this process but, through a fork in between, of the supervisor, which therefore waits for it,
ends it and reads its exit code as of any other child. So nothing is lost when this process is killed: who runs goes
on, and the supervisor starts roles as processes of their own until there is another one.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from time import sleep
from typing import Any, NoReturn

from anlan.cli import main as verb
from anlan.now import monotonic

ROOMS = ("api", "apps", "channels", "components", "database", "pages", "process", "roles", "rules", "site", "stream")
NEVER = ("migrations", "management", "backup", "__main__")
"""What no role imports."""
ADOPTED_WITHIN_S = 30.0
LONGEST = 1 << 20
"""Bytes of the longest order."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def warm() -> None:
    """Imports what roles import, and has compiled what they have compiled; opens no connection, starts no thread."""
    from anlan.process import django

    django.start()
    import anlan

    for info in pkgutil.iter_modules(anlan.__path__, "anlan."):
        if info.name.removeprefix("anlan.") in ROOMS:
            _import_below(info.name)
    for name in ("uvloop", "uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.off", "anlan.site.urls"):
        import_module(name)
    from anlan.roles.engine.state import warm as warm_kernel

    warm_kernel()


def _import_below(name: str) -> None:
    module = import_module(name)
    for info in pkgutil.iter_modules(getattr(module, "__path__", []), f"{name}."):
        if info.name.rpartition(".")[2] not in NEVER:
            _import_below(info.name)


def why_unsafe() -> str:
    """Returns why a fork would copy what must not be copied; empty when it would not."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        return f"{threads} threads"
    from django.db import connections

    opened = [each.alias for each in connections.all(initialized_only=True) if each.connection is not None]
    return f"open connections: {', '.join(opened)}" if opened else ""


def fork(order: dict[str, Any], files: Sequence[int], supervisor: int) -> int:
    """Makes the role of ``order`` a child of process ``supervisor``.

    ``files``: the role's open log, and the pipe that tells it to begin.

    Returns its process id. OSError when the machine makes no more processes.
    """
    reading, writing = os.pipe()
    try:
        between = os.fork()
        if between == 0:
            _fork_again(order, files, supervisor, writing)
        os.close(writing)
        writing = -1
        told = os.read(reading, 32)
        os.waitpid(between, 0)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if not told:
        raise OSError("the process in between could not fork")
    return int(told)


def _fork_again(order: dict[str, Any], files: Sequence[int], supervisor: int, writing: int) -> NoReturn:
    """The process in between: it forks the role, tells its number, and is gone; the supervisor inherits the role."""
    try:
        role = os.fork()
        if role == 0:
            os.close(writing)
            _become(order, files, supervisor)
        os.write(writing, str(role).encode())
    finally:
        os._exit(0)


def _become(order: dict[str, Any], files: Sequence[int], supervisor: int) -> NoReturn:
    """Turns this process into the role; ends with its exit code and never returns."""
    code = 1
    log, begin = files
    try:
        for target in (1, 2):
            os.dup2(log, target)
        os.setsid()
        _adopted(supervisor)
        if not os.read(begin, 1):
            os._exit(0)  # the supervisor never learned of this process: it has given up waiting, and started another
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.closerange(3, max(nothing, log, begin) + 1)
        os.environ.clear()
        os.environ.update(order["environment"])
        ctypes.CDLL(None).prctl(_PR_SET_NAME, f"anlan {order['verb']}"[:15].encode(), 0, 0, 0)
        sys.argv = ["anlan", order["verb"], *order["arguments"]]
        _settings_anew()
        code = verb(sys.argv[1:])
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001  # the last frame of the process: told, and its code says so
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _adopted(supervisor: int) -> None:
    """Waits until the process in between is gone and the supervisor is the parent; then this one dies with it."""
    until = monotonic() + ADOPTED_WITHIN_S
    while os.getppid() != supervisor:
        if monotonic() > until:
            raise RuntimeError(f"process {os.getppid()} became the parent, not the supervisor {supervisor}")
        sleep(0.001)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:
        os._exit(1)


def _settings_anew() -> None:
    """Lets the settings be those of the role's environment: the address of the log is not known when Django starts."""
    from django.conf import settings

    from anlan import config

    settings.CONFIG = config.load()


def main() -> int:
    """Serve orders until the supervisor's end of the socket closes, as it does when the supervisor ends."""
    supervisor = os.getppid()
    orders = socket.socket(fileno=0)
    warm()
    gc.collect()
    gc.freeze()
    _say(orders, {"warm": os.getpid()})
    while True:
        packet, files, _, _ = socket.recv_fds(orders, LONGEST, 2)
        if not packet:
            return 0
        unsafe = why_unsafe()
        try:
            _say(orders, {"refused": unsafe} if unsafe else {"pid": fork(json.loads(packet), files, supervisor)})
        except OSError as error:
            _say(orders, {"refused": str(error)})
        finally:
            for file in files:
                os.close(file)


def _say(orders: socket.socket, words: dict[str, Any]) -> None:
    orders.send(json.dumps(words).encode())


if __name__ == "__main__":
    sys.exit(main())
