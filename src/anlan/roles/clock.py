"""``anlan clock``: fires what is due, catches up after outages. Several may run; each due row fires once.

It holds nothing in memory: killed at any instant, the next look (its own after a restart, or another clock's) finds
what is still due. Must never decide what a step means; that is the handlers' business.
"""

from __future__ import annotations

import gc
import logging

from django.db import DatabaseError

from anlan import config as settings
from anlan.now import Clock, SystemClock, monotonic
from anlan.process import django, metrics
from anlan.process.life import Leaving, begin, instance_of
from anlan.process.places import announce
from anlan.process.single_instance import sign_name
from anlan.process.worker import give_up_broken, is_shared, let_go_when_frozen, say_failed

log = logging.getLogger(__name__)

SIGN_EVERY_S = 5.0
"""How often the clock signs that it is alive; each sign is a write."""
FORGET_EVERY_S = 3600.0
"""How often it looks for signs of clocks that were taken away."""
AT_MOST = 1000
"""Rows of one look, one batch of the service: with thousands due at once what is sent last does not bear the time of
what was sent first, and the clock still signs between its looks and is not taken for dead."""


def look(clock: Clock, name: str = "clock") -> int | None:
    """One look: fire what is due now. None when the database did not answer; it is asked again at the next look."""
    from anlan.apps.obligations import services as obligations

    try:
        now = clock.now()
        fired = obligations.run_due(now, AT_MOST, share=obligations.share_of(name, now), clock=clock)
    except DatabaseError as error:
        say_failed(log, "the database did not answer the clock", error)
        give_up_broken()
        return None
    if fired:
        log.info("fired %d due obligations", fired)
    return fired


def pause(clock: Clock, longest_s: float) -> float:
    """Seconds until the next look: until something is due, but no longer than ``longest_s``, for what is yet to be
    planned; what is overdue and was not fired waits as long."""
    from anlan.apps.obligations import services as obligations

    try:
        due = obligations.soonest_due()
    except DatabaseError as error:
        say_failed(log, "the database did not answer the clock", error)
        give_up_broken()
        return longest_s
    ahead = longest_s if due is None else (due - clock.now()).total_seconds()
    return min(ahead, longest_s) if ahead > 0 else longest_s


def sign(clock: Clock, name: str) -> None:
    """Leave a sign of life. A database that does not answer keeps it from being left, which is the truth."""
    from anlan.apps.obligations import services as obligations

    try:
        obligations.tick(name, clock.now())
    except DatabaseError as error:
        say_failed(log, "no sign of life could be left", error)
        give_up_broken()


def forget(clock: Clock) -> None:
    """Forget the signs of clocks that were taken away; what the database does not answer is left for the next time."""
    from anlan.apps.obligations import services as obligations

    try:
        obligations.forget("clock", clock.now())
    except DatabaseError as error:
        say_failed(log, "clocks that were taken away are not forgotten", error)
        give_up_broken()


def work(config: settings.Config, leaving: Leaving, clock: Clock, name: str = "clock", instance: str = "clock") -> None:
    """Look and sign as ``name`` until asked to leave; without a pause while more is due than one look may fire.

    ``instance``: what the process is called on its data directory.
    """
    next_sign = next_forget = monotonic()
    announced = False
    figures = {"clock_fired_total": 0.0, "clock_looked_seconds": 0.0}
    while True:
        fired = look(clock, name)
        if fired is not None:
            figures["clock_fired_total"] += fired
            figures["clock_looked_seconds"] = clock.now().timestamp()
        if fired is not None and monotonic() >= next_sign:
            sign(clock, name)
            next_sign = monotonic() + SIGN_EVERY_S
        if fired is not None and monotonic() >= next_forget:
            forget(clock)
            next_forget = monotonic() + FORGET_EVERY_S
        if not announced:
            announce(config, instance, metrics=metrics.serve(config, "clock", lambda: figures, instance))
            announced = True
        busy = fired is not None and fired >= AT_MOST
        if leaving.wait(0 if busy else pause(clock, config.clock_scan_seconds)):
            return


def settle_memory() -> None:
    """Keep the collector from walking again and again through everything that was loaded at the start, and through the
    rows of a batch while it is being made: a pause in the middle of a look costs as much as a hundred steps."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. ``arguments``: an optional name (``clock-b``), when several clocks run.

    They share what is due by the names they sign under, so those of several hosts must differ.
    """
    instance = instance_of("clock", arguments)
    leaving = begin(instance)
    django.start()
    let_go_when_frozen()
    from anlan.apps.alarms.services import ensure_watching
    from anlan.apps.delivery.services import connect
    from anlan.apps.obligations.services.duties import ensure_planned
    from anlan.apps.warnings.services import ensure_supervision

    connect()
    ensure_supervision(SystemClock().now())
    ensure_watching(SystemClock().now())
    ensure_planned(SystemClock().now())
    settle_memory()
    config = settings.load()
    work(config, leaving, SystemClock(), sign_name(config, instance) if is_shared() else instance, instance)
    return 0
