"""The machine's own state: signs of life, what is due and untouched, what waits to be sent, how far the log is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q

from anlan.apps.alarms.models import EnginePosition
from anlan.apps.delivery import selectors as delivery
from anlan.apps.delivery.models import Delivery, DeliveryState
from anlan.apps.delivery.services import title_of
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.gateways.selectors.log_state import LogState, Reader, log_state
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState, Tick
from anlan.apps.org.scope import Scope
from anlan.apps.warnings import kinds
from anlan.rules.clock_offset import length

SILENT_AFTER = timedelta(minutes=5)
"""A sign of life older than this is a fault (SEC-06)."""
UNTOUCHED_AFTER = timedelta(seconds=60)
ALIVE_WITHIN = timedelta(seconds=60)
"""An audit that passed longer ago proves nothing any more: ``/alive`` says so."""
MACHINE_KINDS = (kinds.NOTICE, kinds.SITE_ORDER, kinds.REGRADE, kinds.SUMMARY)
ROLE_WORDS = {
    "clock": "时钟",
    "auditor": "审计",
    "delivery": "投递",
    "engine": "报警引擎",
    "historian": "历史",
    "intake": "接入",
}


@dataclass(frozen=True)
class SignLine:
    """The last sign of life of one process."""

    name: str
    at: datetime
    silent: bool

    @property
    def words(self) -> str:
        """Its name in Chinese; an instance suffix such as ``clock-2`` is kept."""
        role, _, rest = self.name.partition("-")
        return f"{ROLE_WORDS.get(role, role)}{f' {rest}' if rest else ''}"


@dataclass(frozen=True)
class BellLine:
    """One destination of ``ops_alerts``: its channel and masked address, when it took the last letter, what it met."""

    channel: str
    to: str
    taken_at: datetime | None
    error: str
    waiting: bool


@dataclass(frozen=True)
class Storage:
    """Room and copies, as the auditor found them last; None: not known."""

    free_bytes: int | None
    free_share: float | None
    backup_at: str | None
    """As text on the civil clock; 无 when there never was one."""
    backup_age: str | None
    wal_bytes: int | None
    history_bytes: int | None
    records_bytes: int | None
    growth_days: float | None
    growth_bytes_a_day: int | None
    """Of history and records together; None: not watched for long enough."""
    days_left: int | None
    """None: nothing grows, no rate yet, or the databases are not on this disk."""

    @property
    def free_percent(self) -> int | None:
        return None if self.free_share is None else round(self.free_share * 100)


@dataclass(frozen=True)
class LastAudit:
    """What the auditor left at its last look: when all was well last, what is not, and since when."""

    at: datetime
    passed_at: datetime | None
    faults: list[tuple[str, str, datetime]]
    """Words, the records concerned (only for who sees everything), and since when."""
    signal_error: str
    """Why the last call of the dead-man's address was not taken; empty when it was or none is set."""
    silent: bool
    """The auditor itself has not been heard of for `ALIVE_WITHIN`."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What operators should know and yet is no fault: an old backup."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What the audit counted, by name."""
    lines: list[BellLine] = field(default_factory=list)
    """Where faults of the platform are told, and how that went."""

    @property
    def is_well(self) -> bool:
        return not self.faults and not self.silent

    def proves(self, now: datetime) -> bool:
        """Whether all was well lately."""
        return self.passed_at is not None and abs(now - self.passed_at) <= ALIVE_WITHIN


@dataclass(frozen=True)
class Sending:
    """The outbox: waiting, the oldest of them, and permanently failed in the last day; channels that take nothing."""

    waiting: int
    oldest: datetime | None
    failed: int
    unwell: int


@dataclass(frozen=True)
class Health:
    signs: list[SignLine]
    audit: LastAudit | None
    """None: no auditor has looked yet."""
    untouched: int
    """Steps of the machine that fell due more than `UNTOUCHED_AFTER` ago and were not fired."""
    sending: Sending
    log: LogState | None
    partitions_read: int
    storage: Storage

    @property
    def readers(self) -> list[tuple[str, Reader]]:
        """The log's readers with their names in Chinese."""
        return [(ROLE_WORDS.get(each.name, each.name), each) for each in self.log.readers] if self.log else []

    @property
    def log_fullness(self) -> str:
        return f"{self.log.fullness * 100:.2f}" if self.log else ""


