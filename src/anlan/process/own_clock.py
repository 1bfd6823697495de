"""Our own wall clock, held against what cannot be set: a steady clock, and all gateways at once; words for either."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan.rules.calendar import civil
from anlan.rules.clock_offset import length

SET_AFTER_S = 10.0
"""Between two looks the wall clock may move by so much more or less than a steady one: else it was set (本地设定)."""
SET_SHOWN_FOR = timedelta(hours=1)
CHECK_THE_CLOCK = _lazy("请核对本机时钟与对时服务（chronyc tracking 或 timedatectl）")


class ClockWatch:
    """Whether the wall clock was set since the last look, by a clock that cannot be."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def moved(self, now: datetime, steady_s: float) -> float:
        """By how many seconds the wall clock was set forward (negative: back) since the last look; 0: it was not."""
        before, self._offset = self._offset, now.timestamp() - steady_s
        by = 0.0 if before is None else self._offset - before
        return by if abs(by) > SET_AFTER_S else 0.0


def clock_was_set(by_s: float, now: datetime) -> str:
    """The words for it."""
    way = _("向前") if by_s > 0 else _("向后")
    return _("本机时钟在 %(at)s %(way)s拨了 %(by)s。%(do)s") % {
        "at": f"{civil(now):%Y-%m-%d %H:%M:%S}", "way": way, "by": length(round(abs(by_s))), "do": CHECK_THE_CLOCK,
    }  # fmt: skip


def clock_doubt(ahead_s: float, gateways: int, heard: int) -> str:
    """The words for our own clock standing apart from most gateways at once."""
    way = _("快") if ahead_s > 0 else _("慢")
    return _("%(n)s/%(all)s 个网关的时间同时与本机差了 %(by)s：本机时钟多半%(way)s了，不是网关。%(do)s") % {
        "n": gateways, "all": heard, "by": length(round(abs(ahead_s))), "way": way, "do": CHECK_THE_CLOCK,
    }  # fmt: skip
