"""What a gateway says of its own buffer in the headers of a request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from anlan.apps.gateways.services import Backlog

_PACKETS, _OLDEST, _DROPPED = b"anlan-buffer-packets", b"anlan-buffer-oldest-us", b"anlan-dropped-packets"
_MOST = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US = 4_102_444_800_000_000  # the year 2100


def backlog_of(gateway: str, headers: Mapping[bytes, bytes]) -> Backlog | None:
    """The gateway's word, None when it says nothing. What cannot be read counts as not said; nothing is refused."""
    waiting = _number(headers.get(_PACKETS), _MOST)
    if waiting is None:
        return None
    oldest = _number(headers.get(_OLDEST), _LATEST_US)
    since = _EPOCH + timedelta(microseconds=oldest) if oldest and waiting else None
    return Backlog(gateway, waiting, since, _number(headers.get(_DROPPED), _MOST) or 0)


def _number(text: bytes | None, most: int) -> int | None:
    if text is None or not text.isdigit() or len(text) > 20:
        return None
    number = int(text)
    return number if number <= most else None
