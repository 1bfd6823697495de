"""Samples that are read only after their point was moved or switched off: history keeps them for the point of then.

A historian may be hours behind (the disk was full, an older copy of its database was put back), and the register that
it reads is the present one. The engine has judged those samples when they came, by the register of then, so nobody else
would say that they are left out here. What the register of then says nothing of is told, never dropped in silence.
No I/O but the question that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from anlan.apps.gateways.services import PacketRefused
from anlan.apps.history.selectors.stored import instant, micros
from anlan.apps.registry.selectors.homes import Home
from anlan.stream.envelope import Record
from anlan.stream.frame import Frame, FrameDecoder, TagLists
from anlan.stream.gateway_clock import marked
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.refusal import Refusal

NAMED = 5
Past = tuple[Mapping[str, PointSpec], Mapping[str, Sequence[Home]]]
"""Points by code as they are set now, in use or not, and the homes that they left, oldest first."""
Ask = Callable[[Collection[str], datetime], Past]


@dataclass
class _Known:
    """What was asked about tags of an enterprise, since when; good until its register changes."""

    read_us: int
    since_us: int = 0
    asked: set[str] = field(default_factory=set)
    specs: dict[str, PointSpec] = field(default_factory=dict)
    homes: dict[str, Sequence[Home]] = field(default_factory=dict)


class Former:
    """Belongs to one table. ``ask`` may wait; what it raises goes through `rescued`."""

    def __init__(self, table: PointTable, tag_lists: TagLists, ask: Ask) -> None:
        self._table, self._tag_lists, self._ask = table, tag_lists, ask
        self._known: dict[str, _Known] = {}
        self._refused: dict[tuple[str, str], PacketRefused] = {}

    def registers_read(self, enterprises: Collection[str], at: datetime) -> None:
        """The register of these was read at an instant: what was received before may have been judged by another."""
        self._known |= {enterprise: _Known(micros(at)) for enterprise in enterprises}

    def rescued(self, record: Record, frame: Frame) -> Frame | None:
        """Of a frame with unknown tags the samples of points that were its gateway's when it was received, in rows of
        the table; None when there are none. Those of other registered points are noted as refused.

        Only of what was received before the register was read: of the rest the engine says the same at the same time.
        """
        known = self._known.get(record.enterprise)
        # the earlier of both: our own clock, or the gateway's, may have stood ahead
        at_us = min(frame.received_at_us, frame.collected_at_us)
        if known is None or at_us >= known.read_us:
            return None
        self._learn(known, set(frame.unknown), at_us)
        registered = [known.specs[tag] for tag in dict.fromkeys(frame.unknown) if tag in known.specs]
        mine = [spec for spec in registered if self._was_of(known, spec, record, at_us)]
        self._note(frame, [spec.code for spec in registered if spec not in mine])
        if not mine:
            return None
        table = PointTable([msgspec.structs.replace(spec, gateway=record.gateway) for spec in mine])
        found = marked(FrameDecoder(table, self._tag_lists).decode(record), record)
        rows = self._table.keep_rows(mine)
        return msgspec.structs.replace(found, index=rows[found.index], unknown=[], claimed=[])

    def take_refused(self) -> list[PacketRefused]:
        """What was refused so far; it counts anew."""
        refused, self._refused = list(self._refused.values()), {}
        return refused

    def give_back(self, refused: Collection[PacketRefused]) -> None:
        """These could not be written down: they count on."""
        for each in refused:
            self._count(each)

    def _learn(self, known: _Known, tags: set[str], at_us: int) -> None:
        if at_us < known.since_us or not known.asked:
            # an hour more than asked for, so that not every older frame asks again
            known.since_us, known.asked = at_us - 3_600_000_000, set()
        if new := tags - known.asked:
            specs, homes = self._ask(new, instant(known.since_us))
            known.asked |= new
            known.specs |= specs
            known.homes |= homes

    @staticmethod
    def _was_of(known: _Known, spec: PointSpec, record: Record, at_us: int) -> bool:
        """Whether the home that a point had at an instant was this gateway; False where it has left none since."""
        then = next((home for home in known.homes.get(spec.code, ()) if micros(home.until) > at_us), None)
        here = then is not None and then.is_active and then.gateway == record.gateway
        return here and spec.enterprise == record.enterprise

    def _note(self, frame: Frame, lost: Sequence[str]) -> None:
        for reason, said, tags in (
            (Refusal.CLAIMED, "已登记在另一网关", [tag for tag in lost if tag in frame.claimed]),
            (Refusal.UNKNOWN_POINT, "已停用", [tag for tag in lost if tag not in frame.claimed]),
        ):
            if tags:
                named = "、".join(tags[:NAMED]) + (" 等" if len(tags) > NAMED else "")
                detail = f"{len(tags)} 个指标写历史时{said}，查不到采集时属于本网关，未存入历史：{named}"
                self._count(PacketRefused(frame.gateway, reason, detail, instant(frame.received_at_us)))

    def _count(self, refused: PacketRefused) -> None:
        key = (refused.gateway, refused.reason)
        before = self._refused[key].repeats if key in self._refused else 0
        self._refused[key] = replace(refused, repeats=before + refused.repeats)
