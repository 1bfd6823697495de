"""The values that suppression rules ask for, out of the kernel: what is owned here and may be relied on."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from anlan.roles.engine.state import EngineCore
from anlan.stream.alarm import BIT_NO_DATA
from anlan.stream.frame import BAD


def values_of(core: EngineCore, codes: Collection[str]) -> dict[str, float | None]:
    """The newest value of each of these points; None where it is bad, silent or never came.

    Points that this engine does not own are absent. Call it only while the kernel takes nothing.
    """
    rows = {code: row for code in codes if (row := core.table.row(code)) is not None and core.table.alive[row]}
    if not rows:
        return {}
    latest = core.kernel.latest(list(rows.values()))
    usable = (latest.quality != BAD) & ((latest.alarm_bits & BIT_NO_DATA) == 0) & ~np.isnan(latest.value)
    return {code: float(latest.value[at]) if usable[at] else None for at, code in enumerate(rows)}
