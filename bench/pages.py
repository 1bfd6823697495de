"""How long the pages take at national scale, what they ask of the database, and how large they are.

Run: `./run bench pages [--enterprises 7600] [--points 66] [--alarms 1000000] [--open 5000] [--closed 50000]
[--repeat 7] [--only WORD+WORD] [--who ministry,county] [--json]`.

The country is written by `bench._national_world` into the database of ``ANLAN_DATABASE_URL`` (SQLite in
``ANLAN_DATA_DIR``, or in a throw-away folder without it). One that holds the same number of enterprises is used as it
stands, so a second run begins at once. Each page is opened by duty officers of the ministry, a province, a city and a
county through the whole of Django, in this process, without a network and without an engine (which adds one question
of about a millisecond); each time with a new connection to the database, as the web role has. Printed per page and
person: the median, the shortest and the longest of the repeats, the processor time of one (of this process and of the
one that serves it in PostgreSQL), queries, kilobytes. The load average is printed beside: on a busy machine only the
processor time says something.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PAGES = {
    "overview": "/",
    "overview, refresh": "/",
    "wall": "/wall/",
    "enterprises": "/enterprises/",
    "enterprises, last page": "/enterprises/?page=10000",
    "enterprises by alarms": "/enterprises/?sort=-uncleared",
    "enterprises, words": "/enterprises/?q=企业77",
    "enterprises offline": "/enterprises/?link=offline",
    "alarms": "/alarms/",
    "alarms, last page": "/alarms/?page=10000",
    "alarms uncleared": "/alarms/?state=uncleared",
    "alarms by tag": "/alarms/?sort=point",
    "alarms, words": "/alarms/?q=压力1",
    "alarms shelved": "/alarms/?state=shelved",
    "alarms, one enterprise": "/alarms/?enterprise={enterprise}",
    "performance": "/alarms/performance/",
    "performance, month": "/alarms/performance/?period=month",
    "performance, year": "/alarms/performance/?period=year",
    "filings": "/alarms/filings/",
    "filings, words": "/alarms/filings/?q=企业77",
    "filings by state": "/alarms/filings/?sort=state",
    "shelvings": "/alarms/shelvings/",
    "shelvings, last page": "/alarms/shelvings/?page=10000",
    "shelvings, words": "/alarms/shelvings/?q=压力1",
    "suppressions": "/alarms/suppressions/",
    "suppressions, words": "/alarms/suppressions/?q=压力1",
    "retrospectives": "/alarms/late/",
    "retrospectives, words": "/alarms/late/?q=压力1",
    "warnings": "/warnings/",
    "warnings open": "/warnings/?state=open&sort=-level",
    "points": "/points/",
    "points, words": "/points/?q=压力17",
    "points by tag": "/points/?sort=tag",
    "neglected": "/warnings/neglected/",
    "statistics": "/statistics/",
    "statistics, day": "/statistics/?table=daily",
    "statistics of alarms": "/statistics/?table=alarms",
    "statistics, year": "/statistics/?period=year",
    "statistics, daily of a month": "/statistics/?table=daily&period=month",
    "statistics, offline": "/statistics/?table=offline",
    "statistics, offline of a month": "/statistics/?table=offline&period=month",
    "statistics, outages behind": "/statistics/offline_minutes/?table=offline&period=month",
    "statistics, alarms behind": "/statistics/alarms_raised/?table=daily&period=month",
    "todo": "/todo/",
    "search": "/search/?q=企业77",
    "operations": "/operations/",
    "gateways": "/operations/gateways/",
    "outages": "/operations/outages/",
    "quarantine": "/operations/quarantine/",
    "gaps": "/operations/gaps/",
    "gaps, last page": "/operations/gaps/?page=10000",
    "gaps open": "/operations/gaps/?state=open",
    "pauses": "/operations/pauses/",
    "clocks": "/operations/clocks/",
    "findings": "/findings/",
    "one enterprise": "/enterprises/{enterprise}/",
    "one point": "/points/{point}/",
    "one warning": "/warnings/{warning}/",
}
WHO = ("ministry", "province", "city", "county")
LIMIT_MS = 300.0


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    from bench._national_world import Amount, build, start

    start()
    from django.conf import settings
    from django.db import connection

    from anlan.apps.registry.models import Enterprise
    from anlan.testing.national import Size

    settings.ALLOWED_HOSTS = ["*"]
    size = Size(
        enterprises=arguments.enterprises,
        points=arguments.points,
        sources=max(arguments.enterprises, arguments.sources),
    )
    began = time.perf_counter()
    standing = Enterprise.objects.by_the_machine().count()
    if standing not in (0, arguments.enterprises):
        raise SystemExit(f"the database holds {standing} enterprises already: name an empty one")
    if not standing:
        print("writing the country …", file=sys.stderr, flush=True)
        build(size, Amount(arguments.alarms, arguments.open, arguments.closed, arguments.share))
    found: dict[str, Any] = {
        "database": connection.vendor,
        "rows": rows(),
        "written_in_s": 0.0 if standing else round(time.perf_counter() - began, 1),
        "load_average_before": round(os.getloadavg()[0], 2),
        "pages": [],
    }
    for who in arguments.who.split(","):
        found["pages"] += [
            opened(who, name, path, arguments.repeat) for name, path in PAGES.items() if _wanted(name, arguments.only)
        ]
    found["slowest_ms"] = max(each["p50_ms"] for each in found["pages"])
    found["above_limit"] = [f"{each['who']} {each['page']}" for each in found["pages"] if each["p50_ms"] > LIMIT_MS]
    return found


def _wanted(name: str, words: str) -> bool:
    return any(word in name for word in words.split("+"))


def rows() -> dict[str, int]:
    """How much stands in the country."""
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.delivery.models import Message
    from anlan.apps.registry.models import Enterprise, HazardSource, Point
    from anlan.apps.warnings.models import Warning

    counted = {
        model.__name__: model._base_manager.count() for model in (Enterprise, HazardSource, Point, Alarm, Message)
    }
    counted["Warning"] = Warning._base_manager.count()
    counted["open warnings"] = Warning._base_manager.filter(cleared_at__isnull=True).count()
    return counted


def opened(who: str, name: str, path: str, repeat: int) -> dict[str, Any]:
    """One page opened by one person, ``repeat`` times after a first one that warms caches."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from anlan.apps.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(username=f"n-{who}"), backend="django.contrib.auth.backends.ModelBackend")
    headers = {"HX-Request": "true"} if name.endswith("refresh") else {}
    path = path.format(**_records(who))
    answer = client.get(path, headers=headers)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path, headers=headers)
    questions = list(asked.captured_queries) or [{"time": "0", "sql": ""}]  # the next request empties the log
    took, busy = [], 0.0
    for _ in range(repeat):
        connection.close()
        began, begin = time.process_time(), time.perf_counter()
        client.get(path, headers=headers)
        took.append((time.perf_counter() - begin) * 1000)
        busy += (time.process_time() - began) * 1000 + _database_ms()
    busy /= repeat
    slowest = max(questions, key=lambda each: float(each["time"]))
    return {
        "page": name,
        "who": who,
        "status": answer.status_code,
        "p50_ms": round(sorted(took)[len(took) // 2], 1),
        "max_ms": round(max(took), 1),
        "min_ms": round(min(took), 1),
        "cpu_ms": round(busy, 1),
        "queries": len(questions),
        "kilobytes": round(len(answer.content) / 1024, 1) if not answer.streaming else 0,
        "slowest_query_ms": round(float(slowest["time"]) * 1000, 1),
        "slowest_query": slowest["sql"],
    }


def _database_ms() -> float:
    """Processor time of the process that serves the connection in a PostgreSQL on this machine, since it was opened.
    What further processes did that it sets to work on a large table is not in it."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        spent = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return int(spent.read_text().split()[0]) / 1e6 if spent.exists() else 0.0


def _records(who: str) -> dict[str, str]:
    """An enterprise, a point and an open warning that the person sees."""
    from anlan import now as clock
    from anlan.apps.accounts.models import User
    from anlan.apps.registry.models import Point
    from anlan.apps.warnings.models import Warning

    scope = User.objects.get(username=f"n-{who}").scope(clock.now())
    point = Point.objects.visible_to(scope).select_related("enterprise").order_by("pk").first()
    warning = Warning.objects.visible_to(scope).order_by("cleared_at", "pk").first()
    return {
        "enterprise": point.enterprise.code if point else "",
        "point": point.code if point else "",
        "warning": warning.number if warning else "",
    }


def table(found: dict[str, Any]) -> None:
    """The figures as lines."""
    print(f"{found['database']}  {found['rows']}  load {found['load_average_before']}")
    heads = " ".join(f"{each:>8}" for each in ("p50", "min", "max", "cpu", "queries", "KB"))
    print(f"{'page':30} {'who':9} {heads} {'slowest query':>14}")
    for each in found["pages"]:
        mark = " !" if each["p50_ms"] > LIMIT_MS else ""
        mark += f" {each['status']}" if each["status"] != 200 else ""
        print(
            f"{each['page']:30} {each['who']:9} {each['p50_ms']:8.1f} {each['min_ms']:8.1f} {each['max_ms']:8.1f} "
            f"{each['cpu_ms']:8.1f} {each['queries']:8} {each['kilobytes']:8.1f} {each['slowest_query_ms']:14.1f}{mark}"
        )
    print(
        f"slowest page {found['slowest_ms']} ms; above {LIMIT_MS:.0f} ms: {', '.join(found['above_limit']) or 'none'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enterprises", type=int, default=7_600)
    parser.add_argument("--sources", type=int, default=20_000)
    parser.add_argument("--points", type=int, default=66)
    parser.add_argument("--alarms", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=5_000)
    parser.add_argument("--closed", type=int, default=50_000)
    parser.add_argument("--share", type=float, default=1.0, help="of outages, filings, findings … in the country")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--only", default="", help="only pages whose name has one of these words (A+B)")
    parser.add_argument("--who", default=",".join(WHO))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ.setdefault("ANLAN_DATA_DIR", folder)
        found = measure(arguments)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        table(found)


if __name__ == "__main__":
    main()
