"""Ending tasks for certain.

One cancellation is not enough on Python 3.11: ``asyncio.wait_for``, ours or a library's, loses it when its inner work
ends in the same turn, and a loop then goes on for ever. So a task is cancelled until it has ended. Nothing here may
wait for a task that was not cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_AGAIN_SECONDS = 0.2

logger = logging.getLogger(__name__)
T = TypeVar("T")


async def end(tasks: Iterable[asyncio.Task[Any]]) -> list[Exception]:
    """Cancel tasks until all have ended; returns the errors that any of them ended with, in their order."""
    all_tasks = list(tasks)
    running = {task for task in all_tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_SECONDS)
    errors = [task.exception() for task in all_tasks if not task.cancelled()]
    return [error for error in errors if isinstance(error, Exception)]


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Do ``work`` as the whole of a loop: when it is done, or failed, whatever it left running is ended.

    The loop's own ending cancels what is left only once and waits for it without a limit; a connection to a log server
    that is away could then keep the process for ever.
    """
    try:
        return await work
    finally:
        for error in await end(asyncio.all_tasks() - {asyncio.current_task()}):
            logger.warning("left running, ended with %s: %s", type(error).__name__, error)