def health(now: datetime) -> Health:
    """Read everything at ``now``: six queries and two questions to the log server."""
    outbox = Delivery.objects.aggregate(
        waiting=Count("pk", filter=Q(state__in=[DeliveryState.QUEUED, DeliveryState.SENDING])),
        failed=Count("pk", filter=Q(state=DeliveryState.FAILED, message__notice__sent_at__gte=now - timedelta(days=1))),
        oldest=Min("message__notice__sent_at", filter=Q(state__in=[DeliveryState.QUEUED, DeliveryState.SENDING])),
    )
    due = Obligation.objects.by_the_machine().filter(
        state=ObligationState.PENDING, kind__in=MACHINE_KINDS, due_at__lt=now - UNTOUCHED_AFTER
    )
    ticks = list(Tick.objects.order_by("name"))
    audit = _audit(ticks, now)
    return Health(
        signs=[SignLine(tick.name, tick.at, abs(now - tick.at) > SILENT_AFTER) for tick in ticks],
        audit=audit,
        untouched=due.count(),
        sending=Sending(outbox["waiting"], outbox["oldest"], outbox["failed"], len(delivery.unwell_channels())),
        log=log_state(),
        partitions_read=EnginePosition.objects.filter(seq__gt=0).count(),
        storage=_storage(audit.figures if audit else {}),
    )


def _storage(figures: Mapping[str, Any]) -> Storage:
    age = figures.get("backup_age_s")
    return Storage(
        free_bytes=figures.get("free_bytes"),
        free_share=figures.get("free_share"),
        backup_at=figures.get("backup_at"),
        backup_age=None if age is None else length(max(0, int(age))),
        wal_bytes=figures.get("wal_bytes"),
        history_bytes=figures.get("history_bytes"),
        records_bytes=figures.get("records_bytes"),
        growth_days=figures.get("growth_days"),
        growth_bytes_a_day=figures.get("growth_bytes_a_day"),
        days_left=figures.get("days_left"),
    )


def last_audit(now: datetime) -> LastAudit | None:
    """The newest look of an auditor; None when there was none. Of several who look, one who found fault speaks."""
    return _audit(obligations.signs_of("auditor"), now)


def _audit(ticks: Iterable[Tick], now: datetime) -> LastAudit | None:
    auditors = [tick for tick in ticks if tick.name.partition("-")[0] == "auditor"]
    newest = max(
        auditors,
        key=lambda tick: (abs(now - tick.at) <= ALIVE_WITHIN, bool(tick.detail.get("faults")), tick.at),
        default=None,
    )
    if newest is None:
        return None
    detail = newest.detail
    passed = detail.get("passed_at")
    return LastAudit(
        at=newest.at,
        passed_at=datetime.fromisoformat(passed) if passed else None,
        faults=[
            (each["text"], each.get("detail", ""), datetime.fromisoformat(each["since"]))
            for each in detail.get("faults", [])
        ],
        signal_error=detail.get("signal_error", ""),
        silent=abs(now - newest.at) > ALIVE_WITHIN,
        notes=[(each["text"], each.get("detail", "")) for each in detail.get("notes", [])],
        figures=detail.get("figures", {}),
        lines=[_line(each) for each in detail.get("bell", {}).get("lines", [])],
    )


def _line(told: Mapping[str, Any]) -> BellLine:
    taken = told["taken_at"]
    return BellLine(
        channel=title_of(told["channel"]),
        to=told["to"],
        taken_at=datetime.fromisoformat(taken) if taken else None,
        error=told["error"],
        waiting=told["waiting"],
    )


def links_in(scope: Scope) -> dict[str, int]:
    """How many gateways of the scope are online and how many are not."""
    counted = GatewayLink.objects.visible_to(scope).aggregate(
        up=Count("pk", filter=Q(online=True)), down=Count("pk", filter=Q(online=False))
    )
    return {"online": counted["up"], "offline": counted["down"]}
