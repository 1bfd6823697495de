"""What is not as it should be at a source that is nevertheless read: told once in the log, and standing in the status.

A loss of the source is not kept here; drivers tell that themselves.
"""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Notes:
    """The standing troubles of one gateway's source, one Chinese sentence a kind."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._standing: dict[str, str] = {}
        self._told: dict[str, str] = {}

    def tell(self, kind: str, sentence: str) -> None:
        """Say ``sentence`` of this kind of trouble; it is logged when it is another than last time, also after a new
        connection to the same source. An empty sentence ends the trouble."""
        if not sentence:
            self._standing.pop(kind, None)
            return
        self._standing[kind] = sentence
        if self._told.get(kind) != sentence:
            self._told[kind] = sentence
            logger.warning("网关 %s：%s", self._gateway, sentence)

    def __str__(self) -> str:
        return "；".join(self._standing.values())


def some(names: list[str], most: int = 5) -> str:
    """The first of many names, and how many there are beyond them."""
    more = f" 等 {len(names)} 个" if len(names) > most else ""
    return "、".join(names[:most]) + more
