"""The country at national scale with open warnings and a past, for `bench.pages` and others; no benchmark of its own.

``ANLAN_DATABASE_URL`` chooses the database; without it SQLite in ``ANLAN_DATA_DIR``. The registry, links and alarms
are written by `anlan.testing.national`, open warnings by `bench._warnings_world` row by row as the service writes
them; closed ones of the past come without entries in the journal; filings, shelves and what late data showed by
`bench._national_matters`.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LEVELS = (("red", 2), ("orange", 8), ("yellow", 90))
"""Levels of the open warnings, and how many of a hundred are at each."""
CHUNK = 5_000


@dataclass(frozen=True)
class Amount:
    """What stands in the country beside its registry."""

    alarms: int = 1_000_000
    open_warnings: int = 5_000
    closed_warnings: int = 50_000
    share: float = 1.0
    """Of everything else: outages, refusals, filings, findings …"""


def start() -> None:
    """Django with the database of the environment, migrated."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")
    import django

    django.setup()
    from anlan.process.migrating import migrate

    migrate()


def build(size: Any, amount: Amount) -> None:
    """Write all of it into an empty database; what the database plans by is gathered at the end, as in the product."""
    from django.db import connection

    from anlan.roles.auditor import sqlite_analyze
    from anlan.testing import national
    from bench import _national_matters as matters

    now = datetime.now(UTC)
    country = national.registry(now - timedelta(days=1), size)
    national.alarms(now, amount.alarms)
    national.faults(now, outages=round(20_000 * amount.share), refused=round(20_000 * amount.share))
    dice = random.Random(6)
    sources = list(country.sources)
    dice.shuffle(sources)
    closed_warnings(sources, amount.closed_warnings, now, dice)
    _open(sources[: amount.open_warnings], now)
    _read_some(dice, now)
    matters.write(now, matters.Matters().times(amount.share))
    if connection.vendor == "sqlite":
        sqlite_analyze.gather()
    else:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _open(sources: list[Any], now: datetime) -> None:
    """Open warnings of the last two days. The steps that fell due meanwhile stay pending: no clock runs here."""
    from bench._warnings_world import open_warnings

    begin = 0
    for level, share in LEVELS:
        some = sources[begin : begin + round(len(sources) * share / 100)]
        begin += len(some)
        if some:
            open_warnings(some, now - timedelta(days=2), now - timedelta(minutes=3), level)
    _point_out([source.pk for source in sources])


def _point_out(source_ids: list[int]) -> None:
    """Give each open warning a first-out point, as grading does."""
    from anlan.apps.registry.models import Point
    from anlan.apps.warnings.models import Warning
    from anlan.database import bulk

    points = {
        source: {"point": code, "tag": tag, "name": name, "unit": unit, "level": "HH", "value": 95.0}
        for source, code, tag, name, unit in Point.objects.by_the_machine()
        .filter(source__in=source_ids[:CHUNK])
        .order_by("-pk")
        .values_list("source_id", "code", "tag", "name", "unit")
    }
    rows = Warning.objects.by_the_machine().filter(cleared_at__isnull=True).values_list("pk", "source_id")
    bulk.update(Warning, ["first_out"], [(pk, points[source]) for pk, source in rows if source in points])


def closed_warnings(sources: list[Any], count: int, now: datetime, dice: random.Random) -> None:
    """Warnings of the last ninety days that were confirmed, cleared and reported, with notices and who got them."""
    from anlan.apps.warnings.models import Warning
    from anlan.database import bulk
    from anlan.rules.level import Level

    for begin in range(0, count, CHUNK):
        warnings = []
        for number in range(begin, min(begin + CHUNK, count)):
            source, level = dice.choice(sources), Level(dice.choice(("orange", "yellow", "yellow", "blue")))
            opened = now - timedelta(days=90) * dice.random() - timedelta(days=3)
            cleared = opened + timedelta(minutes=dice.uniform(20, 900))
            warnings.append(
                Warning(
                    number=f"PAST-{number}", enterprise_id=source.enterprise_id, source=source, level=level,
                    highest=level, rank=level.rank, opened_at=opened, level_since=opened,
                    confirmed_at=opened + timedelta(minutes=4), cleared_at=cleared,
                    closed_at=cleared + timedelta(minutes=dice.uniform(5, 90)),
                )
            )  # fmt: skip
        bulk.insert(warnings, keys=True)
        _handled(warnings)
        _told(warnings)


