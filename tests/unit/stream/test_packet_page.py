"""The examples of the packet page, read as they stand there by the code that reads packets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from anlan.stream import binary, edge_alarm
from anlan.stream.envelope import Record
from anlan.stream.frame import FrameDecoder
from anlan.stream.packet import Form, Header, peek
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.refusal import Refusal
from anlan.stream.tags import read_tags, tags_hash

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "packet-format.md").read_text(encoding="utf-8")
EXAMPLES = [block.encode() for block in re.findall(r"```json\n(.+?)```", PAGE, re.S)]
ENTERPRISE, GATEWAY = "540170007", "54017000701"


def by_form() -> dict[Form, tuple[bytes, Header]]:
    found = {}
    for text in EXAMPLES:
        if b'"report"' in text:
            header = peek(text.strip())
            found[header.form] = (text.strip(), header)
    return found


def record(body: bytes, form: Form) -> Record:
    return Record(ENTERPRISE, GATEWAY, "p", 1_576_569_004_000_000, body, form)


def decoder(tags: list[str]) -> FrameDecoder:
    table = PointTable(PointSpec(code=tag, enterprise=ENTERPRISE, gateway=GATEWAY) for tag in tags)
    return FrameDecoder(table, lambda gateway, digest: tags if digest == tags_hash(tags) else None)


def test_every_form_has_an_example_that_is_read() -> None:
    forms = by_form()
    assert set(forms) == {Form.NATIONAL, Form.COMPACT, Form.TAGS, Form.ALARMS}
    tags = read_tags(forms[Form.TAGS][1].content, forms[Form.TAGS][1].tags_hash)
    body, header = forms[Form.COMPACT]
    assert (header.tags_hash, header.count, header.seq) == (tags_hash(tags), len(tags), 17)
    frame = decoder(tags).decode(record(body, Form.COMPACT))
    np.testing.assert_array_equal(frame.value, [9173, 21.5, np.nan])
    assert frame.quality.tolist() == [0, 0, 2]
    assert (frame.sampled_at_us - frame.collected_at_us).tolist() == [0, -250_000, 0]
    alarms, damaged = edge_alarm.read(record(forms[Form.ALARMS][0], Form.ALARMS))
    assert ([(each.worst, each.value, each.is_over) for each in alarms], damaged) == ([("HH", 9.52, False)], 0)
    plain = decoder(tags).decode(record(forms[Form.NATIONAL][0], Form.NATIONAL))
    assert plain.value.tolist() == [9173]


def test_the_binary_example_makes_the_same_packet() -> None:
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.S)
    made: dict[str, Any] = {}
    exec(code, made)
    header = binary.peek(made["packet"])
    tags = read_tags(by_form()[Form.TAGS][1].content)
    assert (header.enterprise, header.gateway, header.tags_hash) == (ENTERPRISE, GATEWAY, tags_hash(tags))
    frame = decoder(tags).decode(record(made["packet"], Form.BINARY))
    np.testing.assert_array_equal(frame.value, [9173, 21.5, np.nan])


def test_the_answer_on_the_page_is_an_answer() -> None:
    (answer,) = [json.loads(text) for text in EXAMPLES if b'"accepted"' in text]
    assert set(answer) == {"accepted", "duplicates", "refused", "missing"}
    assert Refusal(answer["refused"][0]["reason"])


def test_every_reason_to_refuse_a_packet_stands_on_the_page() -> None:
    seen_only_here = {Refusal.BAD_KEY, Refusal.UNKNOWN_POINT, Refusal.UNREADABLE, Refusal.CLAIMED}
    assert [reason for reason in Refusal if f"`{reason}`" not in PAGE and reason not in seen_only_here] == []
