"""Which of the 64 fixed partitions an enterprise belongs to.

The mapping is part of the stored data: it must never change, never depend on the process (Python's ``hash`` does) and
never depend on how many engines run.
"""

from __future__ import annotations

PARTITIONS = 64
SHARED = PARTITIONS
"""Stands in the log where a partition does, for messages that hold envelopes of several partitions."""

_OFFSET_BASIS = 0x811C9DC5
_PRIME = 0x01000193


def fnv1a32(text: str) -> int:
    """FNV-1a, 32 bits, over the UTF-8 bytes of `text`; 0 … 2³²-1."""
    value = _OFFSET_BASIS
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * _PRIME) & 0xFFFFFFFF
    return value


def partition_of(enterprise: str) -> int:
    """The partition 0 … 63 of an enterprise code, the same for ever and everywhere."""
    return fnv1a32(enterprise) % PARTITIONS
