"""A role's figures, as `anlan.metrics` defines and serves them; ready once the process has announced itself."""

from __future__ import annotations

import os
from collections.abc import Callable

from anlan import metrics
from anlan.config import Config
from anlan.metrics import TYPE, Figures, text
from anlan.process.places import announced

__all__ = ["TYPE", "Figures", "serve", "text"]


def serve(config: Config, role: str, read: Callable[[], Figures], instance: str = "") -> str:
    """Serve a role's figures on a free loopback port until the process ends; returns its ``host:port``, "" for none.

    ``instance``: the name that the process announces itself by, where several of its role run (``engine-2``).
    """
    name = instance or role
    return metrics.serve(role, read, lambda: announced(config, name, os.getpid()) is not None)
