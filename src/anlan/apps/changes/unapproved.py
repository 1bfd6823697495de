"""A limit that an enterprise's own system shows and nobody approved is told: a finding and a clue, in the transaction
in which it came (数据质量管理办法 第八条; that a limit counts as what must not be altered is a reading, 本地设定).

The platform goes on judging by what was approved. A clue is no proof: whoever looks into it decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import isclose

from anlan.apps.alarms.models import Alarm
from anlan.apps.changes import kinds
from anlan.apps.changes.models import ChangeRequest, ChangeState
from anlan.apps.findings import services as findings
from anlan.apps.findings.selectors import evidence_of
from anlan.apps.org.actor import SYSTEM
from anlan.apps.registry.selectors.revisions import settings_between
from anlan.rules.loosening import LOCAL, Watched, loosened

NAMES = {"H": ("h", "高限"), "HH": ("hh", "高高限"), "L": ("l", "低限"), "LL": ("ll", "低低限")}
NEAR = 1e-6
"""Numbers that came through 32 bits are the same ones."""


def look_at_limits(alarms: Iterable[Alarm], now: datetime) -> None:
    """Hold the limits that an enterprise's system told with its alarms against those that held when these began.

    ``alarms`` with point, gateway and enterprise. Told again while the finding is open: it counts up, and only another
    number is another clue.
    """
    told = [alarm for alarm in alarms if alarm.limit is not None and alarm.level in NAMES]
    if not told:
        return
    begin, end = min(alarm.started_at for alarm in told), now
    held = settings_between({alarm.point for alarm in told}, begin, max(end, begin))
    for alarm in told:
        name, title = NAMES[alarm.level]
        settings = [each for each in held[alarm.point.code] if each.since is None or each.since <= alarm.changed_at]
        approved = settings[-1].values.get(name)
        # vendors send the limit of the level that an alarm began with, or of the one it has
        side = [settings[-1].values.get(NAMES[level][0]) for level in NAMES if level[0] == alarm.level[0]]
        if approved is None or alarm.limit is None or any(_same(each, alarm.limit) for each in side):
            continue
        _tell(alarm, name, title, approved, now)


def _same(approved: float | None, told: float) -> bool:
    return approved is not None and isclose(approved, told, rel_tol=NEAR, abs_tol=NEAR)


def _tell(alarm: Alarm, name: str, title: str, approved: float, now: datetime) -> None:
    point, enterprise = alarm.point, alarm.enterprise
    actor = f"gateway:{point.gateway.code}"
    text = f"点位 {point.tag}：{title} {approved:g} → {alarm.limit:g} {point.unit}，由网关 {point.gateway.code} 报来"
    refused = _refused(enterprise.pk, point.code, name, alarm.limit)
    text += f"；申请 {refused.number} 未获批准" if refused else "；没有批准的变更"
    finding = findings.found(
        kinds.UNAPPROVED, enterprise=enterprise, subject=f"point:{point.code}/{name}", text=text, at=now,
        source_id=point.source_id,
    )  # fmt: skip
    evidence = {
        "record": f"point:{point.code}", "enterprise": enterprise.code, "actor": actor, "field": name,
        "before": approved, "after": alarm.limit, "request": refused.about if refused else "",
    }  # fmt: skip
    if alarm.limit in {each.get("after") for each in evidence_of(finding)}:
        return
    less = loosened(Watched.POINT, {name: approved}, {name: alarm.limit})
    findings.take_down(
        kinds.UNAPPROVED_CLUE, finding=finding, enterprise_code=enterprise.code, text=text,
        label=LOCAL, evidence={**evidence, "alarm": alarm.pk, "at": now, "loosens": bool(less)},
        at=now, by=SYSTEM,
    )  # fmt: skip


def _refused(enterprise_id: int, code: str, name: str, value: float | None) -> ChangeRequest | None:
    """The newest request for just this that was not granted."""
    rows = ChangeRequest.objects.by_the_machine().filter(enterprise=enterprise_id).exclude(state=ChangeState.APPROVED)
    for request in rows.order_by("-asked_at")[:50]:
        if any(row["code"] == code and row["after"].get(name) == value for row in request.rows):
            return request
    return None
