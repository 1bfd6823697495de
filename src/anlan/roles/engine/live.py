"""Serves the newest values: answers ``live.get`` and tells what changed on ``live.tick.<enterprise>``.

Every engine answers with what it owns, and says which partitions these are: by them who asks knows whether the
answer is whole. Screens read here and never in history. Nothing said here is a fact of record; whoever misses a tick
asks again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan import now
from anlan.roles.engine.state import EngineCore
from anlan.stream.partition import PARTITIONS

logger = logging.getLogger(__name__)
GET = "live.get"
WATCH = "live.watch"
MAX_POINTS = 20_000
ALL_TOLD_BELOW = 20_000
"""In a larger world only enterprises that a screen asked for lately are told: all would cost a third of a core."""
WATCHED_S = 600.0
REPEAT_US = 10_000_000
"""An unchanged value is told again after so long, so that a screen can see that it is still measured."""
_encode = msgspec.json.Encoder().encode


class _Question(msgspec.Struct):
    points: list[str] = []
    enterprise: str = ""


class _Watch(msgspec.Struct):
    enterprises: list[str] = []


class LiveDesk:
    """Answers from the kernel's columns; called from the engine's own thread between two batches."""

    def __init__(self, core: EngineCore, owned: Callable[[], Iterable[int]] = lambda: range(PARTITIONS)) -> None:
        self._core, self._owned = core, owned
        self._version = -1
        self._rows_of: dict[str, NDArray[np.int32]] = {}
        self._owner: NDArray[np.int32] = np.empty(0, np.int32)
        self._names: list[str] = []
        self._watched: dict[int, float] = {}
        self._told_value = np.empty(0)
        self._told_quality = np.empty(0, np.uint8)
        self._told_bits = np.empty(0, np.uint8)
        self._told_us = np.empty(0, np.int64)

    async def answer(self, payload: bytes) -> bytes:
        """One ``live.get``: points by code or all of an enterprise; what is not known here is absent."""
        try:
            question = msgspec.json.decode(payload, type=_Question)
        except msgspec.MsgspecError as error:
            return _encode({"points": {}, "partitions": [], "error": str(error)[:200]})
        self._follow()
        if question.enterprise:
            rows = self._rows_of.get(question.enterprise, np.empty(0, np.int32))
        else:
            found = (self._core.table.row(code) for code in question.points[:MAX_POINTS])
            rows = np.array([row for row in found if row is not None], np.int32)
        self._watch(np.unique(self._owner[rows]).tolist())
        return _encode({"points": self._describe(rows), "partitions": sorted(self._owned())})

    async def watch(self, payload: bytes) -> bytes:
        """One ``live.watch``: ``{"enterprises": [code, …]}`` keeps their ticks coming for ten more minutes."""
        try:
            question = msgspec.json.decode(payload, type=_Watch)
        except msgspec.MsgspecError as error:
            return _encode({"watched": 0, "error": str(error)[:200]})
        self._follow()
        numbers = {name: number for number, name in enumerate(self._names)}
        found = [numbers[name] for name in question.enterprises if name in numbers]
        self._watch(found)
        return _encode({"watched": len(found)})

    def _watch(self, owners: list[int]) -> None:
        until = now.monotonic() + WATCHED_S
        self._watched.update(dict.fromkeys(owners, until))

    def _told_of(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """The rows that are told at all: in a small world all, in a large one those that somebody looks at."""
        if len(self._told_us) <= ALL_TOLD_BELOW:
            return rows
        moment = now.monotonic()
        self._watched = {owner: until for owner, until in self._watched.items() if until > moment}
        seen = np.zeros(max(1, len(self._names)), np.bool_)
        seen[list(self._watched)] = True
        return rows[seen[self._owner[rows]]]

    def ticks(self) -> list[tuple[str, bytes]]:
        """What changed since the last call as (subject, payload), one an enterprise."""
        self._follow()
        rows = self._told_of(self._core.touched())
        if not len(rows):
            return []
        latest = self._core.kernel.latest(rows)
        told = self._told_us[rows]
        news = (latest.quality != self._told_quality[rows]) | (latest.alarm_bits != self._told_bits[rows])
        news |= (latest.value != self._told_value[rows]) & ~np.isnan(latest.value)
        news |= latest.sampled_at_us - told >= REPEAT_US
        chosen = np.flatnonzero(news)
        if not len(chosen):
            return []
        rows = rows[chosen]
        value, quality, bits = latest.value[chosen], latest.quality[chosen], latest.alarm_bits[chosen]
        at = latest.sampled_at_us[chosen]
        self._told_value[rows], self._told_quality[rows], self._told_bits[rows], self._told_us[rows] = (
            value,
            quality,
            bits,
            at,
        )
        specs, messages = self._core.table.specs, dict[int, list[list[Any]]]()
        for row, owner, v, q, t, b in zip(
            rows.tolist(),
            self._owner[rows].tolist(),
            value.tolist(),
            quality.tolist(),
            at.tolist(),
            bits.tolist(),
            strict=True,
        ):
            messages.setdefault(owner, []).append([specs[row].code, None if math.isnan(v) else v, q, t, b])
        return [(f"live.tick.{self._names[owner]}", _encode(items)) for owner, items in messages.items()]

    def _describe(self, rows: NDArray[np.int32]) -> dict[str, list[Any]]:
        latest, specs = self._core.kernel.latest(rows), self._core.table.specs
        return {
            specs[row].code: [None if math.isnan(v) else v, q, s, r, b, None if math.isnan(t) else round(t, 6)]
            for row, v, q, s, r, b, t in zip(
                rows.tolist(),
                latest.value.tolist(),
                latest.quality.tolist(),
                latest.sampled_at_us.tolist(),
                latest.received_at_us.tolist(),
                latest.alarm_bits.tolist(),
                latest.trend_per_min.tolist(),
                strict=True,
            )
        }

    def _follow(self) -> None:
        table = self._core.table
        if self._version == table.version:
            return
        more = len(table) - len(self._told_us)
        self._told_value = np.concatenate([self._told_value, np.full(more, np.nan)])
        self._told_quality = np.concatenate([self._told_quality, np.full(more, 255, np.uint8)])
        self._told_bits = np.concatenate([self._told_bits, np.zeros(more, np.uint8)])
        self._told_us = np.concatenate([self._told_us, np.zeros(more, np.int64)])
        owners: dict[str, int] = {}
        self._owner = np.array([owners.setdefault(spec.enterprise, len(owners)) for spec in table.specs], np.int32)
        self._names = list(owners)
        living = np.flatnonzero(table.alive).astype(np.int32)
        grouped = living[np.argsort(self._owner[living], kind="stable")]
        ends = np.cumsum(np.bincount(self._owner[living], minlength=len(owners)))
        self._rows_of = dict(zip(owners, np.split(grouped, ends[:-1]), strict=True)) if owners else {}
        self._version = table.version
