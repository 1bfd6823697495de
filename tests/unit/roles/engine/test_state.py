"""The engine's bookkeeping: killed after any message, before or after any commit, it says everything exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.roles.engine.state import EngineCore
from anlan.roles.engine.store import Checkpoint, Remembered
from anlan.stream.alarm import AlarmEvent, Change, Side
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogMessage
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec
from anlan.testing.sender import packet
from anlan.testing.sites import Site, sites

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SITES = list(sites(3, 2))


def specs() -> list[PointSpec]:
    return [
        PointSpec(
            code=code, enterprise=site.enterprise, gateway=site.gateway, source=site.source,
            ll=10, l=20, h=80, hh=90, deadband=1, on_delay_s=2.0, no_data_s=600,
        )
        for site in SITES
        for code in site.points
    ]  # fmt: skip


def record(site: Site, second: float, value: float) -> Record:
    at = START + timedelta(seconds=second)
    body = msgspec.json.encode(packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, value)))
    return Record(site.enterprise, site.gateway, f"p{second}", round(at.timestamp() * 1e6) + 300_000, body)


class Disk:
    """What survives a kill: events by id, states, positions. A commit is whole or not at all."""

    def __init__(self) -> None:
        self.events: dict[str, AlarmEvent] = {}
        self.states: dict[str, tuple[int, bytes]] = {}
        self.positions: dict[int, int] = {1: 0, 2: 0}
        self.extremes: dict[str, float | None] = {}

    def commit(self, checkpoint: Checkpoint) -> None:
        self.events |= {event.event_id: event for event in checkpoint.events}
        self.extremes |= {event.alarm_id: event.extreme for event in checkpoint.events}
        self.extremes |= {peak.alarm_id: peak.extreme for peak in checkpoint.peaks}
        self.states |= checkpoint.states
        self.positions |= checkpoint.positions

    @property
    def through(self) -> int:
        return min(self.positions.values(), default=0)

    def engine(self) -> EngineCore:
        core = EngineCore(specs())
        core.restore(Remembered(self.positions, self.states))
        core.begins_at(self.through)
        return core


def story(events: dict[str, AlarmEvent]) -> list[tuple[object, ...]]:
    return sorted(
        (e.point, e.since_us, e.at_us, e.side, e.change, e.level, e.worst, e.alarm_id, e.event_id)
        for e in events.values()
    )


def furthest(events: dict[str, AlarmEvent], values: list[list[int]]) -> dict[str, float]:
    """Of every alarm the furthest value that its point's recording shows while it lasted."""
    found = {}
    for event in events.values():
        site = next(number for number, each in enumerate(SITES) if each.enterprise == event.enterprise)
        ends = [e.at_us for e in events.values() if e.alarm_id == event.alarm_id and e.change == Change.CLEARED]
        begin, micro = round(START.timestamp() * 1e6), 1_000_000
        during = [
            row[site]
            for second, row in enumerate(values)
            if event.since_us <= begin + second * micro and all(begin + second * micro <= end for end in ends)
        ]
        found[event.alarm_id] = float(min(during) if event.side == Side.LOW else max(during))
    return found


def messages(values: list[list[int]]) -> list[LogMessage]:
    log = []
    for number, row in enumerate(values):
        records = [record(site, number, float(value)) for site, value in zip(SITES, row, strict=True)]
        for partition, part in ((1, records[:1]), (2, records[1:])):
            log.append(LogMessage(len(log) + 1, partition, pack(part)))
    return log


levels = st.lists(st.lists(st.sampled_from([5, 15, 50, 79, 85, 95]), min_size=3, max_size=3), min_size=3, max_size=14)
fates = st.lists(
    st.sampled_from(["run", "slice", "all", "die after commit", "die between parts", "die before commit"]), max_size=60
)


@pytest.mark.case("F1")
@settings(max_examples=60, deadline=None)
@given(levels, fates)
def test_kills_at_any_instant_change_no_event(values: list[list[int]], fate: list[str]) -> None:
    log = messages(values)
    calm, whole = Disk(), EngineCore(specs())
    for message in log:
        calm.commit(whole.of_events(whole.take([message])))
    disk = Disk()
    core, place, turns = disk.engine(), 0, iter(fate)
    while place < len(log):
        events = core.take([log[place]])
        place += 1
        what = next(turns, "run")
        if what == "die before commit":
            # the log gives everything again that was not acknowledged
            core, place = disk.engine(), disk.through
            continue
        checkpoint = core.of_events(events) if events else Checkpoint()
        if what == "slice":
            checkpoint = checkpoint.joined(core.next_slice(1))
        if what == "all":
            checkpoint = core.everything(events)
        for part in core.parts(checkpoint, 1):
            disk.commit(part)
            core.saved(part)
            if what == "die between parts":
                break
        if what.startswith("die"):
            core, place = disk.engine(), disk.through
    assert story(disk.events) == story(calm.events)
    disk.commit(core.everything([]))
    assert disk.extremes == furthest(calm.events, values)


@pytest.mark.case("F1")
def test_how_far_an_open_alarm_went_is_written_without_an_event_and_once() -> None:
    """The level stays HH from 5.31 on while the value climbs to 7.63 and falls again: no event, but a worst value."""
    specs = [PointSpec(code="q", enterprise="e", gateway="g", source="s", h=2.0, hh=5.0)]
    core = EngineCore(specs)

    def report(second: int, value: float) -> list[AlarmEvent]:
        at = START + timedelta(seconds=second)
        body = msgspec.json.encode(packet("e", "g", at, {"q": value}))
        message = LogMessage(second, 1, pack([Record("e", "g", f"p{second}", round(at.timestamp() * 1e6), body)]))
        return core.take([message])

    raised = core.of_events(report(1, 5.31))
    assert [(event.level, event.extreme) for event in raised.events] == [("HH", 5.31)]
    assert raised.peaks == []
    assert [report(second, value) for second, value in ((2, 6.4), (3, 7.63), (4, 7.1))] == [[], [], []]
    assert [(peak.alarm_id, peak.extreme) for peak in core.next_slice(9).peaks] == [(raised.events[0].alarm_id, 7.63)]
    report(5, 7.2)
    assert core.next_slice(9).peaks == [], "it has been said"
    assert [event.extreme for event in report(6, 1.0)] == [7.63]


