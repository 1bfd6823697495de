"""Warnings long open, and those that their tracker never opened (WRN-18: 部分预警长时间未处理、未登陆处理).

Must never count a warning as opened because somebody else read it.
"""

from __future__ import annotations

from datetime import datetime

from anlan.rules.level import Level
from anlan.rules.rulebook import RulesInForce


def never_opened(
    level: Level, started_at: datetime, opened_by_tracker_at: datetime | None, now: datetime, rules: RulesInForce
) -> bool:
    """Whether the episode belongs on the list: unopened by its tracker when the local limit of its level is reached.

    The limits (本地设定) default to the first step of each level. One opened late stays on the list, for the fault
    is that it was not opened in time. Blue and no warning have no tracker.
    """
    if level not in (Level.RED, Level.ORANGE, Level.YELLOW):
        return False
    limit = started_at + rules.minutes(f"unopened_{level}_minutes")
    if opened_by_tracker_at is not None:
        return opened_by_tracker_at > limit
    return now >= limit


def long_open(opened_at: datetime, now: datetime, rules: RulesInForce) -> bool:
    """Whether a warning that is still open has been so for the local limit (本地设定) or longer."""
    return now >= opened_at + rules.length("long_open_hours")
