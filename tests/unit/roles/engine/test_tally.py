"""What the engine counts of gateways between two checkpoints."""

from __future__ import annotations

import numpy as np

from anlan.roles.engine.tally import Tally
from anlan.stream.frame import Frame

HOUR_US = 3_600_000_000


def frame(received_us: int, ahead_us: int) -> Frame:
    none = np.empty(0)
    return Frame(
        gateway="g", collected_at_us=received_us + ahead_us, received_at_us=received_us, index=none.astype(np.int32),
        value=none, quality=none.astype(np.uint8), sampled_at_us=none.astype(np.int64), unknown=[],
        suspect=bool(ahead_us),
    )  # fmt: skip


def test_no_jump_of_a_clock_is_lost_between_two_checkpoints() -> None:
    tally, jumps = Tally(), 0
    for number, ahead in enumerate([0, -HOUR_US, -2 * HOUR_US, 0, 0, HOUR_US, 0]):
        tally.saw(frame(number * 1_000_000, ahead))
        # after every frame, as a checkpoint falls at the worst time
        jumps += sum(sign.clock.jumps for sign in tally.take_signs(["g"]) if sign.clock)
    assert jumps == 3
