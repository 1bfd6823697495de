"""Signs of life of gateways, and their outages (MON-04).

A gateway is offline after a set silence, dated back to its last datum. The silence is counted on receive time: what a
gateway says about its own clock proves nothing about its link. A receipt that lies in the future was stamped while our
own clock stood ahead: it proves nothing either, and gives way to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from anlan.apps.delivery.services import hint
from anlan.apps.gateways.models import GatewayLink, OfflineSpell
from anlan.apps.gateways.services import lost_links
from anlan.apps.gateways.services.clocks import Measured, record_clocks, suspects
from anlan.apps.journal import services as journal
from anlan.apps.registry.models import Enterprise, Gateway
from anlan.apps.registry.selectors import equipment, locality
from anlan.apps.rulebook import selectors as rulebook
from anlan.database import bulk
from anlan.database.chunks import chunks
from anlan.now import AHEAD_AFTER, is_ahead
from anlan.rules.calendar import civil_day
from anlan.rules.online import is_silent
from anlan.stream.partition import partition_of

_KEPT = ["last_received_at", "last_sampled_at", "source_connected", "online"]


@dataclass(frozen=True)
class Sign:
    """The newest datum of a gateway: when it came, when it was sampled, whether its own link to the plant stands."""

    gateway: str
    received_at: datetime
    sampled_at: datetime
    source_connected: bool = True
    clock: Measured | None = None
    """What its packets said of its clock since the last sign, where that was doubtful."""


def silence_limits(enterprises: Iterable[Enterprise], at: datetime) -> dict[int, timedelta]:
    """How long a silence makes a gateway offline, by the key of each enterprise (``supervisor`` joined).

    A local setting of the enterprise's place (``offline_minutes``), 30 minutes as shipped.
    """
    rules = locality.rules_of(enterprises, civil_day(at))
    return {pk: found.minutes("offline_minutes") for pk, found in rules.items()}


def shortest_silence(at: datetime) -> timedelta:
    """The shortest silence that makes a gateway offline anywhere."""
    return timedelta(
        minutes=min(int(str(value)) for value in rulebook.values_anywhere("offline_minutes", civil_day(at)))
    )


@transaction.atomic
def record_signs(signs: Collection[Sign], now: datetime | None = None, listening: datetime | None = None) -> int:
    """Note the newest signs of life; an outage that is open ends with the datum's receipt. Returns changed links.

    An older sign than the one on record changes nothing, so a replay is harmless; unless what is on record is later
    than ``now`` can explain (None: whatever it is). A silence that was longer than the limit but never swept (the
    engine was down) is recorded as the outage it was; not when the gateway's own times go on without a gap: then our
    clock was set; and only from ``listening`` on, since when anybody could be heard at all.
    """
    if not signs:
        return 0
    newest = {sign.gateway: sign for sign in sorted(signs, key=lambda sign: sign.received_at)}
    changed: list[GatewayLink] = []
    usual = _note_usual(newest)
    for codes in chunks(sorted(newest.keys() - usual)):
        gateways = list(equipment.gateways_with(codes).select_related("enterprise__supervisor", "link"))
        limits = silence_limits({gateway.enterprise for gateway in gateways}, max(newest[c].received_at for c in codes))
        for gateway in gateways:
            link = getattr(gateway, "link", None) or GatewayLink(gateway=gateway, enterprise_id=gateway.enterprise_id)
            if _note(link, gateway, newest[gateway.code], limits[gateway.enterprise_id], now, listening):
                changed.append(link)
    GatewayLink.objects.bulk_create(
        changed, batch_size=100, update_conflicts=True, unique_fields=["gateway"], update_fields=_KEPT
    )
    _record_clocks(newest.values(), now)
    return len(changed) + len(usual)


def _note_usual(newest: Mapping[str, Sign]) -> set[str]:
    """Note the signs by which nothing changes but the instants; returns their gateways. Nearly all are of this kind."""
    found: set[str] = set()
    rows: list[tuple[int, datetime, datetime]] = []
    if not newest:
        return found
    near = shortest_silence(max(sign.received_at for sign in newest.values()))
    for codes in chunks(sorted(newest)):
        known = GatewayLink.objects.by_the_machine().filter(gateway__code__in=codes, online=True)
        for code, pk, received, sampled, connected in known.values_list(
            "gateway__code", "pk", "last_received_at", "last_sampled_at", "source_connected"
        ):
            sign = newest[code]
            if received and received < sign.received_at < received + near and connected == sign.source_connected:
                found.add(code)
                rows.append((pk, sign.received_at, max(filter(None, (sampled, sign.sampled_at)))))
    bulk.update(GatewayLink, ["last_received_at", "last_sampled_at"], rows)
    return found


def _record_clocks(signs: Iterable[Sign], now: datetime | None) -> None:
    doubted = suspects()
    honest = (Measured(sign.gateway, sign.received_at) for sign in signs if sign.gateway in doubted and not sign.clock)
    if measured := [*(sign.clock for sign in signs if sign.clock), *honest]:
        record_clocks(measured, now)


def _note(
    link: GatewayLink, gateway: Gateway, sign: Sign, limit: timedelta, now: datetime | None, listening: datetime | None
) -> bool:
    before = (link.online, link.source_connected)
    last, sampled = link.last_received_at, link.last_sampled_at
    if last is not None and now is not None and is_ahead(last, now):
        last = min(sign.received_at - timedelta.resolution, sampled or sign.received_at)
    if last is not None and sign.received_at <= last:
        return False
    if not link.online and last is not None:
        ended = OfflineSpell.objects.by_the_machine().filter(gateway=gateway, ended_at__isnull=True)
        ended.update(ended_at=sign.received_at)
        lost_links.back(gateway, sign.received_at)
    elif (
        last is not None
        and is_silent(silent := _silent_since(last, sign, listening), sign.received_at, limit)
        and is_silent(sampled or last, sign.sampled_at, limit)
    ):
        OfflineSpell.objects.get_or_create(
            gateway=gateway,
            started_at=silent,
            defaults={
                "enterprise_id": gateway.enterprise_id,
                "detected_at": sign.received_at,
                "ended_at": sign.received_at,
            },
        )
    link.last_received_at = sign.received_at
    link.last_sampled_at = max(filter(None, (link.last_sampled_at, sign.sampled_at)))
    link.source_connected, link.online = sign.source_connected, True
    if before != (True, sign.source_connected):
        hint("gateway", gateway.enterprise.code, id=gateway.code, kind="online")
    return True


def _silent_since(last: datetime, sign: Sign, listening: datetime | None) -> datetime:
    """Since when the silence that ``sign`` ends was the gateway's own."""
    return listening if listening is not None and last < listening <= sign.received_at else last


