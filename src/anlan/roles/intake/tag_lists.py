"""The agreed tag lists as the intake knows them: asked of the records once, then held in memory.

Only a gateway that announces a list, or sends by one that this process has not met, waits for the database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from anlan import now
from anlan.apps.gateways.services import TooManyLists
from anlan.rules.calendar import civil_day
from anlan.stream.packet import Header, PacketError, Refusal
from anlan.stream.tags import read_tags, tags_hash

T = TypeVar("T")
ASK_S = 1.0
"""Between two questions about one gateway; a list that another intake was told in between is found a second later."""


class RecordsUnavailable(Exception):
    """The records cannot say whether there is such a list, or cannot take it; the sender keeps what it sent."""


class TagLists:
    """``sizes(gateway)`` reads the lists of a gateway, ``announce(gateway, hash, tags, at)`` keeps one; both are run by
    ``in_thread``. A gateway is asked about once, and again for a hash that is not known, once a second at most: a
    request full of unknown hashes is one question."""

    def __init__(
        self,
        sizes: Callable[[str], Mapping[str, int]],
        announce: Callable[[str, str, Sequence[str], datetime], bool],
        in_thread: Callable[..., Awaitable[Any]],
    ) -> None:
        self._sizes, self._announce, self._in_thread = sizes, announce, in_thread
        self._known: dict[str, dict[str, int]] = {}
        self._asked: dict[str, float] = {}
        self._noted: dict[tuple[str, str], date] = {}
        self._to_note: set[tuple[str, str]] = set()

    async def check(self, header: Header, at: datetime) -> None:
        """Raises `PacketError` (unknown_tags, malformed) when a packet's list is not known or has another length."""
        known = self._known.get(header.gateway, {})
        if header.tags_hash not in known and now.monotonic() - self._asked.get(header.gateway, -ASK_S) >= ASK_S:
            found = await self._ask(self._sizes, header.gateway)
            known = self._known[header.gateway] = dict(found)
            self._asked[header.gateway] = now.monotonic()
        size = known.get(header.tags_hash)
        if size is None:
            raise PacketError(
                Refusal.UNKNOWN_TAGS, f"没有点位清单 {header.tags_hash[:40] or '（未写）'}，请先发送清单，再重发本报文"
            )
        if size != header.count:
            raise PacketError(Refusal.MALFORMED, f"清单有 {size} 个点位，报文有 {header.count} 个数值")
        key, today = (header.gateway, header.tags_hash), civil_day(at)
        if self._noted.get(key) != today:
            self._noted[key] = today
            self._to_note.add(key)

    async def take(self, header: Header, at: datetime) -> bool:
        """Keep the list that a packet announces; True when it is new. Raises `PacketError` when it cannot be used."""
        tags = read_tags(header.content, header.tags_hash)
        digest = tags_hash(tags)
        if digest in self._known.get(header.gateway, {}):
            return False
        try:
            new = await self._ask(self._announce, header.gateway, digest, tags, at)
        except TooManyLists as error:
            raise PacketError(Refusal.TOO_MANY_TAG_LISTS, "该网关在用的点位清单已达上限，请沿用原有清单") from error
        self._known.setdefault(header.gateway, {})[digest] = len(tags)
        return bool(new)

    def take_used(self) -> list[tuple[str, str]]:
        """Lists that were sent by today and are not noted yet; told once, unless given back."""
        used, self._to_note = list(self._to_note), set()
        return used

    def give_back(self, used: Sequence[tuple[str, str]]) -> None:
        """They could not be noted; next time again."""
        self._to_note.update(used)

    async def _ask(self, question: Callable[..., T], *arguments: Any) -> T:
        try:
            found: T = await self._in_thread(question, *arguments)
        except TooManyLists:
            raise
        except Exception as error:
            raise RecordsUnavailable(str(error)) from error
        return found
