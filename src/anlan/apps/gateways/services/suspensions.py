"""Pauses of a gateway's intake: begun by the intake, over by themselves, lifted early by a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.delivery.services import hint
from anlan.apps.findings.services import found
from anlan.apps.gateways import kinds
from anlan.apps.gateways.entitled import may_lift_suspension
from anlan.apps.gateways.models import Suspension
from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.stand import Stand
from anlan.apps.registry.selectors import equipment


@dataclass(frozen=True)
class Pause:
    """Most of what a gateway sent was refused: of ``packets``, ``refused``, mostly for ``reason``."""

    gateway: str
    started_at: datetime
    until: datetime
    packets: int
    refused: int
    reason: str


@transaction.atomic
def record_pauses(pauses: Iterable[Pause]) -> int:
    """Write pauses down; returns how many were new. A pause that is there already (same gateway and start) stays.

    Each is a finding of data quality at its enterprise as well: somebody has to look after that gateway.
    """
    count = 0
    asked = list(pauses)
    gateways = {row.code: row for row in equipment.gateways_with({pause.gateway for pause in asked})}
    journal.hold({f"enterprise:{gateway.enterprise.code}" for gateway in gateways.values()})
    for pause in asked:
        gateway = gateways.get(pause.gateway)
        if gateway is None:
            continue
        _, made = Suspension.objects.by_the_machine().get_or_create(
            gateway=gateway,
            started_at=pause.started_at,
            defaults={
                "enterprise_id": gateway.enterprise_id,
                "until": pause.until,
                "packets": pause.packets,
                "refused": pause.refused,
                "reason": pause.reason,
            },
        )
        if made:
            count += 1
            found(
                kinds.DATA_FAULT,
                enterprise=gateway.enterprise,
                subject=f"gateway:{gateway.code}:refused",
                text=f"网关 {gateway.code} 送来的 {pause.packets} 个报文中 {pause.refused} 个被拒，已暂停接收",
                at=pause.started_at,
            )
            hint("gateway", gateway.enterprise.code, id=gateway.code, kind="suspended")
    return count


def pauses_in_force(at: datetime) -> dict[str, datetime]:
    """Gateways whose intake is paused at ``at``, until when. Machine's own read."""
    rows = Suspension.objects.by_the_machine().filter(until__gt=at, lifted_at__isnull=True).order_by("until")
    return dict(rows.values_list("gateway__code", "until"))


def lift_suspension(suspension: Suspension, *, by: Stand, at: datetime) -> bool:
    """Take a gateway's data again before its pause is over; False when it was over or lifted already. Journaled.

    PermissionDenied (journaled) for whoever acts neither for an agency above the enterprise nor for the installation.
    """
    require(may_lift_suspension(by, suspension), suspension, by=by, words=_("暂停接收由监管部门或系统管理员提前恢复。"))
    name = by.actor.name[:60]
    with transaction.atomic():
        chain = f"enterprise:{suspension.enterprise.code}"
        journal.hold([chain])
        mine = Suspension.objects.by_the_machine().filter(pk=suspension.pk, lifted_at__isnull=True, until__gt=at)
        if not mine.update(lifted_at=at, lifted_by=name):
            return False
        journal.record(
            chain,
            "intake.resumed",
            at=at,
            actor=by.actor.id,
            subject=f"gateway:{suspension.gateway.code}",
            before={"lifted_at": None},
            after={"lifted_at": at, "lifted_by": name},
        )
        hint("gateway", suspension.enterprise.code, id=suspension.gateway.code, kind="resumed")
    return True