def _handled(warnings: list[Any]) -> None:
    """What people did about each, as it stands when it is closed."""
    from anlan.apps.obligations.models import Obligation, ObligationState
    from anlan.apps.warnings import kinds
    from anlan.apps.warnings.models import Confirmation, DisposalReport, LevelEpisode, Told
    from anlan.database import bulk

    episodes, told, confirmed, reports, owed = [], [], [], [], []
    for warning in warnings:
        mine = {"warning": warning, "enterprise_id": warning.enterprise_id}
        opened, cleared = warning.opened_at, warning.cleared_at
        due = cleared + timedelta(hours=1)
        state = ObligationState.LATE if warning.closed_at > due else ObligationState.DONE
        stretch = {"started_at": opened, "clock_started_at": opened, "ended_at": cleared, "ended_to": "none"}
        episodes.append(LevelEpisode(level=warning.level, **stretch, **mine))
        told.append(Told(recipient="agency:示例", name="示例", slot="county_park", at=opened, **mine))
        confirmed.append(Confirmation(name="示例", post="操作", at=warning.confirmed_at, **mine))
        texts = {"result": "示例", "cause": "示例", "measures": "示例", "reporter": "示例"}
        reports.append(DisposalReport(due_at=due, submitted_at=warning.closed_at, **texts, **mine))
        owed.append(
            Obligation(
                key=f"report:{warning.subject}", kind=kinds.REPORT, due_at=due, state=state,
                done_at=warning.closed_at, subject=warning.subject, enterprise_id=warning.enterprise_id,
                source_id=warning.source_id,
            )
        )  # fmt: skip
    for rows in (episodes, told, confirmed, reports, owed):
        bulk.insert(rows)


def _told(warnings: list[Any]) -> None:
    """Four notices about each, read by the supervisor."""
    from anlan.apps.delivery.models import Message, Notice
    from anlan.database import bulk

    notices = [
        Notice(
            key=f"past{warning.pk}:{kind}", kind=kind, subject=warning.subject, enterprise_id=warning.enterprise_id,
            source_id=warning.source_id, level=warning.level, due_at=at, sent_at=at, title="示例", body="示例",
            step=1 if kind == "notice" else None,
        )
        for warning in warnings
        for place, kind in enumerate(("informed", "notice", "cleared", "report"))
        for at in [warning.opened_at + (warning.closed_at - warning.opened_at) * place / 3]
    ]  # fmt: skip
    bulk.insert(notices, keys=True)
    supervisors = dict(_supervisors({notice.enterprise_id for notice in notices}))
    bulk.insert(
        [
            Message(
                notice=notice, enterprise_id=notice.enterprise_id, recipient=f"agency:{code}",
                recipient_kind="agency", recipient_name="示例", agency_id=agency, slot="county_park",
                read_at=notice.sent_at + timedelta(minutes=2), read_by="示例",
            )
            for notice in notices
            for agency, code in [supervisors[notice.enterprise_id]]
        ]
    )  # fmt: skip


def _supervisors(enterprise_ids: set[int]) -> Any:
    from anlan.apps.registry.models import Enterprise

    rows = Enterprise.objects.by_the_machine().filter(pk__in=enterprise_ids)
    return ((pk, (agency, code)) for pk, agency, code in rows.values_list("pk", "supervisor_id", "supervisor__code"))


def _read_some(dice: random.Random, now: datetime) -> None:
    """Four of five messages about open warnings were read within minutes."""
    from anlan.apps.delivery.models import Message
    from anlan.database import bulk

    unread = Message.objects.by_the_machine().filter(read_at__isnull=True).values_list("pk", "notice__sent_at")
    read = [(pk, min(sent + timedelta(minutes=dice.uniform(1, 40)), now)) for pk, sent in unread if dice.random() < 0.8]
    bulk.update(Message, ["read_at"], read)
