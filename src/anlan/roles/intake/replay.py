"""Which packets were taken already: the same packet sent again is counted, not stored twice (SEC-05).

Remembered are the newest packets of each gateway, in memory; what an older repeat brings is absorbed behind the log,
where sample times decide. A packet is remembered as taken only when the log has it, and only until the connection to
the log is lost: the server may come back with less than it had taken (a cut tail, an older copy); then the repeat is
all that is left of the packet. Ids are as long as senders make them; what is remembered of a long one is its digest.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

PER_GATEWAY = 256
LONG = 96


def _short(packet_id: str) -> str:
    return packet_id if len(packet_id) <= LONG else blake2b(packet_id.encode(), digest_size=16).hexdigest()


class Taken:
    """Packets by gateway and id. An id is in one of three states: unknown, on its way (a future), taken.

    ``connection``: what differs once the log was away; whatever was taken before is unknown then.
    """

    def __init__(self, connection: Callable[[], object] = lambda: None, per_gateway: int = PER_GATEWAY) -> None:
        self._connection, self._per_gateway = connection, per_gateway
        self._known_by = connection()
        self._taken: dict[str, OrderedDict[str, None]] = {}
        self._on_the_way: dict[tuple[str, str], asyncio.Future[int]] = {}

    def is_taken(self, gateway: str, packet_id: str) -> bool:
        if (present := self._connection()) != self._known_by:
            self._known_by = present
            self._taken.clear()
        return _short(packet_id) in self._taken.get(gateway, ())

    def on_the_way(self, gateway: str, packet_id: str) -> asyncio.Future[int] | None:
        """The future of the first copy while the log has not answered for it."""
        return self._on_the_way.get((gateway, packet_id))

    def follow(self, gateway: str, packet_ids: list[str], done: asyncio.Future[int]) -> None:
        """Remember packets as taken when ``done`` succeeds, forget them when it fails or the log was away meanwhile."""
        sent_by = self._connection()
        for packet_id in packet_ids:
            self._on_the_way[gateway, packet_id] = done

        def settle(future: asyncio.Future[int]) -> None:
            kept = not future.cancelled() and future.exception() is None and self._connection() == sent_by
            seen = self._taken.setdefault(gateway, OrderedDict())
            for packet_id in packet_ids:
                self._on_the_way.pop((gateway, packet_id), None)
                if kept:
                    seen[_short(packet_id)] = None
            while len(seen) > self._per_gateway:
                seen.popitem(last=False)

        done.add_done_callback(settle)
