"""What a sample costs when there are more points: engine path (decode, kernel) and history, at 1, 3 and 10 times.

Run: `./run bench growth [--gateways 40] [--frames 12] [--repeat 2] [--json]`.

Every gateway sends packets of 66 tags in national JSON, one frame every 5 s; at 3 and 10 times there are so many more
gateways, and as many more samples. Decode and kernel take the records in batches as the engine does, over one table of
all points; history encodes a minute of every gateway, writes it and compacts nothing. CPU-seconds of this process
divided by samples, the best of the repeats; the ratio to 1x is what counts. Must: at most 1.3.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from typing import Any

import numpy as np

TAGS, EVERY_US, BATCH = 66, 5_000_000, 64
START = 1_700_002_800_000_000
MUST = 1.3


def world(gateways: int) -> tuple[Any, list[list[str]]]:
    from anlan.stream.points import PointSpec, PointTable

    codes = [[f"54017{g:04d}002G{tag:04d}YW{g % 1000:03d}" for tag in range(TAGS)] for g in range(gateways)]
    specs = [
        PointSpec(code=code, enterprise=f"e{g}", gateway=f"g{g}", h=180.0, hh=190.0, deadband=1.0)
        for g, each in enumerate(codes)
        for code in each
    ]
    return PointTable(specs), codes


def records(codes: list[list[str]], frames: int) -> list[Any]:
    from datetime import datetime, timedelta, timezone

    from anlan.stream.envelope import Record

    rng = np.random.default_rng(3)
    civil = timezone(timedelta(hours=8))
    made = []
    for frame in range(frames):
        at = START + frame * EVERY_US
        text = datetime.fromtimestamp(at / 1e6, civil).strftime("%Y%m%d%H%M%S")
        for g, mine in enumerate(codes):
            values = np.round(rng.uniform(20, 160, TAGS), 2)
            samples = ",".join(
                f'{{"quotaId":"{code}","value":"{value}","isValid":"1"}}'
                for code, value in zip(mine, values.tolist(), strict=True)
            )
            body = f'{{"dataId":"{g}-{frame}","report":{{"reportType":"report","collectTime":"{text}",'
            body += f'"isConnectDataSource":"true","datas":[{samples}]}}}}'
            made.append(Record(f"e{g}", f"g{g}", f"{g}-{frame}", at + 900_000, body.encode()))
    return made


def once(gateways: int, frames: int) -> dict[str, float]:
    """Nanoseconds a sample: decode, kernel, encode, write."""
    from anlan.apps.history.services import Batch, write
    from anlan.roles.historian.minutes import OpenMinutes
    from anlan.stream.frame import FrameDecoder
    from anlan.stream.kernel import Kernel

    table, codes = world(gateways)
    decoder, kernel, minutes = FrameDecoder(table), Kernel(table), OpenMinutes(table)
    sent = records(codes, frames)
    for record in sent[: 2 * gateways]:  # the first packets of every gateway teach the decoder
        decoder.decode(record)
    decode = judge = 0.0
    taken = sent[2 * gateways :]
    samples = len(taken) * TAGS
    for at in range(0, len(taken), BATCH):
        begun = time.process_time()
        decoded = [decoder.decode(record) for record in taken[at : at + BATCH]]
        middle = time.process_time()
        kernel.apply_many(decoded)
        decode += middle - begun
        judge += time.process_time() - middle
        for number, frame in enumerate(decoded):
            minutes.add(frame.gateway, frame, at + number + 1)
    begun = time.process_time()
    batch: Batch = minutes.batch()
    middle = time.process_time()
    write(batch, lambda: None)
    written = time.process_time() - middle
    costs = {"decode": decode, "kernel": judge, "encode": middle - begun, "write": written}
    return {name: cost / samples * 1e9 for name, cost in costs.items()}


def measure(gateways: int, frames: int, repeat: int) -> dict[str, Any]:
    from anlan.process import django

    django.start()
    from anlan.apps.history.models import Block, LateStretch
    from anlan.process.migrating import migrate

    migrate()
    result: dict[str, Any] = {"load_average": os.getloadavg()[0], "tags_per_packet": TAGS}
    once(4, 4)  # compiled code is loaded, caches are filled: none of it is to be counted for the first row
    first: dict[str, float] = {}
    for times in (1, 3, 10):
        runs = []
        for _ in range(repeat):
            Block.objects.all().delete()
            LateStretch.objects.all().delete()
            runs.append(once(gateways * times, frames))
        best = {name: min(run[name] for run in runs) for name in runs[0]}
        best["engine"] = best["decode"] + best["kernel"]
        best["history"] = best["encode"] + best["write"]
        first = first or best
        result[f"{times}x"] = {
            "points": gateways * times * TAGS,
            "ns_per_sample": {name: round(cost, 1) for name, cost in best.items()},
            "ratio": {name: round(best[name] / first[name], 2) for name in ("engine", "history")},
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateways", type=int, default=40, help="at 1x; 400 gateways are 26 400 points")
    parser.add_argument("--frames", type=int, default=12, help="packets of each gateway")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ["ANLAN_DATA_DIR"] = folder
        os.environ.pop("ANLAN_DATABASE_URL", None)
        os.environ.pop("ANLAN_HISTORY_DATABASE_URL", None)
        result = measure(arguments.gateways, arguments.frames, arguments.repeat)
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    print(f"load average {result['load_average']:.1f}, packets of {TAGS} tags; ns of CPU a sample")
    for times in ("1x", "3x", "10x"):
        row = result[times]
        costs = "  ".join(f"{name} {cost:>7}" for name, cost in row["ns_per_sample"].items())
        ratio = f"engine {row['ratio']['engine']}, history {row['ratio']['history']} (must ≤ {MUST})"
        print(f"{times:>4} {row['points']:>8} points  {costs}  ratio {ratio}")


if __name__ == "__main__":
    main()
