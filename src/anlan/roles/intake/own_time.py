"""Whether the intake's own clock may be the one that is wrong, when packets seem to come from another time.

A packet from the future, or from another age, is refused, and a refused packet is dropped by who sent it. Where it may
be our clock that is wrong, honest data would be lost for good: then nothing is refused for it, the sender keeps it and
comes again. Three things speak against our clock: several gateways at once, more than half of those heard from the
future or all of them from another age (some have no battery, which is common); a record of our own that is later
than the present; having been set lately. Moments are those of a steady clock, in seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from anlan.now import Clock, is_ahead
from anlan.process.own_clock import CHECK_THE_CLOCK, ClockWatch
from anlan.rules.clock_offset import length

HEARD_S = 300.0
"""What gateways say of our clock is counted anew after so long; the verdict of the time before holds as long."""
SET_S = 3600.0
LEAST = 2
"""One gateway alone may just as well be wrong itself."""


class OwnTime:
    """Told of every packet's time; asked when one would be refused for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._watch = clock, ClockWatch()
        self._begun = clock.monotonic()
        self._ahead: set[str] = set()
        self._old: set[str] = set()
        self._right: set[str] = set()
        self._before = False
        self._known: datetime | None = None
        self._set_by = 0.0
        self._set_at = float("-inf")

    def recorded(self, newest: datetime | None) -> None:
        """The newest instant that our own log holds."""
        self._known = newest

    def look(self) -> None:
        """Call it every few seconds: whether the wall clock was set since."""
        if moved := self._watch.moved(self._clock.now(), self._clock.monotonic()):
            self._set_by, self._set_at = moved, self._clock.monotonic()

    def agrees(self, gateway: str) -> None:
        """A live packet of the gateway came at its time."""
        self._turn()
        self._put(gateway, self._right)

    def differs(self, gateway: str, *, ahead: bool) -> None:
        """A packet of the gateway is to be refused for its time: ``ahead`` of ours, or too old."""
        self._turn()
        self._put(gateway, self._ahead if ahead else self._old)

    def doubt(self) -> str:
        """Why our clock is in doubt and what to do about it, in Chinese; empty while nothing speaks against it."""
        self._turn()
        reasons = []
        if self._known is not None and is_ahead(self._known, now := self._clock.now()):
            late = length(round((self._known - now).total_seconds()))
            reasons.append(_("日志里最新的一条在 %(by)s之后") % {"by": late})
        if self._clock.monotonic() - self._set_at < SET_S:
            way = _("向前") if self._set_by > 0 else _("向后")
            by = length(round(abs(timedelta(seconds=self._set_by)).total_seconds()))
            reasons.append(_("本机时钟刚%(way)s拨了 %(by)s") % {"way": way, "by": by})
        if self._most_differ():
            apart, heard = len(self._ahead) or len(self._old), len(self._ahead | self._old | self._right)
            reasons.append(_("%(n)s/%(all)s 个网关的时间都与本机相差太远") % {"n": apart, "all": heard})
        elif self._before:
            reasons.append(_("刚才多数网关的时间都与本机相差太远"))
        if not reasons:
            return ""
        text = _("接入的本机时钟可疑（%(why)s）：时间相差太远的报文暂不收下，网关会保留重发。%(do)s")
        return text % {"why": "；".join(reasons), "do": CHECK_THE_CLOCK}

    def _most_differ(self) -> bool:
        ahead, old, right = len(self._ahead), len(self._old), len(self._right)
        return (ahead >= LEAST and ahead > old + right) or (old >= LEAST and not ahead + right)

    def _put(self, gateway: str, where: set[str]) -> None:
        for each in (self._ahead, self._old, self._right):
            each.discard(gateway)
        where.add(gateway)

    def _turn(self) -> None:
        moment = self._clock.monotonic()
        if moment - self._begun >= HEARD_S:
            self._before, self._begun = self._most_differ(), moment
            self._ahead, self._old, self._right = set(), set(), set()