def test_a_great_checkpoint_is_cut_by_enterprises_and_its_positions_come_last() -> None:
    core = Disk().engine()
    core.take(messages([[50, 50, 50]]))
    whole = core.everything(core.sweep(round(START.timestamp() * 1e6) + 700_000_000))
    assert len(whole.events) == 6
    assert core.parts(whole, 6) == [whole]
    for most, sizes in ((5, [4, 2]), (4, [4, 2]), (3, [2, 2, 2]), (1, [2, 2, 2])):
        parts = core.parts(whole, most)
        assert [len(part.events) for part in parts] == sizes
        assert [event for part in parts for event in part.events] == whole.events
        assert [len(part.states) for part in parts] == [size // 2 for size in sizes]
        assert [len(part.signs) for part in parts] == [size // 2 for size in sizes]
        assert [part.positions for part in parts] == [{}] * (len(parts) - 1) + [{1: 2, 2: 2}]
        for part in parts:
            homes = {event.enterprise for event in part.events}
            assert set(part.states) == {site.gateway for site in SITES if site.enterprise in homes}
            assert part.partitions == {partition_of(home) for home in homes}


def test_a_round_of_slices_moves_the_position_only_when_every_gateway_of_it_is_saved() -> None:
    log = messages([[50, 50, 50]] * 4)
    core = Disk().engine()
    core.take(log[:4])
    first = core.next_slice(2)
    assert (len(first.states), first.positions) == (2, {})
    core.saved(first)
    core.take(log[4:])
    second = core.next_slice(2)
    assert len(second.states) == 1
    assert second.positions == {1: 4, 2: 4}
    core.saved(second)
    assert not core.in_round
    rest = core.everything([])
    assert (len(rest.states), rest.positions) == (2, {1: 8, 2: 8})


def test_a_partition_given_away_and_taken_back_goes_on_where_its_state_was_saved() -> None:
    log = messages([[50, 50, 50], [95, 95, 95], [95, 95, 95]] + [[95, 95, 95]] * 3 + [[50, 50, 50]] * 5)
    calm, whole = Disk(), Disk().engine()
    for message in log:
        calm.commit(whole.of_events(whole.take([message])))
    disk = Disk()
    core = disk.engine()
    gone = partition_of(SITES[0].enterprise)
    for message in log[:8]:
        disk.commit(core.of_events(core.take([message])))
    disk.commit(core.everything([]))
    core.drop({gone})
    assert {core.table.specs[row].enterprise for row in np.flatnonzero(core.table.alive)} == {
        site.enterprise for site in SITES[1:]
    }
    assert core.sweep(round(START.timestamp() * 1e6) + 9_000_000) == [], "what was given away ends no alarm"
    core.follow([spec for spec in specs() if spec.enterprise == SITES[0].enterprise], {SITES[0].enterprise})
    core.restore(Remembered({}, {SITES[0].gateway: disk.states[SITES[0].gateway]}))
    for message in log[8:]:
        disk.commit(core.of_events(core.take([message])))
    assert story(disk.events) == story(calm.events)


def test_a_message_that_is_no_envelope_is_reported_and_passed() -> None:
    core = EngineCore(specs())
    assert core.take([LogMessage(1, 1, b"not an envelope"), *messages([[50, 50, 50]])[1:]]) == []
    refused = core.everything([]).refused
    assert [row.reason for row in refused] == ["unreadable"]
    assert core.samples == 4


def test_tags_that_nobody_registered_are_reported_once_a_checkpoint_with_their_names() -> None:
    core = EngineCore(specs())
    site = SITES[0]
    body = msgspec.json.encode(packet(site.enterprise, site.gateway, START, {site.points[0]: 50.0, "nirgends": 1.0}))
    for seq in (1, 2):
        core.take([LogMessage(seq, 1, pack([Record(site.enterprise, site.gateway, str(seq), 1, body)]))])
    refused = core.everything([]).refused
    assert [(row.reason, row.repeats) for row in refused] == [("unknown_point", 2)]
    assert "nirgends" in refused[0].detail
    assert core.everything([]).refused == []


def test_a_damaged_state_is_named_and_its_gateway_begins_anew() -> None:
    disk = Disk()
    core = disk.engine()
    core.take(messages([[50, 50, 50]]))
    disk.commit(core.everything([]))
    gateway = SITES[0].gateway
    seq, body = disk.states[gateway]
    disk.states[gateway] = (seq, body[:-1] + bytes([body[-1] ^ 1]))
    assert disk.engine().damaged_states == [gateway]


@pytest.mark.parametrize("moments", [(10, 5), (10, 10)])
def test_a_sweep_never_goes_back_in_time(moments: tuple[int, int]) -> None:
    core = EngineCore(specs())
    begin = round(START.timestamp() * 1e6)
    core.sweep(begin)
    for moment in moments:
        assert core.sweep(begin + moment * 1_000_000) == []
    silent = core.sweep(begin + 601 * 1_000_000)
    assert {event.side for event in silent} == {"no_data"}
    assert len(silent) == 6
    assert core.sweep(begin) == []
