"""The engine without its surroundings: messages of the log in, checkpoints out. No I/O, no clock, no threads.

Which records were applied is decided here: a record not beyond its partition's position, or not beyond its gateway's
saved state, has had its effect. The core knows only the partitions that it was given; they come and go while it lives.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from anlan.process.hearing import ALWAYS
from anlan.roles.engine.store import Checkpoint, Remembered
from anlan.roles.engine.tally import Tally
from anlan.stream import edge_alarm
from anlan.stream.alarm import SWITCHED_OFF, AlarmEvent, KnownAlarm, ended
from anlan.stream.edge_alarm import EdgeAlarm
from anlan.stream.envelope import EnvelopeError, Record, pack, unpack
from anlan.stream.frame import Frame, FrameDecoder, TagLists
from anlan.stream.gateway_clock import Doubt, GatewayClocks, marked
from anlan.stream.kernel import Kernel
from anlan.stream.kernel.former import AskFormer, nothing_former
from anlan.stream.kernel.set_back import SLACK_US
from anlan.stream.log import LogMessage
from anlan.stream.packet import Form, PacketError
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec, PointTable, TableChange
from anlan.stream.refusal import Refusal
from anlan.stream.sequence import Sequences

ALWAYS_PAST = 2**62
"""An instant after which nothing is received."""


@dataclass
class _Round:
    gateways: deque[str]
    positions: dict[int, int]


@dataclass
class Settled:
    """Points whose alarms were put back into memory or let go of, and the ends of alarms that no sample will end."""

    put_back: list[str] = field(default_factory=list)
    let_go: list[str] = field(default_factory=list)
    events: list[AlarmEvent] = field(default_factory=list)


class EngineCore:
    """Decoder, kernel and bookkeeping of one engine. Call from one thread."""

    def __init__(
        self, specs: Iterable[PointSpec], tag_lists: TagLists = lambda gateway, tags_hash: None,
        former: AskFormer = nothing_former,
    ) -> None:  # fmt: skip
        self.table = PointTable(specs)
        self.kernel = Kernel(self.table, former=former)
        self.tally = Tally()
        self.sequences = Sequences()
        self.edge_alarms: list[EdgeAlarm] = []
        """What enterprises' own systems said since the last checkpoint of events."""
        self.positions: dict[int, int] = {}
        self.saved_positions: dict[int, int] = {}
        self.reached_us = 0
        """Newest receive time seen in the log: how far the engine knows what happened."""
        self.samples = 0
        self.damaged_states: list[str] = []
        self._decoder = FrameDecoder(self.table, tag_lists)
        self._clocks = GatewayClocks()
        self._seq_of: dict[str, int] = {}
        self._swept_us = 0
        self._touched = np.zeros(len(self.table), np.bool_)
        self._handed = 0
        self._newest = (0, 0)
        self._again_until = 0
        self._partition_of: dict[str, int] = {}
        self._round: _Round | None = None

    def restore(self, remembered: Remembered) -> None:
        """Go on where the checkpoint stopped, beside what is already here; afterwards the log is read from `begins_at`.

        The points of the partitions are in the table by then. A damaged state is skipped and named; its gateway starts
        anew.
        """
        self.positions |= remembered.positions
        self.saved_positions |= remembered.positions
        self._again_until = max(self._again_until, remembered.again_until)
        for gateway, (head, gaps) in remembered.sequences.items():
            self.sequences.restore(gateway, head, gaps)
        damaged, anchors = self.kernel.restore({gateway: body for gateway, (_, body) in remembered.states.items()})
        self._clocks.restore(anchors)
        self.damaged_states += damaged
        seqs = {gateway: seq for gateway, (seq, _) in remembered.states.items()}
        self._seq_of |= {gateway: seq for gateway, seq in seqs.items() if gateway not in damaged}

    def forgotten(self, partitions: Collection[int]) -> list[str]:
        """Points of these partitions of which no sample is remembered, though the log may bring some once more."""
        again = {p for p in partitions if self.positions.get(p, 0) < self._again_until}
        unheard = self.kernel.unheard() if again else []
        return [spec.code for spec in unheard if partition_of(spec.enterprise) in again]

    def judged(self, until_us: Mapping[str, int]) -> None:
        """By point, until when its samples had their effect, as it is on record; see `Kernel.judged`."""
        for point, until in until_us.items():
            self.kernel.judged(point, until)

    def begins_at(self, after: int) -> None:
        """The next messages are those behind number ``after``, of all partitions; what was taken before is passed."""
        self._handed = after

    def drop(self, partitions: Collection[int]) -> None:
        """Forget partitions that somebody else goes on with; everything of them has been saved, or is void."""
        gone = [gateway for gateway in self.table.gateways if self.partition(gateway) in partitions]
        enterprises = {self.table.specs[self.table.rows_of(gateway)[0]].enterprise for gateway in gone}
        self.kernel.forget(gone)
        self._clocks.forget(gone)
        self.table.update([], enterprises)
        for gateway in gone:
            self._seq_of.pop(gateway, None)
        for partition in partitions:
            self.positions.pop(partition, None)
            self.saved_positions.pop(partition, None)
        self._round = None

    def take(self, messages: Sequence[LogMessage], now_us: int = ALWAYS_PAST) -> list[AlarmEvent]:
        """Apply messages in order; returns the events they cause. ``now_us`` is the present, for what is read once more
        (`_past`)."""
        frames: list[Frame] = []
        known: list[Frame] = []
        for message in messages:
            self._handed = max(self._handed, message.seq)
            self._newest = max(self._newest, (message.seq, message.taken_us))
            if message.seq <= self.positions.get(message.partition, 0):
                continue
            self.positions[message.partition] = message.seq
            try:
                records = unpack(message.data)
            except EnvelopeError as error:
                self.tally.could_not_unpack(self.reached_us, message.seq, str(error))
                continue
            applied = {r.gateway for r in records if message.seq <= self._seq_of.get(r.gateway, 0)}
            for record in records:
                if record.seq is not None:
                    self.sequences.note(record.gateway, record.boot, record.seq, record.received_at_us)
                if record.gateway in applied:
                    continue
                if record.form == Form.ALARMS:
                    self._take_alarms(record)
                    continue
                try:
                    frame = marked(self._decoder.decode(record), record)
                except PacketError as error:
                    self.tally.could_not_read(record, error.reason, error.detail)
                    continue
                frame = self._clocks.evaluated(frame)
                if message.seq <= self._again_until:
                    known.append(_past(frame, now_us))
                else:
                    frames.append(frame)
                self._note(frame, message.seq)
        events = self.kernel.apply_many(known, again=True) if known else []
        return events + self.kernel.apply_many(frames) if frames else events

    def clock_doubt(self) -> Doubt | None:
        """What most gateways say of our own clock; None while they do not speak against it."""
        return self._clocks.doubt()

    def _take_alarms(self, record: Record) -> None:
        try:
            found, damaged = edge_alarm.read(record)
        except PacketError as error:
            self.tally.could_not_read(record, error.reason, error.detail)
            return
        self.edge_alarms += found
        if damaged:
            self.tally.could_not_read(record, Refusal.MALFORMED, f"{damaged} 条报警无法读出")

    def _note(self, frame: Frame, seq: int) -> None:
        self.tally.saw(frame, self._clocks.is_ours(frame.gateway))
        self._seq_of[frame.gateway] = seq
        self.reached_us = _forward(self.reached_us, frame.received_at_us)
        self.samples += len(frame.index)
        if len(self._touched) < len(self.table):
            self._touched = np.concatenate([self._touched, np.zeros(len(self.table) - len(self._touched), np.bool_)])
        self._touched[frame.index] = True

    def sweep(self, now_us: int, listening_us: int = ALWAYS, *, by_log: bool = False) -> list[AlarmEvent]:
        """What time alone brings, up to ``now_us``; silences count from ``listening_us`` on (see `hearing`).

        An earlier instant than last time is taken as that one, unless it is so much earlier that our own clock had
        stood ahead. ``by_log``: the instant is `reached_us`, which says nothing of the present until something came
        that cannot have been read before.
        """
        self._swept_us = _forward(self._swept_us, now_us)
        return self.kernel.sweep(self._swept_us, listening_us, again=by_log and self._handed <= self._again_until)

    def differences(self, known: Mapping[str, KnownAlarm], partitions: Collection[int]) -> set[str]:
        """Ids of alarms of these partitions that are open on record or in memory alone, or at another level."""
        memory = {
            key: level
            for key, (point, _, level) in self.kernel.open_alarms().items()
            if (row := self._row(point)) is not None and partition_of(self.table.specs[row].enterprise) in partitions
        }
        levels = {key: alarm.level for key, alarm in known.items()}
        return {key for key in levels.keys() | memory.keys() if levels.get(key) != memory.get(key)}

    def settle(self, ids: Collection[str], known: Mapping[str, KnownAlarm], now_us: int) -> Settled:
        """Bring the memory of these alarms up to the record; returns what that came to.

        An alarm on record is remembered, and the samples to come decide about it; where its point is not in use none
        will come, and it ends. One that is in memory alone is forgotten: if it is one, the samples to come raise it.
        """
        memory = self.kernel.open_alarms()
        found = Settled()
        for key in sorted(set(ids) - known.keys()):
            if key in memory:
                self.kernel.let_go(memory[key][0], memory[key][1])
                found.let_go.append(memory[key][0])
        for key in sorted(set(ids) & known.keys()):
            alarm = known[key]
            if key in memory and memory[key][2] == alarm.level:
                continue  # it was only on its way
            if self.kernel.put_back(alarm):
                found.put_back.append(alarm.point)
            else:
                found.events.append(ended(alarm, now_us, SWITCHED_OFF))
        return found

    def follow(
        self, specs: Iterable[PointSpec], enterprises: Collection[str] | None = None, now_us: int = ALWAYS_PAST
    ) -> TableChange:  # fmt: skip
        """Take up a changed registry, of some enterprises or of all; unchanged points keep their state.

        What is said to hold only after ``now_us`` holds from then on (`PointTable.not_after`).
        """
        change = self.table.update(specs, enterprises)
        self.table.not_after(now_us)
        return change

    def of_events(self, events: Sequence[AlarmEvent]) -> Checkpoint:
        """The small checkpoint: events and the states of the gateways that they come from."""
        gateways = {self.table.specs[row].gateway for event in events if (row := self._row(event.point)) is not None}
        return self._checkpoint(gateways, events)

    def everything(self, events: Sequence[AlarmEvent]) -> Checkpoint:
        """The full checkpoint: with it, everything read so far needs never be read again."""
        self._round = None
        checkpoint = self._checkpoint(self.kernel.dirty_gateways(), events)
        checkpoint.positions = self._progress(self._reached())
        checkpoint.signs = self.tally.take_signs(self.tally.heard)
        checkpoint.refused = self.tally.take_refused()
        checkpoint.sequences = self.sequences.news()
        return checkpoint

    def parts(self, checkpoint: Checkpoint, most: int) -> list[Checkpoint]:
        """Cut a checkpoint of more than ``most`` events, so that no commit takes long; each of them is to be committed.

        What an enterprise said and its gateways' states stay in one part, however much it is: with a kill in between,
        what is in the database is not applied again, and the rest is read again. Positions come with the last part.
        """
        if len(checkpoint.events) + len(checkpoint.edge_alarms) <= most:
            return [checkpoint]
        said = Counter(event.enterprise for event in checkpoint.events)
        said.update(self._home(alarm.gateway) for alarm in checkpoint.edge_alarms)
        place: dict[str, int] = {}
        number = room = 0
        for enterprise, count in said.items():
            if count > room:
                number, room = number + 1, most
            place[enterprise] = number - 1
            room -= count
        found = [Checkpoint(newest=checkpoint.newest) for _ in range(number)]

        def of(gateway: str) -> Checkpoint:
            return found[place.get(self._home(gateway), -1)]

        for event in checkpoint.events:
            found[place[event.enterprise]].events.append(event)
        for alarm in checkpoint.edge_alarms:
            of(alarm.gateway).edge_alarms.append(alarm)
        for gateway, state in checkpoint.states.items():
            of(gateway).states[gateway] = state
        for sign in checkpoint.signs:
            of(sign.gateway).signs.append(sign)
        for peak in checkpoint.peaks:
            of(peak.gateway).peaks.append(peak)
        for each in found:
            each.partitions = self._partitions({*each.states, *(alarm.gateway for alarm in each.edge_alarms)})
        last = found[-1]
        last.positions, last.refused, last.sequences = checkpoint.positions, checkpoint.refused, checkpoint.sequences
        return found

    def _home(self, gateway: str) -> str:
        """The enterprise of a gateway; its own code for one whose points have all been taken away."""
        rows = self.table.rows_of(gateway)
        return self.table.specs[rows[0]].enterprise if len(rows) else gateway

    def next_slice(self, size: int) -> Checkpoint:
        """The next part of a round over all gateways that changed, so that no commit takes long.

        A round begins by noting the positions; when the last gateway that had changed by then is saved, they are
        committed: everything up to them is in saved states. A state saved on the way may be newer; that is known too.
        """
        if self._round is None:
            self._round = _Round(deque(self.kernel.dirty_gateways()), self._reached())
        waiting = self._round.gateways
        some = [waiting.popleft() for _ in range(min(size, len(waiting)))]
        checkpoint = self._checkpoint(some)
        checkpoint.signs = self.tally.take_signs(some)
        if not waiting:
            checkpoint.positions = self._progress(self._round.positions)
            # signs that came since their gateway was saved wait for its next turn
            later = self.kernel.dirty_gateways()
            checkpoint.signs += self.tally.take_signs(self.tally.heard.difference(later))
            checkpoint.refused = self.tally.take_refused()
            checkpoint.sequences = self.sequences.news()
            self._round = None
        return checkpoint

    @property
    def in_round(self) -> bool:
        """Whether a round of `next_slice` has begun and not ended."""
        return self._round is not None

    def saved(self, checkpoint: Checkpoint) -> None:
        """The checkpoint is in the database. Only valid when nothing was taken since it was made."""
        self.kernel.mark_saved(checkpoint.states)
        self.saved_positions.update(checkpoint.positions)

    def _reached(self) -> dict[int, int]:
        """How far every partition is taken: messages come in order, so the quiet ones are as far as the others."""
        return {partition: max(seq, self._handed) for partition, seq in self.positions.items()}

    def _progress(self, positions: dict[int, int]) -> dict[int, int]:
        return {p: seq for p, seq in positions.items() if seq > self.saved_positions.get(p, 0)}

    def touched(self) -> NDArray[np.int32]:
        """Rows that received samples since the last call."""
        rows = np.flatnonzero(self._touched).astype(np.int32)
        self._touched[rows] = False
        return rows

    def _checkpoint(self, gateways: Iterable[str], events: Sequence[AlarmEvent] = ()) -> Checkpoint:
        found = sorted(gateways)
        peaks = self.kernel.peaks_of(found)
        states = {
            gateway: (self._seq_of.get(gateway, 0), self.kernel.state_of(gateway, self._clocks.anchor(gateway)))
            for gateway in found
        }
        told, self.edge_alarms = self.edge_alarms, []
        touched = self._partitions({*found, *(alarm.gateway for alarm in told)})
        return Checkpoint(
            events=list(events), states=states, partitions=touched, edge_alarms=told, peaks=peaks, newest=self._newest
        )

    def _partitions(self, gateways: Iterable[str]) -> set[int]:
        return {partition for gateway in gateways if (partition := self.partition(gateway)) is not None}

    def partition(self, gateway: str) -> int | None:
        """Of a gateway with points; None for one whose points have all been taken away."""
        known = self._partition_of.get(gateway)
        if known is None and len(rows := self.table.rows_of(gateway)):
            known = self._partition_of[gateway] = partition_of(self.table.specs[rows[0]].enterprise)
        return known

    def _row(self, code: str) -> int | None:
        return self.table.row(code)


def _past(frame: Frame, now_us: int) -> Frame:
    """A frame that is read once more, without what it says of the time after the present: a clock of ours that stood
    ahead let that in, it had its effect then, and it must have none beside what has been measured since."""
    if frame.received_at_us <= now_us + SLACK_US:
        return frame
    return structs.replace(frame.only(frame.sampled_at_us <= now_us + SLACK_US), received_at_us=now_us)


def _forward(known_us: int, now_us: int) -> int:
    """The later of both; ``now_us`` where what was known is later than anything that can have been."""
    return now_us if now_us < known_us - SLACK_US else max(known_us, now_us)


def warm() -> None:
    """Have what numba compiles ready before anything waits for it: some seconds at the very first start, then none."""
    core = EngineCore([PointSpec(code="w", enterprise="w", gateway="w")])
    body = b'{"report":{"collectTime":"20240101000000","datas":[{"quotaId":"w","value":"1"}]}}'
    for number in range(1, 4):
        core.take([LogMessage(number, 0, pack([Record("w", "w", str(number), number, body)]))])
