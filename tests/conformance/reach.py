"""Whether a test reaches product code by way of a service, a page, the API, the command line or a role.

A check that is executed on the pure rules alone says nothing about what people get: it does not count. Code of the
rules, of stand-ins, of settings and of table definitions is none of these ways. A test that starts a process of the
product (itself, or by a fixture of its own) reaches it by starting it.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

PRODUCT = Path(__file__).resolve().parent.parent.parent / "src" / "anlan"
NO_WAY = ("rules/", "testing/", "drill/", "lessons/", "now.py", "config.py", "apps/__init__.py")
"""Product files that are no way to a rule: the rules themselves, stand-ins, time and settings."""
NO_WAY_IN_APPS = ("models", "migrations", "apps.py", "__init__.py")


def is_way(filename: str) -> bool:
    """Whether running this file means that the product was reached."""
    path = filename.replace("\\", "/")
    at = path.rfind("/anlan/")
    if at < 0 or "/src/anlan/" not in path:
        return False
    inside = path[at + len("/anlan/") :]
    if inside.startswith(NO_WAY):
        return False
    return not (inside.startswith("apps/") and any(part in NO_WAY_IN_APPS for part in _parts(inside)))


def _parts(inside: str) -> list[str]:
    parts = inside.split("/")
    return [part.removesuffix(".py") if part == "models.py" else part for part in parts]


class Reach:
    """What was reached since it was made; ``found`` is the first way, empty while there is none."""

    def __init__(self) -> None:
        self.found = ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls of this process, in this thread and in those it starts, until the first way is found."""
        before, threads = sys.getprofile(), threading.getprofile()
        if before is None:
            threading.setprofile(self._called)
            sys.setprofile(self._called)
        try:
            yield
        finally:
            if before is None:
                sys.setprofile(None)
                threading.setprofile(threads)  # type: ignore[arg-type]

    def _called(self, frame: FrameType, event: str, _argument: Any) -> None:
        if self.found:
            sys.setprofile(None)
        elif event == "call" and frame.f_code.co_flags & inspect.CO_OPTIMIZED and is_way(frame.f_code.co_filename):
            # without that flag it is the body of a module or a class: being imported is not being called
            self.found = frame.f_code.co_filename
            sys.setprofile(None)


_started: list[str] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and "anlan" in repr(arguments[:2]):
        _started.append("process")
    elif event == "os.fork":
        _started.append("fork")


def started() -> int:
    """How many processes of the product were started so far, by tests and fixtures."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    return len(_started)


_hooked = False
