"""How fast packets become arrays, beside `json.loads` of the same bytes.

Run: `python -m bench.decode`. Rates are samples per CPU-second of this process, medians; trust the ratios.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable

from anlan.stream.envelope import Record, pack, unpack
from anlan.stream.frame import FrameDecoder
from anlan.stream.packet import peek
from anlan.stream.points import PointSpec, PointTable

PACKETS = 200
ROUNDS = 7


def packets(tags: int, **more: str) -> list[bytes]:
    """National packets of one gateway with changing values; `more` goes into every sample."""
    rng = random.Random(tags)
    codes = [f"540170007002G{number:04d}YW001" for number in range(tags)]
    made = []
    for number in range(PACKETS):
        datas = [{"quotaId": code, "value": f"{rng.uniform(1, 900):.2f}", **more} for code in codes]
        report = {
            "reportType": "report",
            "enterpriseId": "540170007",
            "gatewayId": "54017000701",
            "collectTime": "20240301080000",
            "isConnectDataSource": "true",
            "dataType": "energy_data",
            "dataId": f"5b0e8d1f-0000-4000-8000-{number:012d}",
            "datas": datas,
        }
        made.append(json.dumps({"enterpriseId": "540170007", "report": report}).encode())
    return made


def rate(samples: int, work: Callable[[], object]) -> float:
    """Samples per CPU-second, median of several rounds after a first one."""
    work()
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return samples / statistics.median(spent)


def report(title: str, bodies: list[bytes], tags: int) -> None:
    specs = [
        PointSpec(
            code=f"540170007002G{number:04d}YW001", enterprise="e", gateway="54017000701", range_min=0, range_max=1000
        )
        for number in range(tags)
    ]
    decoder = FrameDecoder(PointTable(specs))
    records = [
        Record("e", "54017000701", str(number), 1_709_251_201_000_000, body) for number, body in enumerate(bodies)
    ]
    envelopes = [pack(records[n : n + 20]) for n in range(0, len(records), 20)]
    samples = tags * len(bodies)
    parse = rate(samples, lambda: [json.loads(body) for body in bodies])
    figures = {
        "json.loads": parse,
        "header only (intake)": rate(samples, lambda: [peek(body) for body in bodies]),
        "envelope, pack": rate(samples, lambda: [pack(records[n : n + 20]) for n in range(0, len(records), 20)]),
        "envelope, unpack": rate(samples, lambda: [unpack(envelope) for envelope in envelopes]),
        "decode to arrays": rate(samples, lambda: [decoder.decode(record) for record in records]),
    }
    size = sum(map(len, envelopes)) / samples
    print(f"{title}: {sum(map(len, bodies)) / samples:.1f} bytes/sample, {size:.1f} in the log")
    for name, figure in figures.items():
        print(f"  {name:22} {figure / 1e6:7.2f} M samples/CPU-s  {figure / parse:6.2f} x json.loads")


def main() -> None:
    for tags in (500, 66):
        report(f"{tags} tags a packet", packets(tags), tags)
    report("500 tags with validity and own time", packets(500, isValid="1", time="20240301075958"), 500)


if __name__ == "__main__":
    main()
