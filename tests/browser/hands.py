"""Hands inside the running installation: a process of its own that does what the services do, told by lines of JSON.

Browser tests never touch the database of the pages they look at; they ask this process, which works through the same
services as everybody else. One line in (``{"do": name, ...}``), one line out.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from anlan import now as clock
from anlan.process import django

PASSWORD = "browser-pass-7"


def load() -> dict[str, Any]:
    """The demo world, and log-ins with one password."""
    from anlan.testing.demo import world

    loaded = world.load(clock.now(), password=PASSWORD, period_s=1.0)
    return {"keys": loaded.gateway_keys}


def identified() -> dict[str, Any]:
    """Identifies the units of the demo world; the key of the first that is in force."""
    from anlan.apps.identification.models import Identification
    from anlan.testing.demo import identifications

    identifications.load(clock.now())
    return {"key": Identification.objects.by_the_machine().filter(state="confirmed").order_by("pk")[0].pk}


def entries() -> dict[str, Any]:
    """What the ledgers of the demo world hold; the key of an entry of the first plant."""
    from anlan.apps.ledgers.models import LedgerEntry
    from anlan.testing.demo import ledgers

    ledgers.load(clock.now())
    mine = LedgerEntry.objects.by_the_machine().filter(ledger="monitoring_equipment", enterprise__code="990121001")
    return {"entry": str(mine.order_by("pk").values_list("pk", flat=True)[0])}


def hot_points(source: str) -> dict[str, Any]:
    """Points of a source that have a high-high limit, with a value above it and one that is normal."""
    from anlan.apps.registry.models import Point

    rows = Point.objects.by_the_machine().filter(source__code=source, hh__isnull=False).select_related("gateway")
    return {
        "points": [
            {
                "code": p.code,
                "tag": p.tag,
                "gateway": p.gateway.code,
                "enterprise": p.enterprise.code,
                "calm": p.range_min + (p.h - p.range_min) * 0.6,
                "high": p.hh + (p.range_max - p.range_min) * 0.02,
            }
            for p in rows.select_related("enterprise")
        ]
    }


def raise_level(source: str, level: str, minutes: float, *, confirmed: int = 0) -> dict[str, Any]:
    """Set a source's level as of ``minutes`` ago, held against grading by data that are not there.

    ``confirmed``: how many of its holders confirmed a minute later.
    """
    from tests.hats import holder

    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings import services
    from anlan.apps.warnings.models import Origin

    row = HazardSource.objects.by_the_machine().select_related("enterprise").get(code=source)
    at = clock.now() - timedelta(minutes=minutes)
    reasons = [{"rule": "test", "title": "示例：高报", "points": []}]
    point = row.points.filter(hh__isnull=False).order_by("code").first()
    first_out = None
    if point is not None and level != "none":
        value = round(point.hh + (point.range_max - point.range_min) * 0.02, point.decimals)
        first_out = {"point": point.code, "tag": point.tag, "name": point.name, "level": "HH", "value": value}
        first_out |= {"unit": point.unit, "at": at.isoformat()}
    warning = services.set_level(row, level, at=at, reasons=reasons, origin=Origin.LOADED, first_out=first_out)
    if warning is None:
        return {"number": ""}
    for duty in list(row.duty_holders.select_related("person"))[:confirmed]:
        services.confirm(warning, by=holder(warning, duty.person), at=at + timedelta(minutes=1), text="现场已派人")
    return {"number": warning.number}


def steps() -> dict[str, Any]:
    """Let the clock do what is due."""
    from anlan.apps.obligations import services

    fired = 0
    while count := services.run_due(clock.now(), 200):
        fired += count
    return {"fired": fired}


def sources() -> dict[str, Any]:
    """Every source with its enterprise, its county and the log-in prefix of its staff."""
    from anlan.apps.registry.models import HazardSource

    rows = HazardSource.objects.by_the_machine().select_related("enterprise__county").order_by("code")
    return {
        "sources": [
            {"code": s.code, "enterprise": s.enterprise.code, "county": s.enterprise.county.code, "name": s.name}
            for s in rows
        ]
    }


def finding(source: str, subject: str) -> dict[str, Any]:
    """An open finding about something of a source."""
    from anlan.apps.findings import services
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings import kinds

    row = HazardSource.objects.by_the_machine().select_related("enterprise").get(code=source)
    made = services.found(
        kinds.HIDDEN_DANGER, enterprise=row.enterprise, source_id=row.pk,
        subject=subject, text="储罐 G0001 液位计引压管接头渗漏", at=clock.now(),
    )  # fmt: skip
    return {"pk": made.pk}


def warning(number: str) -> dict[str, Any]:
    """What became of a warning."""
    from anlan.apps.delivery.models import Message
    from anlan.apps.warnings.models import Warning

    row = Warning.objects.by_the_machine().get(number=number)
    report = getattr(row, "report", None)
    return {
        "level": row.level,
        "confirmed": [c.name for c in row.confirmations.filter(automatic=False)],
        "cleared": row.cleared_at is not None,
        "reported": report.cause if report else "",
        "acts": [a.kind for a in row.acts.all()],
        "read": list(
            Message.objects.by_the_machine()
            .filter(notice__subject=row.subject, read_at__isnull=False)
            .values_list("recipient", flat=True)
        ),
    }


def running() -> dict[str, Any]:
    """How many warnings still ask for something."""
    from anlan.apps.warnings.models import Warning

    return {"warnings": Warning.objects.by_the_machine().filter(closed_at__isnull=True).count()}


def journaled(act: str) -> dict[str, Any]:
    """How often an act stands in the journal."""
    from anlan.apps.journal.models import Entry

    return {"times": Entry.objects.filter(act=act).count()}


VERBS = {
    f.__name__: f
    for f in (load, entries, identified, finding, hot_points, raise_level, steps, sources, warning, running, journaled)
}


def main() -> None:
    django.start()
    from anlan.apps.delivery.services import connect
    from anlan.process.migrating import migrate

    migrate()
    connect()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        verb = VERBS[asked.pop("do")]
        print(json.dumps(verb(**asked), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
