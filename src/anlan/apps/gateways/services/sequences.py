"""Writes down which numbers a gateway's packets skipped, and when they came after all (MON-16)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from anlan.apps.alarms.services.alarms import instant
from anlan.apps.delivery.services import hint
from anlan.apps.gateways.models import GatewayLink, SequenceGap
from anlan.apps.registry.models import Gateway
from anlan.apps.registry.selectors import equipment
from anlan.stream.sequence import Gap, Head, News

KEEP_PER_GATEWAY = 500
MOST_GAPS = 50_000


@transaction.atomic
def record_sequences(news: News) -> int:
    """Write heads and gaps; returns the gaps touched. The same news again leaves the same rows.

    Of one gateway so many rows are kept, closed ones giving way first: a sender that numbers wrongly must not fill the
    database.
    """
    codes = news.heads.keys() | news.gaps.keys()
    if not codes:
        return 0
    gateways = {row.code: row for row in equipment.gateways_with(codes).select_related("enterprise")}
    GatewayLink.objects.bulk_create(
        [
            GatewayLink(
                gateway=gateways[code],
                enterprise_id=gateways[code].enterprise_id,
                boot=head.boot,
                highest=head.highest,
            )
            for code, head in sorted(news.heads.items())
            if code in gateways
        ],
        batch_size=100,
        update_conflicts=True,
        unique_fields=["gateway"],
        update_fields=["boot", "highest"],
    )
    rows = [_row(gateways[code], gap) for code, gaps in news.gaps.items() if code in gateways for gap in gaps]
    SequenceGap.objects.bulk_create(
        rows,
        batch_size=100,
        update_conflicts=True,
        unique_fields=["gateway", "boot", "first"],
        update_fields=["last", "missing", "numbers", "closed_at"],
    )
    for code in news.gaps.keys() & gateways.keys():
        _bound(gateways[code])
        hint("gateway", gateways[code].enterprise.code, id=code, kind="gap")
    return len(rows)


def known_sequences(gateways: Iterable[str]) -> dict[str, tuple[Head | None, list[Gap]]]:
    """What is on record of those of the gateways that number their packets: head and open gaps. Machine's own read."""
    wanted = list(gateways)
    links = GatewayLink.objects.by_the_machine().filter(gateway__code__in=wanted, highest__isnull=False)
    found: dict[str, tuple[Head | None, list[Gap]]] = {
        code: (Head(boot, highest), [])
        for code, boot, highest in links.values_list("gateway__code", "boot", "highest")
        if highest is not None
    }
    for code, gaps in open_gaps(wanted).items():
        found[code] = (found.get(code, (None, []))[0], gaps)
    return found


def open_gaps(gateways: Iterable[str] | None = None) -> dict[str, list[Gap]]:
    """Open gaps by gateway, oldest first; the newest `MOST_GAPS` of all gateways without ``gateways``.

    Machine's own read.
    """
    rows = SequenceGap.objects.by_the_machine().filter(closed_at__isnull=True).select_related("gateway")
    if gateways is not None:
        rows = rows.filter(gateway__code__in=list(gateways))
    found: dict[str, list[Gap]] = {}
    for row in reversed(rows.order_by("-noticed_at", "-pk")[:MOST_GAPS]):
        found.setdefault(row.gateway.code, []).append(gap_of(row))
    return found


def gap_of(row: SequenceGap) -> Gap:
    """The row as the stream knows it."""
    noticed = round(row.noticed_at.timestamp() * 1_000_000)
    return Gap(row.boot, row.first, row.last, noticed, [(first, last) for first, last in row.missing])


def _row(gateway: Gateway, gap: Gap) -> SequenceGap:
    return SequenceGap(
        gateway=gateway,
        enterprise_id=gateway.enterprise_id,
        boot=gap.boot,
        first=gap.first,
        last=gap.last,
        missing=[list(stretch) for stretch in gap.missing],
        numbers=gap.numbers,
        noticed_at=instant(gap.noticed_us),
        closed_at=instant(gap.closed_us) if gap.closed_us else None,
    )


def _bound(gateway: Gateway) -> None:
    mine = SequenceGap.objects.by_the_machine().filter(gateway=gateway)
    surplus = mine.count() - KEEP_PER_GATEWAY
    if surplus > 0:
        # closed ones first, then the oldest
        closed = list(
            mine.filter(closed_at__isnull=False).order_by("noticed_at").values_list("pk", flat=True)[:surplus]
        )
        rest = mine.filter(closed_at__isnull=True).order_by("noticed_at").values_list("pk", flat=True)
        SequenceGap.objects.by_the_machine().filter(pk__in=[*closed, *rest[: surplus - len(closed)]]).delete()
