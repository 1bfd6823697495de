"""When many alarms of one hazard source are a flood, and when it is over.

No article speaks of floods: all of it is a local setting. A flood is still one warning with one telling at each level;
what it adds is one summary at its end. Must never keep an alarm out of the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from anlan.rules.rulebook import RulesInForce


@dataclass(frozen=True, slots=True)
class FloodRule:
    """So many alarms that began within the window are a flood; so long without a new one, it is over."""

    alarms: int
    window: timedelta
    quiet: timedelta

    @classmethod
    def of(cls, rules: RulesInForce) -> FloodRule:
        """As the rules in force have it (本地设定)."""
        return cls(rules.number("flood_alarms"), rules.minutes("flood_minutes"), rules.minutes("flood_quiet_minutes"))


def flood_since(
    began: Iterable[datetime], now: datetime, rule: FloodRule, told_until: datetime | None
) -> datetime | None:
    """The beginning of the flood that goes on at ``now``; None when there is none.

    ``began``: when each alarm began. ``told_until``: what began until then stands in an earlier summary.
    """
    fresh = [at for at in began if at > now - rule.window and (told_until is None or at > told_until)]
    return min(fresh) if len(fresh) >= rule.alarms else None


def summary_due(since: datetime, newest: datetime, rule: FloodRule) -> datetime:
    """When the summary is due: after the quiet that follows the newest alarm, at the latest a window after the first.

    A flood that never ends is thus told of once in every window.
    """
    return min(newest + rule.quiet, max(since + rule.window, newest))
