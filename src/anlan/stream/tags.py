"""Agreed tag lists: a gateway says once which points it sends in which order, and from then on sends numbers only.

A list is known by the hash of its content, so that sender and platform can never mean different lists by one name.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from anlan.stream.packet import MAX_SAMPLES, PacketError, Refusal

MAX_TAG = 64
_list = msgspec.json.Decoder(list[str])


def tags_hash(tags: Sequence[str]) -> str:
    """The first 32 hex digits of the SHA-256 over the tags' UTF-8, joined by line feeds. Part of the wire format."""
    return sha256("\n".join(tags).encode("utf-8")).hexdigest()[:32]


def read_tags(content: bytes, given: str = "") -> list[str]:
    """The tags of a JSON array, checked, and against the hash that the sender states, if it does.

    Raises `PacketError` (malformed, too_many_samples): no text, empty, overlong, with control characters, named twice.
    """
    try:
        tags = _list.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PacketError(Refusal.MALFORMED, "tags 应为点位编码的数组") from error
    if not tags:
        raise PacketError(Refusal.MALFORMED, "tags 不能为空")
    if len(tags) > MAX_SAMPLES:
        raise PacketError(Refusal.TOO_MANY_SAMPLES, f"一份清单最多 {MAX_SAMPLES} 个点位")
    if any(not 0 < len(tag) <= MAX_TAG or not tag.isprintable() for tag in tags):
        raise PacketError(Refusal.MALFORMED, f"点位编码应为 1 到 {MAX_TAG} 个可见字符")
    if len(set(tags)) != len(tags):
        raise PacketError(Refusal.MALFORMED, "同一份清单里有重复的点位")
    if given and given.lower() != tags_hash(tags):
        raise PacketError(Refusal.ALTERED, "tagsHash 与清单内容不符")
    return tags
