"""The alarm rules once more, as slow and obvious as possible: one object a point, one sample at a time.

Written from the rules, not from the product's code; the product must say exactly the same. It shares only the ids and
the event type.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from anlan.stream.alarm import AlarmEvent, Change, Side, alarm_id, event_id
from anlan.stream.points import PointSpec

S = 1_000_000
HOLD_AFTER, HOLD_WINDOW = 10, 60 * S
"""A point that changed so often within so long keeps its alarm until it has been calm for as long."""


@dataclass
class Sample:
    code: str
    value: float | None
    quality: int
    time: int


@dataclass
class Open:
    id: str
    since: int
    level: str
    worst: str
    changes: int = 0


@dataclass
class Point:
    spec: PointSpec
    last: int | None = None
    last_received: int | None = None
    last_was_bad: bool = False
    good: int | None = None
    good_received: int | None = None
    value: float | None = None
    changed: int | None = None
    seen: int | None = None
    newest_frame: int | None = None
    expected: int | None = None
    active: set[str] = field(default_factory=set)
    pending: dict[str, int] = field(default_factory=dict)
    open: dict[Side, Open] = field(default_factory=dict)
    flips: dict[str, int] = field(default_factory=dict)
    flips_since: dict[str, int] = field(default_factory=dict)
    taken: list[tuple[int, float]] = field(default_factory=list)

    def limit(self, name: str) -> float | None:
        return {"LL": self.spec.ll, "L": self.spec.l, "H": self.spec.h, "HH": self.spec.hh}[name]

    def violates(self, name: str, value: float) -> bool:
        limit = self.limit(name)
        if limit is None:
            return False
        return value <= limit if name in ("LL", "L") else value >= limit

    def is_worse(self, sample: Sample) -> bool:
        """Of one instant, further beyond a limit than what was taken."""
        if sample.quality >= 2:
            return False
        low = any(self.violates(name, sample.value) for name in ("LL", "L"))
        high = any(self.violates(name, sample.value) for name in ("HH", "H"))
        held = self.value
        return (low and (held is None or sample.value < held)) or (high and (held is None or sample.value > held))

    def is_back(self, name: str, value: float) -> bool:
        limit = self.limit(name)
        if limit is None:
            return True
        return value > limit + self.spec.deadband if name in ("LL", "L") else value < limit - self.spec.deadband


RANK = {None: 0, "L": 1, "H": 1, "LL": 2, "HH": 2}


class ReferenceKernel:
    def __init__(self, specs: list[PointSpec]) -> None:
        self.points = {spec.code: Point(spec) for spec in specs}

    def frame(self, collected: int, received: int, samples: list[Sample]) -> list[AlarmEvent]:
        events: list[AlarmEvent] = []
        for sample in samples:
            events += self.sample(self.points[sample.code], sample, collected, received)
        return events

    def sample(self, point: Point, sample: Sample, collected: int, received: int) -> list[AlarmEvent]:
        events = []
        good = sample.quality < 2
        if point.newest_frame is None or collected > point.newest_frame:
            point.newest_frame = collected
            point.seen = received if point.seen is None else max(point.seen + 1, received)
            if Side.NO_DATA in point.open:
                value = sample.value if good else None
                events.append(self.clear(point, Side.NO_DATA, value, None, received, received))
        again = point.last is not None and sample.time == point.last
        if (point.last is not None and sample.time < point.last) or (again and not point.is_worse(sample)):
            return events
        now = sample.time
        before = set(point.active)
        starts: dict[str, int] = {}
        waiting = set(point.pending) & before
        held = {group for group in ("limits", "quality") if not self.calm(point, group, now)
                and point.flips.get(group, 0) >= HOLD_AFTER}  # fmt: skip
        for name in ("LL", "L", "H", "HH"):
            if not good:
                continue
            on = name in point.active
            wants = point.is_back(name, sample.value) if on else point.violates(name, sample.value)
            if not again or on != wants:
                self.delay(point, name, wants, now, starts, "limits" in held)
        if not again:
            self.delay(point, "BAD", good if "BAD" in point.active else not good, now, starts, "quality" in held)
        self.count_flips(point, now, set(starts), (waiting - set(point.pending)) & point.active, held)
        if good:
            if point.value is None or sample.value != point.value:
                point.changed = now
            flat_s = point.spec.flatline_s
            flat = point.value == sample.value and flat_s is not None and now - point.changed >= round(flat_s * S)
            if flat != ("FLAT" in point.active) and not again:
                point.active ^= {"FLAT"}
                starts["FLAT"] = point.changed
                if not flat and point.value == sample.value:
                    point.changed = now
            point.value, point.good, point.good_received = sample.value, now, received
            point.taken.append((now, sample.value))
        point.last, point.last_received, point.last_was_bad = now, received, not good
        events += self.say(point, before, starts, sample.value if good else None, now, received)
        return events

    def calm(self, point: Point, group: str, now: int) -> bool:
        return group not in point.flips_since or now - point.flips_since[group] > HOLD_WINDOW

    def count_flips(self, point: Point, now: int, changed: set[str], came_back: set[str], held: set[str]) -> None:
        for group, names in (("limits", {"LL", "L", "H", "HH"}), ("quality", {"BAD"})):
            flipped, absorbed = bool(changed & names), group in held and bool(came_back & names)
            if not flipped and not absorbed:
                continue
            calm = self.calm(point, group, now)
            point.flips[group] = (0 if calm else point.flips.get(group, 0)) + flipped
            if calm or group in held:
                point.flips_since[group] = now

    def delay(self, point: Point, name: str, wants: bool, now: int, starts: dict[str, int], held: bool) -> None:
        if not wants:
            point.pending.pop(name, None)
            return
        start = point.pending.setdefault(name, now)
        wait = round((point.spec.off_delay_s if name in point.active else point.spec.on_delay_s) * S)
        if held and name in point.active:
            wait = max(wait, HOLD_WINDOW)
        if now - start >= wait:
            del point.pending[name]
            point.active ^= {name}
            starts[name] = start

    def say(
        self, point: Point, before: set[str], starts: dict[str, int], value: float | None, at: int, detected: int
    ) -> list[AlarmEvent]:
        events = []
        for side, names in ((Side.LOW, ("LL", "L")), (Side.HIGH, ("HH", "H"))):
            old = next((name for name in names if name in before), None)
            new = next((name for name in names if name in point.active), None)
            if old == new:
                continue
            if new is None:
                events.append(self.clear(point, side, value, point.limit(old), at, detected))
            elif old is None:
                since = min(starts[name] for name in names if name in starts)
                events.append(self.raise_(point, side, new, value, point.limit(new), since, at, detected))
            else:
                change = Change.WORSENED if RANK[new] > RANK[old] else Change.EASED
                alarm = point.open[side]
                alarm.level = new
                if RANK[new] > RANK[alarm.worst]:
                    alarm.worst = new
                events.append(self.event(point, side, change, value, point.limit(new), at, detected))
        for side, name in ((Side.FLATLINE, "FLAT"), (Side.BAD_QUALITY, "BAD")):
            if name in point.active and name not in before:
                events.append(self.raise_(point, side, side.value, value, None, starts[name], at, detected))
            if name in before and name not in point.active:
                events.append(self.clear(point, side, value, None, at, detected))
        return events

    def sweep(self, now: int, listening: int = 0) -> list[AlarmEvent]:
        silent, delayed, flat = [], [], []
        for point in self.points.values():
            if point.expected is None:
                point.expected = now
            base = max(point.expected if point.seen is None else point.seen, listening)
            if Side.NO_DATA not in point.open and now - base >= round(point.spec.no_data_s * S):
                due = base + round(point.spec.no_data_s * S)
                silent.append(self.raise_(point, Side.NO_DATA, "no_data", point.value, None, base, due, now))
        for point in self.points.values():
            delayed += self.finish_delays(point, now)
        for point in self.points.values():
            flat_s = point.spec.flatline_s
            if flat_s is None or point.last is None or point.last_was_bad or "FLAT" in point.active:
                continue
            elapsed = point.good - point.changed + point.seen - point.good_received
            if point.seen > point.good_received and elapsed >= round(flat_s * S):
                point.active.add("FLAT")
                due = point.changed + round(flat_s * S)
                flat.append(self.raise_(point, Side.FLATLINE, "flatline", point.value, None, point.changed, due, now))
        return silent + delayed + flat

    def finish_delays(self, point: Point, now: int) -> list[AlarmEvent]:
        events = []
        wait = round(point.spec.on_delay_s * S)
        groups = [(("LL", "L"), point.good, point.good_received, point.value)]
        groups += [(("HH", "H"), point.good, point.good_received, point.value)]
        groups += [(("BAD",), point.last, point.last_received, None)]
        for names, sampled, received, value in groups:
            ripe = {
                name: point.pending[name]
                for name in names
                if name in point.pending
                and name not in point.active
                and sampled + (now - received) >= point.pending[name] + wait
            }
            if ripe:
                before = set(point.active)
                point.active |= set(ripe)
                for name in ripe:
                    del point.pending[name]
                events += self.say(point, before, ripe, value, max(ripe.values()) + wait, now)
        return events

    def raise_(
        self,
        point: Point,
        side: Side,
        level: str,
        value: float | None,
        limit: float | None,
        since: int,
        at: int,
        detected: int,
    ) -> AlarmEvent:
        point.open[side] = Open(alarm_id(point.spec.code, side, since), since, level, level)
        return self.event(point, side, Change.RAISED, value, limit, at, detected)

    def clear(
        self, point: Point, side: Side, value: float | None, limit: float | None, at: int, detected: int
    ) -> AlarmEvent:
        event = self.event(point, side, Change.CLEARED, value, limit, at, detected)
        del point.open[side]
        return event

    def event(
        self,
        point: Point,
        side: Side,
        change: Change,
        value: float | None,
        limit: float | None,
        at: int,
        detected: int,
    ) -> AlarmEvent:
        alarm = point.open[side]
        alarm.changes += 1
        ends = {Side.LOW: min, Side.HIGH: max}
        during = [number for time, number in point.taken if time >= alarm.since]
        return AlarmEvent(
            event_id=event_id(alarm.id, alarm.changes, change),
            alarm_id=alarm.id,
            point=point.spec.code,
            enterprise=point.spec.enterprise,
            source=point.spec.source,
            side=side,
            change=change,
            level=alarm.level,
            worst=alarm.worst,
            value=value,
            limit=limit,
            since_us=alarm.since,
            at_us=at,
            detected_us=detected,
            extreme=ends[side](during) if side in ends and during else None,
        )
