"""Trouble that comes again and again is a matter of its own: unstable links and video, points that keep alarming.

What is found here is not settled by the machine's second look: that it is quiet now proves nothing. The enterprise says
what it did, and its county or park verifies it (MON-14, ENT-08).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from anlan.apps.alarms.selectors import frequent_points
from anlan.apps.findings.selectors import open_among
from anlan.apps.findings.services import found
from anlan.apps.gateways.selectors.offline import outages_since
from anlan.apps.quality.kinds import ROOT_CAUSE, UPGRADE
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.rules.calendar import civil_day

WEEK = timedelta(days=7)


def check_repeats(enterprise: Enterprise, now: datetime) -> None:
    """Open what is due of the last seven days. Looked at again while it is open, nothing more."""
    rules = rules_of_one(enterprise, civil_day(now))
    number = outages_since(enterprise, now - WEEK, now)
    subject = f"upgrade:{enterprise.code}"
    if number >= rules.number("upgrade_outages_per_week") and not open_among(UPGRADE, [subject]):
        text = f"监测与视频七天内离线 {number} 次，须升级改造"
        found(UPGRADE, enterprise=enterprise, subject=subject, text=text, at=now)
    least = rules.number("root_cause_alarms")
    frequent = {f"root:{point.code}": (point, times) for point, times in frequent_points(enterprise, now - WEEK, least)}
    known = {row.subject for row in open_among(ROOT_CAUSE, list(frequent))}
    for about, (point, times) in frequent.items():
        if about not in known:
            text = f"{point.tag} {point.name} 七天内报警 {times} 次，须分析原因"
            found(ROOT_CAUSE, enterprise=enterprise, subject=about, text=text, at=now, source_id=point.source_id)
