"""Entries of ledgers that the demo world already holds: gauges with their checks, one soon due, one overdue."""

from __future__ import annotations

from datetime import datetime, timedelta

from anlan.apps.ledgers import services
from anlan.apps.ledgers.declared.monitoring_equipment import EQUIPMENT
from anlan.apps.ledgers.declared.risk_log import RISK_LOG
from anlan.apps.ledgers.declared.safety_training import TRAINING
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import at_the_machine
from anlan.apps.registry.models import DutyHolder, Enterprise, EnterpriseKind, Point
from anlan.rules.calendar import civil_day

GAUGES = 5
"""Points of each enterprise that stand in its ledger."""
QUIET = "990122001"
"""The plant that has not kept its log today."""
YEAR = timedelta(days=365)
SORTS = {"WD": "温度", "YL": "压力", "YW": "液位", "QT": "有毒气体"}


def load(now: datetime) -> int:
    """Registers the gauges of every enterprise and the training of its duty holders; returns how many entries."""
    number, actor = 0, Actor("operator:demo", "示例")
    for enterprise in Enterprise.objects.by_the_machine().order_by("code"):
        by = at_the_machine(actor, owner_of(enterprise), now)
        points = Point.objects.by_the_machine().filter(enterprise=enterprise).select_related("source", "device")
        for place, point in enumerate(points.order_by("code")[:GAUGES]):
            # checked once a year: of each plant one is soon due, and of the third one overdue
            ends = civil_day(now) + timedelta(days=(-12 if number == 10 else 18) if place == 0 else 60 + 40 * place)
            typed = {
                "tag": point.tag, "name": f"{point.device.name} {point.name}", "sort": SORTS.get(point.kind, "其他"),
                "source": point.source.code if point.source else "", "checked_on": ends - YEAR, "next_on": ends,
                "checked_by": "示例计量检定所", "maker": "示例仪表厂",
            }  # fmt: skip
            services.add(EQUIPMENT, enterprise, typed, by=by, at=now)
            number += 1
        for post in DutyHolder.objects.by_the_machine().filter(enterprise=enterprise).select_related("person")[:3]:
            typed = {
                "person": post.person.name, "post": post.get_post_display(), "course": "包保责任人轮训",
                "trained_on": civil_day(now) - timedelta(days=90), "hours": 16, "result": "合格",
            }  # fmt: skip
            services.add(TRAINING, enterprise, typed, by=by, at=now)
            number += 1
        if EnterpriseKind.PRODUCTION in enterprise.kinds and enterprise.code != QUIET:
            typed = {
                "day": civil_day(now), "done": "交接班研判、班组巡检、车间与企业研判", "not_done": "无", "risks": "无",
            }  # fmt: skip
            services.add(RISK_LOG, enterprise, typed, by=by, at=now)
            number += 1
    return number
