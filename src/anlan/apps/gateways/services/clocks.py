"""Gateways whose times are doubtful: how far they stand from ours, since when, and the finding that follows (DQ-10).

A slow clock and a slow link look the same from here, and both are a matter of data quality: the samples are kept with
both times. A packet from the future or from another age was refused; what it said of its clock is kept all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from anlan.apps.findings.services import closed, found
from anlan.apps.gateways import kinds
from anlan.apps.gateways.models import GatewayClock
from anlan.apps.registry.models import Gateway
from anlan.apps.registry.selectors import equipment, locality
from anlan.database.chunks import chunks
from anlan.now import is_ahead
from anlan.rules.calendar import civil_day
from anlan.rules.clock_offset import Offset, words

HONEST_AFTER = timedelta(minutes=10)
"""So long without a doubtful packet, and with an honest one, and the clock is believed again (本地设定)."""
_KEPT = ["enterprise", "offset_s", "measured_at", "suspect_since", "ahead_s", "behind_s", "jumps", "refused"]


@dataclass(frozen=True)
class Measured:
    """What one gateway's packets said of its clock since the last report.

    ``ahead``: collect time minus receipt of the newest doubtful packet (negative: behind), or of one with which the
    clock jumped back to the right time; ``highest`` and ``lowest`` of all of them; ``refused``: how many were refused
    for their time. Without ``ahead`` all were honest.
    """

    gateway: str
    at: datetime
    ahead: timedelta | None = None
    lowest: timedelta = timedelta(0)
    highest: timedelta = timedelta(0)
    jumps: int = 0
    refused: int = 0


@transaction.atomic
def record_clocks(measured: Iterable[Measured], now: datetime | None = None) -> int:
    """Note what was measured; returns changed rows. An older measurement than the one on record changes nothing, unless
    that one lies after ``now`` (None: whatever it is).

    A finding is opened when times have been doubtful for ``data_delay_minutes``, or when packets were refused for
    them; it is closed when the gateway has been honest for `HONEST_AFTER`. Honest gateways have no row.
    """
    news = {each.gateway: each for each in sorted(measured, key=lambda each: each.at)}
    changed = 0
    for codes in chunks(sorted(news)):
        rows = {
            row.gateway.code: row
            for row in GatewayClock.objects.by_the_machine()
            .filter(gateway__code__in=codes)
            .select_related("gateway__enterprise__supervisor")
        }
        wanted = [code for code in codes if news[code].ahead is not None and code not in rows]
        for gateway in equipment.gateways_with(wanted).select_related("enterprise__supervisor") if wanted else ():
            rows[gateway.code] = GatewayClock(gateway=gateway, enterprise=gateway.enterprise)
        touched = [row for code, row in rows.items() if _note(row, news[code], now)]
        GatewayClock.objects.bulk_create(
            touched, batch_size=100, update_conflicts=True, unique_fields=["gateway"], update_fields=_KEPT
        )
        _judge(touched, news)
        changed += len(touched)
    return changed


def suspects() -> set[str]:
    """Codes of the gateways whose clock is not believed at present: honest packets of others need not be reported."""
    doubtful = GatewayClock.objects.by_the_machine().filter(suspect_since__isnull=False)
    return set(doubtful.values_list("gateway__code", flat=True))


def _note(row: GatewayClock, news: Measured, now: datetime | None) -> bool:
    if row.measured_at is not None and now is not None and is_ahead(row.measured_at, now):
        row.measured_at = news.at - timedelta.resolution
        row.suspect_since = min(row.suspect_since, row.measured_at) if row.suspect_since else None
    if row.measured_at is not None and news.at <= row.measured_at:
        return False
    if news.ahead is None:
        if row.suspect_since is None or row.measured_at is None or news.at - row.measured_at < HONEST_AFTER:
            return False
        row.suspect_since = None
        return True
    if row.suspect_since is None:
        row.suspect_since, row.ahead_s, row.behind_s, row.jumps, row.refused = news.at, 0, 0, 0, 0
    row.offset_s, row.measured_at = round(news.ahead.total_seconds()), news.at
    row.ahead_s = max(row.ahead_s, round(news.highest.total_seconds()))
    row.behind_s = max(row.behind_s, -round(news.lowest.total_seconds()))
    row.jumps, row.refused = row.jumps + news.jumps, row.refused + news.refused
    return True


def _judge(rows: list[GatewayClock], news: Mapping[str, Measured]) -> None:
    """Open and close findings, by the rules of the enterprise's place."""
    if not rows:
        return
    rules = locality.rules_of({row.enterprise for row in rows}, civil_day(max(each.at for each in news.values())))
    for row in rows:
        gateway: Gateway = row.gateway
        code, at, rule = gateway.enterprise.code, news[gateway.code].at, rules[row.enterprise_id]
        subject = f"clock:{gateway.code}"
        if row.suspect_since is None:
            closed(kinds.DATA_FAULT, subject=subject, enterprise_code=code, at=at)
            continue
        offset = Offset(row.ahead_s, row.behind_s, row.jumps, row.refused)
        lasted = at - row.suspect_since
        if offset.is_fault(lasted, rule.length("data_delay_seconds"), rule.length("data_delay_minutes")):
            found(
                kinds.DATA_FAULT, enterprise=row.enterprise, subject=subject,
                text=f"网关 {gateway.code} {words(offset)}", at=at,
            )  # fmt: skip
