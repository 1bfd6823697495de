"""Where numba is asked for. Whatever is compiled here has a plain twin that gives the same results, tested beside it.

`ANLAN_NUMBA=0` does without it, as does a machine where it is not installed. The machine code is kept on disk
(`NUMBA_CACHE_DIR`, which the roles point into the data directory), so that only the first start compiles.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Any

logger = logging.getLogger(__name__)
_OFF = {"0", "false", "no", "off"}


@cache
def available() -> bool:
    """Whether numba is installed and not switched off."""
    if os.environ.get("ANLAN_NUMBA", "").strip().lower() in _OFF:
        return False
    try:
        import numba  # noqa: F401
    except Exception as error:  # noqa: BLE001 - a broken installation is as good as none: the plain path does the work
        if not isinstance(error, ModuleNotFoundError):
            logger.warning("numba cannot be used, the plain path is taken: %s", error)
        return False
    return True


def compile_or_none(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """``function`` as machine code, compiled at its first call; None without numba."""
    if not available():
        return None
    import numba

    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # no folder where the machine code could be kept: compiled anew by each process
        return numba.njit(nogil=True)(function)
