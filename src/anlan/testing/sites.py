"""The codes and keys of the small world, known without a database: a sender in another process needs no list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """One gateway of the world and the points behind it. High limit 80, high-high 90, low 20, low-low 10."""

    enterprise: str
    source: str
    gateway: str
    key: str
    points: tuple[str, ...]


def sites(enterprises: int = 1, points: int = 10) -> Iterator[Site]:
    """What `build` makes, without a database: the same codes in the same order."""
    for number in range(enterprises):
        enterprise = f"{990_000_001 + number:09d}"
        source = f"{enterprise}001"
        codes = tuple(f"{source}G{n // 999 + 1:04d}YW{n % 999 + 1:03d}" for n in range(points))
        gateway = f"{enterprise}01"
        yield Site(enterprise, source, gateway, key_of(gateway), codes)


def key_of(gateway: str) -> str:
    """The key of a gateway of this world."""
    return hashlib.sha256(f"示例-{gateway}".encode()).hexdigest()[:24]
