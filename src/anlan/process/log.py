"""How a role comes to the log: patiently, and with the one layout that all of them agree on."""

from __future__ import annotations

import asyncio
import logging

from django.db import DatabaseError

from anlan.config import Config
from anlan.credentials import user_of
from anlan.process.life import Leaving
from anlan.stream.log import Log, LogUnavailable, StreamLayout

logger = logging.getLogger(__name__)

ATTEMPT_S = 2.0
"""One attempt to connect; between two of them the role sees that it was asked to leave."""


def layout(config: Config) -> StreamLayout:
    """The stream of samples; a tenth of the log server's room is left for its own bookkeeping."""
    return StreamLayout(max_bytes=int(config.log_max_gib * 1024**3 * 0.9), replicas=config.nats_replicas)


async def _newest_number() -> int:
    """What the databases know of earlier logs; asked once, by whoever makes the stream."""
    from anlan.apps.gateways.selectors.log_state import newest_number
    from anlan.process.worker import close_all

    def ask() -> int:
        try:
            return newest_number()
        except DatabaseError as error:
            raise LogUnavailable(f"the log is not made before the database answers: {error}") from error
        finally:
            close_all()

    return await asyncio.to_thread(ask)


async def open_log(config: Config, role: str, leaving: Leaving) -> Log | None:
    """The log with its stream, as soon as a server is there; None when asked to leave before."""
    while not leaving:
        try:
            url = config.log_address(config.nats_url, user_of(role))
            log = await Log.connect(url, layout=layout(config), name=f"anlan-{role}", timeout=ATTEMPT_S)
        except LogUnavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(0.5)
            continue
        try:
            await log.ensure(_newest_number)
        except LogUnavailable as error:
            logger.warning("%s", error)
            await log.close()
            await asyncio.sleep(0.5)
        else:
            return log
    return None
