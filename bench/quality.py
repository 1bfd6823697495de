"""How long the checks of data quality take over a whole national register, and after one change of it.

Run: `./run bench quality [--enterprises 7600] [--points 66] [--changes 20] [--json]`.

The register is written into a throw-away SQLite (`anlan.testing.national`). The first round opens what there is to
find, the second finds it standing: that is what an installation does all day. A change is one limit of a point, from
the act until the findings of its enterprise stand. All in this process, one after the other, beside `json.loads`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from typing import Any


def measure(enterprises: int, points: int, changes: int) -> dict[str, Any]:
    """Seconds of every part, and how many findings there are."""
    from anlan.process.django import start

    start()
    from anlan import now as clock
    from anlan.apps.findings.models import Finding
    from anlan.apps.org.actor import operator
    from anlan.apps.quality import services
    from anlan.apps.registry.models import Point
    from anlan.apps.registry.selectors.locality import supervised
    from anlan.apps.registry.services import change_limits
    from anlan.process.migrating import migrate
    from anlan.testing.national.registry import Size, registry

    migrate()
    moment = clock.now()
    registry(moment, Size(enterprises=enterprises, points=points, sources=enterprises * 20_000 // 7_600))
    rows = supervised()
    rounds = []
    for _ in range(2):
        began = time.perf_counter()
        for row in rows:
            services.check_register(row, clock.now())
        rounds.append(time.perf_counter() - began)
    took = []
    rows_of_points = Point.objects.by_the_machine().select_related("enterprise__supervisor", "device").order_by("pk")
    some = [
        point for point in rows_of_points[: 50 * changes] if point.code.startswith(point.device.code) and not point.gas
    ][:changes]
    for point in some:
        began = time.perf_counter()
        change_limits(point, by=operator("bench"), at=clock.now(), deadband=point.deadband + 0.01)
        took.append(time.perf_counter() - began)
    return {
        "enterprises": len(rows),
        "points": points * len(rows),
        "first_round_s": round(rounds[0], 1),
        "next_round_s": round(rounds[1], 1),
        "change_s": {"median": round(statistics.median(took), 3), "longest": round(max(took), 3)},
        "findings": Finding.objects.by_the_machine().count(),
        "json_loads_s": round(_json_loads(), 4),
    }


def _json_loads() -> float:
    text = json.dumps([{"a": number, "b": [1, 2, 3]} for number in range(100_000)])
    took = []
    for _ in range(5):
        began = time.perf_counter()
        json.loads(text)
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, default=7_600)
    parser.add_argument("--points", type=int, default=66)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ["ANLAN_DATA_DIR"] = folder
        os.environ.pop("ANLAN_DATABASE_URL", None)
        os.environ.pop("ANLAN_HISTORY_DATABASE_URL", None)
        found = measure(arguments.enterprises, arguments.points, arguments.changes)
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['enterprises']} enterprises, {found['points']} points, {found['findings']} findings")
    print(f"first round {found['first_round_s']} s, next round {found['next_round_s']} s (must ≤ 300)")
    print(f"one change {found['change_s']['median']} s, longest {found['change_s']['longest']} s (must ≤ 2)")
    print(f"json.loads of 100 000 objects {found['json_loads_s']} s")


if __name__ == "__main__":
    main()
