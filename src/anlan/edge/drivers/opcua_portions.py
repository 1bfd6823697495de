"""Calls to a server in the portions that it takes.

A server says how many nodes it takes in one call (OperationLimits); some say nothing, or less than the truth. So the
limits are asked, and a call that is refused for its size is made again in halves. A call that is refused for one of its
items is cut until that item stands alone: it gets the refusal as its result, and its neighbours get theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

_CODES = ua.StatusCodes
_TOO_MUCH = {
    _CODES.BadTooManyOperations, _CODES.BadRequestTooLarge, _CODES.BadResponseTooLarge,
    _CODES.BadEncodingLimitsExceeded, _CODES.BadTcpMessageTooLarge,
}  # fmt: skip
_SESSION = {
    _CODES.BadSessionIdInvalid, _CODES.BadSessionClosed, _CODES.BadSessionNotActivated,
    _CODES.BadSecureChannelIdInvalid, _CODES.BadSecureChannelClosed, _CODES.BadConnectionClosed,
    _CODES.BadCommunicationError, _CODES.BadServerNotConnected, _CODES.BadServerHalted, _CODES.BadShutdown,
    _CODES.BadTimeout, _CODES.BadRequestTimeout, _CODES.BadSubscriptionIdInvalid, _CODES.BadNoSubscription,
}  # fmt: skip
"""Refusals that say nothing about the items of a call."""
_REFUSALS_IN_A_ROW = 20
"""So many single items refused while nothing was taken: the whole service is refused, and so says the error."""

I = TypeVar("I")  # noqa: E741 - items in, results out
R = TypeVar("R")


class Kind(Enum):
    """A kind of call: the node that tells its limit, and how many items we send at most."""

    READ = (ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead, 500)
    BROWSE = (ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse, 50)
    MONITOR = (ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall, 500)


class Portions:
    """The portions of one server, for the life of one session."""

    def __init__(self) -> None:
        self._most = {kind: kind.value[1] for kind in Kind}

    @property
    def told(self) -> dict[str, int]:
        """For the status: how many items go into one call of each kind."""
        return {kind.name.lower(): most for kind, most in self._most.items()}

    async def ask(self, client: Client) -> None:
        """Ask the server for its limits, one by one: it may take a single node a call, or know only some of them."""
        for kind in Kind:
            try:
                limit = await client.get_node(f"i={kind.value[0]}").read_value()
            except UaError as error:
                if _code(error) in _SESSION:
                    raise
                continue  # a server need not tell; what it refuses is then cut
            if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
                self._most[kind] = min(self._most[kind], limit)

    async def each(
        self, kind: Kind, items: Sequence[I], call: Callable[[Sequence[I]], Awaitable[Sequence[R]]]
    ) -> list[R | ua.StatusCode]:
        """The results of ``call`` for all items, in order; a `StatusCode` for an item that was refused by itself.

        Raises what ``call`` raises when it concerns the session, or when the server refuses the service altogether.
        """
        results: list[R | ua.StatusCode] = []
        waiting = [items[at : at + self._most[kind]] for at in range(0, len(items), self._most[kind])]
        refused = 0
        while waiting:
            portion = waiting.pop(0)
            if len(portion) > self._most[kind]:
                waiting[:0] = [portion[: self._most[kind]], portion[self._most[kind] :]]
                continue
            try:
                answers = await call(portion)
            except UaError as error:
                code = _code(error)
                if code is None or code in _SESSION:
                    raise
                if len(portion) == 1:
                    refused += 1
                    if refused >= _REFUSALS_IN_A_ROW:
                        raise
                    results.append(ua.StatusCode(ua.UInt32(code)))
                    continue
                half = (len(portion) + 1) // 2
                if code in _TOO_MUCH:
                    self._most[kind] = half
                waiting[:0] = [portion[:half], portion[half:]]
                continue
            if len(answers) != len(portion):
                raise UaError(f"{len(answers)} results for {len(portion)} nodes")
            refused = 0
            results.extend(answers)
            await asyncio.sleep(0)
        return results


def _code(error: UaError) -> int | None:
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else None