def _doubt_the_future(now: datetime) -> None:
    """Receipts that lie in the future give way to what the gateway itself said of its newest datum: a link that has
    been silent since then is found like any other."""
    ahead = GatewayLink.objects.by_the_machine().filter(last_received_at__gt=now + AHEAD_AFTER)
    rows = [(pk, min(sampled or now, now)) for pk, sampled in ahead.values_list("pk", "last_sampled_at")]
    if rows:
        bulk.update(GatewayLink, ["last_received_at"], rows)


MOST_AT_ONCE = 100
"""Outages that one sweep declares; when a whole region falls silent, alarms are committed between two sweeps."""


@transaction.atomic
def sweep_links(
    now: datetime,
    partitions: Collection[int] | None = None,
    heard: Collection[str] = (),
    listening: datetime | None = None,
) -> int:
    """Declare gateways offline whose last datum is as old as the limit; returns how many went offline just now.

    ``partitions``: only gateways of enterprises in these, None for all; of the others the caller knows nothing.
    ``heard``: gateways of which a sign of life came that is not on record yet. ``listening``: since when anybody could
    be heard at all; a silence has to last for the limit from then, or it may be ours.

    The outage begins at the last datum (or at ``listening``), not at its discovery; it is a finding too unless a
    confirmed filing explains it. Two sweepers at once open one outage (unique row). At most `MOST_AT_ONCE` at a time:
    when so many were declared, sweep again.
    """
    _doubt_the_future(now)
    silent = GatewayLink.objects.by_the_machine().filter(online=True, last_received_at__lte=now - shortest_silence(now))
    count = 0
    if not silent.exists():  # as nearly always: a look at all that belongs to a link costs ten times as much
        return 0
    found_silent = list(silent.select_related("gateway__enterprise", "enterprise__supervisor").order_by("pk"))
    if partitions is not None:
        found_silent = [link for link in found_silent if partition_of(link.enterprise.code) in partitions]
    found_silent = [link for link in found_silent if link.gateway.code not in heard]
    limits = silence_limits({link.enterprise for link in found_silent}, now)
    found_silent = [
        link
        for link in found_silent
        if link.last_received_at is not None and is_silent(link.last_received_at, now, limits[link.enterprise_id])
    ]
    if listening is not None:
        found_silent = [link for link in found_silent if listening <= now - limits[link.enterprise_id]]
    del found_silent[MOST_AT_ONCE:]
    journal.hold({f"enterprise:{link.enterprise.code}" for link in found_silent})
    filed = lost_links.explained([link.gateway for link in found_silent], now) if found_silent else set()
    for link in found_silent:
        claimed = (
            GatewayLink.objects.by_the_machine()
            .filter(pk=link.pk, online=True, last_received_at=link.last_received_at)
            .update(online=False)
        )
        last = link.last_received_at
        if not claimed or last is None:
            continue
        OfflineSpell.objects.get_or_create(
            gateway=link.gateway,
            started_at=last if listening is None else max(last, listening),
            defaults={"enterprise": link.enterprise, "detected_at": now},
        )
        if link.gateway_id not in filed:
            lost_links.lost(link.gateway, now)
        hint("gateway", link.enterprise.code, id=link.gateway.code, kind="offline")
        count += 1
    return count
