"""What is stored already is not taken once more: messages up to a partition's position come again beside others."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from anlan.roles.historian.historian import Historian
from anlan.roles.historian.minutes import OpenMinutes
from anlan.stream.envelope import Record, pack
from anlan.stream.frame import FrameDecoder
from anlan.stream.log import LogMessage
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec, PointTable
from anlan.testing.clock import FakeClock
from anlan.testing.sender import packet
from anlan.testing.sites import sites

from .recorded import START, us

[SITE] = sites(1, 2)
PARTITION = partition_of(SITE.enterprise)


@pytest.fixture
def historian() -> Historian:
    """One that has taken its partition up at number 7, without a log or a database."""
    stub: Any = SimpleNamespace(reader=lambda name: None)
    made = Historian(stub, FakeClock(START), lambda: False, stub, stub)
    specs = [PointSpec(code=code, enterprise=SITE.enterprise, gateway=SITE.gateway) for code in SITE.points]
    made._table = PointTable(specs)
    made._decoder = FrameDecoder(made._table, made._tag_list)
    made._open = OpenMinutes(made._table)
    made._positions = {PARTITION: 7}
    return made


def message(seq: int) -> LogMessage:
    body = json.dumps(packet(SITE.enterprise, SITE.gateway, START, dict.fromkeys(SITE.points, float(seq)))).encode()
    return LogMessage(seq, PARTITION, pack([Record(SITE.enterprise, SITE.gateway, str(seq), us(START), body)]))


def test_a_message_is_taken_when_it_lies_beyond_the_position_and_once(historian: Historian) -> None:
    taken = []
    for seq in (6, 7, 8, 8, 7, 10, 9, 11):
        before = historian._open.samples
        historian._take(message(seq))
        taken.append(historian._open.samples - before)
    assert taken == [0, 0, 2, 0, 0, 2, 0, 2]
    assert historian._positions == {PARTITION: 11}
