"""``anlan delivery``: sends what is queued for outside channels. The inbox of the platform needs no sending.

Several may run; each row is claimed with a lease. Killed between sending and recording, a letter goes out twice with
the same key: outside channels are at-least-once, and that is said in the documentation.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError

from anlan import config as settings
from anlan.now import Clock, SystemClock, monotonic
from anlan.process import django, metrics
from anlan.process.life import Leaving, begin, instance_of
from anlan.process.places import announce
from anlan.process.worker import close_all, give_up_broken, let_go_when_frozen, say_failed

log = logging.getLogger(__name__)

PAUSE_S = 1.0
PACED_PAUSE_S = 0.2
"""Between two looks at a channel with a rate: what it allows in a second is spread over the second."""
SIGN_EVERY_S = 5.0
"""How often the delivery signs that it is alive; each sign is a write."""


def look(clock: Clock) -> int:
    """One look at everything: returns how many letters were tried or passed on, 0 when the database does not answer."""
    from anlan.apps.delivery import services as delivery

    return _guarded(lambda: delivery.send_due(delivery.outside(), clock) + delivery.pass_on_stranded(clock.now()))


def _guarded(work: Callable[[], int]) -> int:
    try:
        return work()
    except DatabaseError as error:
        say_failed(log, "the database did not answer the delivery", error)
        give_up_broken()
        return 0


def lane(name: str, channel: Any, leaving: Leaving, clock: Clock) -> None:
    """Send what is queued for one channel until asked to leave, so that a channel that hangs holds up no other one.

    A mistake in here ends the process, loudly: the supervisor starts it again, and the claims run out.
    """
    from anlan.apps.delivery import services as delivery

    pause = PACED_PAUSE_S if channel.rate else PAUSE_S
    try:
        while not leaving:
            if not _guarded(lambda: delivery.send_due({name: channel}, clock)):
                leaving.wait(pause)
    except Exception:
        log.exception("the lane of channel %s ended", name)
        leaving.ask()
        raise
    finally:
        close_all()


def figures() -> dict[str, dict[str, float]]:
    """Letters to outside channels that are not settled, by state, for `anlan.process.metrics`; asked of the records."""
    from anlan.apps.delivery import selectors

    try:
        return {"delivery_letters": dict(selectors.unsettled())}
    finally:
        close_all()


def work(config: settings.Config, leaving: Leaving, clock: Clock, name: str = "delivery") -> None:
    """Run a lane for each channel; meanwhile pass on what no channel leads to, and sign, until asked to leave."""
    from anlan.apps.delivery import services as delivery
    from anlan.apps.obligations import services as obligations

    lanes = [
        threading.Thread(target=lane, args=(each, channel, leaving, clock), name=f"lane-{each}")
        for each, channel in delivery.outside().items()
    ]
    for each in lanes:
        each.start()
    next_sign, announced = monotonic(), False
    while not leaving:
        passed_on = _guarded(lambda: delivery.pass_on_stranded(clock.now()))
        if monotonic() >= next_sign:
            try:
                obligations.tick(name, clock.now())
            except DatabaseError as error:
                say_failed(log, "no sign of life could be left", error)
                give_up_broken()
            next_sign = monotonic() + SIGN_EVERY_S
        if not announced:
            announce(config, name, metrics=metrics.serve(config, "delivery", figures, name))
            announced = True
        if not passed_on:
            leaving.wait(PAUSE_S)
    for each in lanes:
        each.join()


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. ``arguments``: an optional name (``delivery-b``), when several run."""
    instance = instance_of("delivery", arguments)
    leaving = begin(instance)
    django.start()
    let_go_when_frozen()
    from anlan.apps.delivery import services as delivery

    delivery.connect()
    work(settings.load(), leaving, SystemClock(), instance)
    return 0
