"""What the intake finds wrong with its own work, every few seconds, and its sign of life that carries it."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from anlan.apps.alarms.models import EnginePosition, EngineWorker
from anlan.apps.obligations import services as obligations
from anlan.database.leases import elsewhere
from anlan.now import Clock
from anlan.process.own_faults import OwnFaults
from anlan.process.worker import say_failed
from anlan.roles.intake.application import Application

SPLIT_S = 30.0
"""A log that was made anew is taken up by its readers within seconds; what lasts so long is another one (本地设定)."""

logger = logging.getLogger(__name__)


class SelfCheck:
    """``look`` in a thread that may wait for the database; it never raises for one that does not answer."""

    def __init__(self, application: Application, name: str, clock: Clock) -> None:
        self._application, self._name, self._clock = application, name, clock
        self._own = OwnFaults()
        self._split_since: float | None = None

    def look(self, log: str) -> None:
        """``log``: which log the intake writes to; empty while that is not known."""
        now = self._clock.now()
        try:
            self._time()
            self._log(log)
            obligations.tick(self._name, now, own=self._own.detail(now))
        except Exception as error:  # noqa: BLE001  # said whole unless it passes by itself
            # whatever the database says, packets are taken in as before
            say_failed(logger, "the intake could not look at itself", error)

    def _time(self) -> None:
        self._application.own_time.look()
        doubt = self._application.own_time.doubt()
        if doubt:
            self._own.found("intake_clock_doubt", doubt, self._clock.now())
        else:
            self._own.over("intake_clock_doubt")

    def _log(self, log: str) -> None:
        """What engines of another host read from a log of their own, nobody would read from ours."""
        found = elsewhere(EnginePosition, EngineWorker, log) if log else set()
        moment = self._clock.monotonic()
        if not found:
            self._split_since, self._application.elsewhere = None, ()
            self._own.over("intake_log_split")
            return
        self._split_since = moment if self._split_since is None else self._split_since
        if moment - self._split_since >= SPLIT_S:
            self._application.elsewhere = found
            text = _(
                "%(n)s/64 个分区由另一台主机的引擎读它自己的日志，写入本机日志的数据没有人读，"
                "暂不接收，网关会保留重发。几台主机共用一个数据库时，必须共用一个日志：请把 nats_url 设成同一个"
            )
            self._own.found("intake_log_split", text % {"n": len(found)}, self._clock.now())
