"""How fast the alarm kernel is, beside `json.loads` of the bytes that carried the same samples.

Once more with points whose limits were all changed before: their newer samples must cost the same. Run: `python
bench/kernel.py [points]`. Rates are samples per CPU-second of this process; trust the ratios.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from anlan.stream.frame import Frame
from anlan.stream.kernel import Kernel
from anlan.stream.points import PointSpec, PointTable

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
PER_GATEWAY = 500


def specs(count: int, valid_from_us: int | None = None) -> list[PointSpec]:
    """Points with four limits, half of them with delays, a fifth with flatline detection."""
    rng = np.random.default_rng(3)
    base = rng.uniform(1, 200, count)
    return [
        PointSpec(
            code=f"{row // PER_GATEWAY:09d}002G{row % PER_GATEWAY:04d}YW001",
            enterprise=f"{row // PER_GATEWAY:09d}",
            gateway=f"{row // PER_GATEWAY:09d}01",
            range_min=0.0,
            range_max=base[row] * 3,
            ll=base[row] * 0.94,
            l=base[row] * 0.97,
            h=base[row] * 1.03,
            hh=base[row] * 1.06,
            deadband=base[row] * 0.003,
            on_delay_s=10.0 * (row % 2),
            off_delay_s=30.0 * (row % 2),
            flatline_s=600.0 if row % 5 == 0 else None,
            valid_from_us=valid_from_us,
        )
        for row in range(count)
    ]


def frames(table: PointTable, rng: np.random.Generator, at: int, excursions: float) -> list[Frame]:
    """One frame a gateway at instant `at`; a share of the values lies beyond a limit."""
    made = []
    for gateway in table.gateways:
        rows = table.rows_of(gateway)
        middle = (table.quiet_low[rows] + table.quiet_high[rows]) / 2
        value = middle * (1 + rng.normal(0, 0.004, len(rows)))
        value[rng.random(len(rows)) < excursions] *= 1.05
        made.append(
            Frame(
                gateway=gateway,
                collected_at_us=at,
                received_at_us=at,
                index=rows,
                value=value,
                quality=np.zeros(len(rows), np.uint8),
                sampled_at_us=np.full(len(rows), at, np.int64),
                unknown=[],
                unique=True,
            )
        )
    return made


def as_json(frame: Frame, table: PointTable) -> bytes:
    """The same samples as a national packet."""
    datas = [
        {"quotaId": table.specs[row].code, "value": f"{value:.2f}"}
        for row, value in zip(frame.index.tolist(), frame.value.tolist(), strict=True)
    ]
    return json.dumps({"report": {"collectTime": "20231114221320", "datas": datas}}).encode()


def rate(samples: int, seconds: float) -> str:
    return f"{samples / seconds / 1e6:6.2f} M samples/CPU-s"


def rates(kernel: Kernel, scans: list[list[Frame]], count: int) -> tuple[float, float, int]:
    """CPU seconds a sample with a scan a call and with a packet a call, and how many events there were."""
    begin, events = time.process_time(), 0
    for scan in scans[1:10]:
        events += len(kernel.apply_many(scan))
    many = (time.process_time() - begin) / (9 * count)
    begin = time.process_time()
    for scan in scans[10:]:
        for frame in scan:
            events += len(kernel.apply(frame))
    return many, (time.process_time() - begin) / (10 * count), events


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    table = PointTable(specs(count))
    kernel, rng = Kernel(table), np.random.default_rng(5)
    scans = [frames(table, rng, START + 5 * SECOND * number, 0.002) for number in range(20)]
    kernel.apply_many(scans[0])
    plain = [as_json(frame, table) for frame in scans[0][:20]]
    begin = time.process_time()
    for body in plain:
        json.loads(body)
    parse = (time.process_time() - begin) / sum(len(frame.index) for frame in scans[0][:20])
    changed = Kernel(PointTable(specs(count, START)))
    changed.apply_many(scans[0])
    for each in (kernel, changed):
        each.sweep(START)
    many, single, events = rates(kernel, scans, count)
    again_many, again_single, again_events = rates(changed, scans, count)
    assert events == again_events
    begin = time.process_time()
    for number in range(10):
        kernel.sweep(START + 5 * SECOND * 20 + number)
    sweep = (time.process_time() - begin) / 10
    begin = time.process_time()
    size = sum(len(kernel.state_of(gateway)) for gateway in table.gateways)
    saving = time.process_time() - begin
    print(f"points {count}, events {events}")
    print(f"json.loads of the same bytes  {rate(1, parse)}")
    print(f"kernel, a scan a call         {rate(1, many)}   {parse / many:5.1f} x json.loads")
    print(f"kernel, a packet a call       {rate(1, single)}   {parse / single:5.1f} x json.loads")
    print(f"the same, limits changed      {rate(1, again_many)}   {many / again_many:5.2f} x a scan a call")
    print(f"                              {rate(1, again_single)}   {single / again_single:5.2f} x a packet a call")
    print(f"sweep of all points           {sweep * 1e3:6.2f} ms CPU")
    print(f"checkpoint of all points      {saving * 1e3:6.2f} ms CPU, {size / count:.1f} bytes a point")


if __name__ == "__main__":
    main()
