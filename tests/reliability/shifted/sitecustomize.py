"""Loaded by every Python process of a test that sets the host's clock: `anlan.now`, the only reader, is shifted.

The shift in seconds stands in the file that the environment names; it is read each time, as a clock that is set would
be. The log's server is no Python and keeps the right time.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

if path := os.environ.get("ANLAN_TEST_SHIFT"):
    from anlan import now as clock

    right, right_us = clock.now, clock.now_us

    def shift() -> float:
        return float(Path(path).read_text(encoding="utf-8") or 0)

    def now() -> datetime:
        return right() + timedelta(seconds=shift())

    def now_us() -> int:
        return right_us() + round(shift() * 1_000_000)

    clock.now, clock.now_us = now, now_us
