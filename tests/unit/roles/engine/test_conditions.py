"""What the engine tells suppression rules about their condition points: only what may be relied on."""

from __future__ import annotations

import math

import numpy as np

from anlan.roles.engine.conditions import values_of
from anlan.roles.engine.state import EngineCore
from anlan.stream.frame import Frame
from anlan.stream.points import PointSpec

S = 1_000_000
START = 1_709_251_200 * S


def send(core: EngineCore, at: int, value: float, quality: int = 0) -> None:
    core.kernel.apply(
        Frame(
            gateway="g", collected_at_us=START + at * S, received_at_us=START + at * S,
            index=core.table.index("g", ["pump"]), value=np.array([value]), quality=np.array([quality], np.uint8),
            sampled_at_us=np.array([START + at * S], np.int64), unknown=[],
        )
    )  # fmt: skip


def test_a_value_is_told_while_it_is_good_and_none_when_it_is_bad_silent_or_never_came() -> None:
    core = EngineCore([PointSpec(code="pump", enterprise="e1", gateway="g", source="s1", no_data_s=30.0)])
    asked = ["pump", "nobody's"]
    assert values_of(core, asked) == {"pump": None}
    send(core, 0, 0.0)
    assert values_of(core, asked) == {"pump": 0.0}
    send(core, 5, math.nan, quality=2)
    assert values_of(core, asked) == {"pump": None}
    send(core, 10, 1.5)
    assert values_of(core, asked) == {"pump": 1.5}
    core.kernel.sweep(START + 60 * S)
    assert values_of(core, asked) == {"pump": None}
    assert values_of(core, []) == {}
