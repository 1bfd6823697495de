"""Pytest plugin that keeps a test run away from everything outside it.

Loaded with ``-p`` so that it acts before Django's settings are read: settings come from a throw-away folder and an
empty file, whatever the developer's shell or an `anlan.toml` in the checkout says. It must never be loaded by the
product.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

KEPT = {"ANLAN_DATABASE_URL", "ANLAN_HISTORY_DATABASE_URL", "ANLAN_CI"}
"""Settings that choose what a run is about; all others are taken out of its environment."""


def isolate() -> Path:
    """Point ``ANLAN_*`` at a new folder, removed when this process ends; returns the folder.

    Every process of a run (each pytest-xdist worker too) gets its own. ``ANLAN_TEST_*`` variables are left alone.
    """
    for name in list(os.environ):
        if name.startswith("ANLAN_") and name not in KEPT and not name.startswith("ANLAN_TEST_"):
            del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="anlan-test-"))
    empty = folder / "anlan.toml"
    empty.touch()
    os.environ["ANLAN_CONFIG"] = str(empty)
    os.environ["ANLAN_DATA_DIR"] = str(folder / "data")
    owner = os.getpid()
    atexit.register(_remove, folder, owner)
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child must not take the folder away from its parent
        shutil.rmtree(folder, ignore_errors=True)


isolate()
