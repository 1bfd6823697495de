"""How every part of Anlan connects to the log server: patient, quiet about it, and never giving up.

A server that restarts is met again within a fraction of a second; what could not be sent meanwhile is an error of
the caller's operation, never of the connection.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import datetime

import nats.errors
from nats.aio.client import Client

from anlan.credentials import Target, inbox_of, shown
from anlan.now import SystemClock
from anlan.stream.tasks import end

logger = logging.getLogger(__name__)

FAULTS = (OSError, nats.errors.Error)
"""What the library raises when the server is away, slow or refuses; time-outs are among them."""


_MOST_FORBIDDEN = 50
_warned: set[Target] = set()
_forbidden: dict[str, datetime] = {}


def forbidden() -> dict[str, datetime]:
    """What the log server has forbidden this process to do, and since when: a fault of the product or of its
    configuration, never of the moment. The server tells it aside; whoever asked only sees no answer."""
    return dict(_forbidden)


class LogUnavailable(Exception):
    """The log cannot take or give anything right now; nothing was lost that had been acknowledged. Try again."""


class LogFull(LogUnavailable):
    """The log refuses new messages because its declared size is reached; consumers have to catch up first."""


async def connect(url: str, name: str, timeout: float = 10.0, on_lost: Callable[[], None] | None = None) -> Client:
    """Connect to one server or a comma-separated list (`Target`); `on_lost` is called each time the connection breaks.

    Raises LogUnavailable when none answers within `timeout` seconds.
    """

    client, target = Client(), Target.of(url)
    if target.in_the_clear and target not in _warned:
        _warned.add(target)
        logger.warning("samples and the password of %s go to %s in the clear; use tls://", target.user, shown(url))
    refusal = ""

    async def on_error(error: Exception) -> None:
        nonlocal refusal
        if isinstance(error, ssl.SSLError) or "authorization" in str(error).lower():
            refusal = str(error)  # the attempts that follow may fail with less to say
        if "permissions violation" in str(error).lower():
            if str(error) not in _forbidden and len(_forbidden) < _MOST_FORBIDDEN:
                _forbidden[str(error)] = SystemClock().now()
                logger.error("the log server forbids %s: %s", target.user or name, error)
            return
        # every single attempt to reconnect ends up here; the loss itself has been reported
        logger.debug("log connection %s: %s", name, error or type(error).__name__)

    async def on_disconnect() -> None:
        if client.is_closed:
            return
        logger.warning("log connection %s lost, reconnecting", name)
        if on_lost is not None:
            on_lost()

    async def on_reconnect() -> None:
        logger.info("log connection %s is back", name)

    connecting = asyncio.create_task(
        client.connect(
            servers=list(target.servers),
            name=name,
            user=target.user or None,
            password=target.password or None,
            inbox_prefix=inbox_of(target.user) if target.user else "_INBOX",
            tls=_trusting(target),
            connect_timeout=2,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]  # the library takes fractions, its hint does not
            ping_interval=5,
            max_outstanding_pings=2,
            pending_size=64 * 1024 * 1024,
            error_cb=on_error,
            disconnected_cb=on_disconnect,
            reconnected_cb=on_reconnect,
        )
    )
    there = False
    try:
        await asyncio.wait({connecting}, timeout=timeout)
        there = connecting.done() and not connecting.cancelled() and connecting.exception() is None
    finally:
        # the library tries for ever and may lose a cancellation: neither our deadline nor our caller's may depend on it
        errors = await end([connecting])
        if not there:
            await close(client)
    if errors and not isinstance(errors[0], FAULTS):
        raise errors[0]
    if not there:
        why = refusal or (errors[0] if errors else "no answer in time")
        raise LogUnavailable(f"no log server at {shown(url)}: {why}")
    return client


def _trusting(target: Target) -> ssl.SSLContext | None:
    """What a secured connection trusts: the named authority alone, else those of the system."""
    return ssl.create_default_context(cafile=target.ca_file or None) if target.secured else None


async def close(client: Client) -> None:
    """Close a connection in whatever state it is. Safe to call twice; a broken connection is no error."""
    try:
        await client.close()
    except FAULTS as error:
        # what was waiting to be sent is lost with the connection, and was never acknowledged
        logger.debug("closing a broken log connection: %s", error)
