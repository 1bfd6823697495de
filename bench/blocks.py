"""How small and how fast history is: bytes a sample, encode and read rates, one tag over 24 h.

Run: `python bench/blocks.py`. 72 tags a gateway, one frame every 5 s, mean-reverting walks with sensor noise rounded to
2 or 3 decimals, a quarter of the channels static; the same mixture as in the figures of the design.
"""

from __future__ import annotations

import time

import numpy as np

from anlan.stream.blocks import compact, encode
from anlan.stream.frame import Frame
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.rollup import roll_up
from anlan.stream.trend import trend

SECOND = 1_000_000
START = 1_700_002_800 * SECOND
TAGS, PER_MINUTE, HOURS = 72, 12, 24


def signals(frames: int, decimals: np.ndarray) -> np.ndarray:
    """f8[frames, TAGS]."""
    rng = np.random.default_rng(7)
    middle = rng.uniform(1, 200, TAGS)
    walk = np.empty((frames, TAGS))
    state = np.zeros(TAGS)
    for number in range(frames):
        state = 0.98 * state + rng.normal(0, 0.004, TAGS)
        walk[number] = state
    value = middle * (1 + walk) + rng.normal(0, 0.0005, (frames, TAGS)) * middle
    value[:, rng.random(TAGS) < 0.25] = middle[0]
    return np.round(value * 10.0**decimals) / 10.0**decimals


def main() -> None:
    rng = np.random.default_rng(1)
    decimals = np.where(rng.random(TAGS) < 0.6, 2, 3)
    table = PointTable(
        PointSpec(code=f"540170007002G{tag:04d}YW001", enterprise="540170007", gateway="g", decimals=int(places))
        for tag, places in enumerate(decimals)
    )
    rows = table.rows_of("g")
    values = signals(HOURS * 60 * PER_MINUTE, decimals)
    good = np.zeros(TAGS, np.uint8)
    frames = []
    for number, value in enumerate(values):
        at = START + number * 5 * SECOND
        frames.append(Frame("g", at, at + 900_000, rows, value, good, np.full(TAGS, at), [], 0, True))
    begin = time.process_time()
    minutes = [encode("g", frames[n : n + PER_MINUTE], table) for n in range(0, len(frames), PER_MINUTE)]
    minute_cost = time.process_time() - begin
    begin = time.process_time()
    hours = [compact(minutes[n : n + 60]) for n in range(0, len(minutes), 60)]
    hour_cost = time.process_time() - begin
    rollups = [roll_up(block) for block in hours]
    total = values.size
    rate = 1e6
    size, minute_size = sum(map(len, hours)), sum(map(len, minutes))
    print(f"samples {total}")
    print(f"minute blocks  {minute_size / total:.3f} B/sample, encode {total / minute_cost / rate:.1f} M samples/CPU-s")
    print(f"hour blocks    {size / total:.3f} B/sample, compact {total / hour_cost / rate:.1f} M samples/CPU-s")
    print(f"roll-ups       {sum(map(len, rollups)) / total:.3f} B/sample more")
    code, end = table.specs[5].code, START + HOURS * 3600 * SECOND
    for name, arguments in (("hour blocks", {"blocks": hours}), ("roll-ups", {"rollups": rollups})):
        costs = []
        for _ in range(15):
            begin = time.perf_counter()
            found = trend(code, START, end, 600, **arguments)
            costs.append(time.perf_counter() - begin)
        print(f"one tag 24 h from {name}: {sorted(costs)[7] * 1e3:.2f} ms, {len(found.count)} points")


if __name__ == "__main__":
    main()
