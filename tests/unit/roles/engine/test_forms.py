"""The engine on packets in every form: the same samples, numbers noted once, edge alarms in the very next commit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from anlan.roles.engine.state import EngineCore
from anlan.roles.engine.store import Remembered
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogMessage
from anlan.stream.packet import Form
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec
from anlan.stream.refusal import Refusal
from anlan.stream.tags import tags_hash
from anlan.testing.sender import binary, collect_time, compact, packet
from anlan.testing.sites import sites

(SITE,) = sites(1, 3)
PARTITION = partition_of(SITE.enterprise)
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
NOW_US = round(NOW.timestamp() * 1e6)


def core(**lists: list[str]) -> EngineCore:
    specs = [PointSpec(code=code, enterprise=SITE.enterprise, gateway=SITE.gateway, h=80) for code in SITE.points]
    known = {tags_hash(list(SITE.points)): list(SITE.points), **lists}
    made = EngineCore(specs, lambda gateway, digest: known.get(digest))
    made.restore(Remembered({PARTITION: 0}, {}))
    return made


def record(body: Any, form: Form, seq: int | None = None, boot: str = "b") -> Record:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Record(SITE.enterprise, SITE.gateway, f"{form}-{seq}", NOW_US, content, form, seq, boot)


def message(seq: int, *records: Record) -> LogMessage:
    return LogMessage(seq, PARTITION, pack(list(records)))


def test_every_form_raises_the_same_alarm() -> None:
    who = (SITE.enterprise, SITE.gateway, NOW)
    values = dict.fromkeys(SITE.points, 85.0)
    forms = {
        Form.NATIONAL: packet(*who, values),
        Form.COMPACT: compact(*who, values),
        Form.BINARY: binary(*who, values),
    }
    events = {form: core().take([message(1, record(body, form))]) for form, body in forms.items()}
    assert len(events[Form.NATIONAL]) == 3
    assert events[Form.NATIONAL] == events[Form.COMPACT] == events[Form.BINARY]


def test_a_packet_whose_list_is_gone_is_a_refusal_and_its_neighbours_count() -> None:
    engine = core()
    lost = compact(SITE.enterprise, SITE.gateway, NOW, {"X": 1.0})
    found = compact(SITE.enterprise, SITE.gateway, NOW, dict.fromkeys(SITE.points, 85.0))
    assert len(engine.take([message(1, record(lost, Form.COMPACT, 1), record(found, Form.COMPACT, 2))])) == 3
    refused = engine.everything([]).refused
    assert [each.reason for each in refused] == [Refusal.UNKNOWN_TAGS]


def test_numbers_read_again_after_a_crash_open_no_gap_and_stay_with_what_is_saved() -> None:
    one, two = (
        record(packet(SITE.enterprise, SITE.gateway, NOW, dict.fromkeys(SITE.points, 50.0)), Form.NATIONAL, seq)
        for seq in (1, 2)
    )
    four = record(packet(SITE.enterprise, SITE.gateway, NOW, {}), Form.NATIONAL, 4)
    engine = core()
    engine.take([message(1, one), message(2, two)])
    saved = engine.of_events([])  # the state of the gateway alone: its numbers are not on record yet
    state = {SITE.gateway: (2, engine.kernel.state_of(SITE.gateway))}
    assert not saved.sequences
    again = core()
    again.restore(Remembered({PARTITION: 0}, state))
    again.take([message(1, one), message(2, two), message(3, four)])
    news = again.everything([]).sequences
    assert [(gap.first, gap.last) for gap in news.gaps[SITE.gateway]] == [(3, 3)]
    assert news.heads[SITE.gateway].highest == 4
    assert not again.everything([]).sequences


def test_the_newest_message_handed_once_more_says_nothing_again() -> None:
    """Numbers, alarms of the enterprise's system and refusals have no guard but the position."""
    alarm = {"targetCode": SITE.points[0], "alarmTime": collect_time(NOW), "startStatus": "1"}
    alarms = {"enterpriseId": SITE.enterprise, "gatewayId": SITE.gateway, "alarms": [alarm]}
    sent = message(
        1,
        record({"enterpriseId": SITE.enterprise, "report": alarms}, Form.ALARMS, 1),
        record(compact(SITE.enterprise, SITE.gateway, NOW, {"X": 1.0}), Form.COMPACT, 2),
    )
    engine = core()
    engine.take([sent])
    engine.take([sent])
    assert engine.sequences.repeated == 0
    assert len(engine.edge_alarms) == 1
    assert [each.repeats for each in engine.everything([]).refused] == [1]


def test_alarms_of_the_enterprises_system_are_in_the_next_commit_with_their_partition() -> None:
    alarm = {"targetCode": SITE.points[0], "alarmTime": collect_time(NOW), "startStatus": "1"}
    report = {"enterpriseId": SITE.enterprise, "gatewayId": SITE.gateway, "alarms": [alarm, {"targetCode": 5}]}
    engine = core()
    assert engine.take([message(1, record({"enterpriseId": SITE.enterprise, "report": report}, Form.ALARMS))]) == []
    checkpoint = engine.of_events([])
    assert [(each.point, each.worst) for each in checkpoint.edge_alarms] == [(SITE.points[0], "HH")]
    assert checkpoint.partitions == {PARTITION}
    assert checkpoint
    assert engine.edge_alarms == []
    assert not engine.of_events([]).edge_alarms
    refused = engine.everything([]).refused
    assert [(each.reason, each.detail) for each in refused] == [(Refusal.MALFORMED, "1 条报警无法读出")]


def test_records_of_earlier_versions_are_read() -> None:

    old = msgspec.msgpack.encode([[SITE.enterprise, SITE.gateway, "p", NOW_US, b"{}"]])
    (read,) = msgspec.msgpack.decode(old, type=list[Record])
    assert (read.form, read.seq, read.boot) == (Form.NATIONAL, None, "")
