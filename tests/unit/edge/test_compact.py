"""The compact form says exactly what the national form says, for every scan there can be."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anlan.edge.compact import announcement, compacted
from anlan.edge.packet import as_backfill, encode
from anlan.edge.scan import Quality, Sample, Scan
from anlan.stream.envelope import Record
from anlan.stream.frame import FrameDecoder
from anlan.stream.packet import Form, peek
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.tags import read_tags

AT = 1_772_424_000_000_000
ENTERPRISE, GATEWAY = "540170007", "54017000701"
NAMES = [f"P{number}" for number in range(6)]
values = st.floats(-1e9, 1e9) | st.none()
samples = st.builds(
    lambda value, quality, ago: Sample(value, Quality.BAD if value is None else quality, AT - ago),
    values, st.sampled_from(Quality), st.sampled_from([0, 1, 999_999, 60_000_000, -30_000_000, -61_000_000]),
)  # fmt: skip
scans = st.builds(Scan, st.just(AT), st.booleans(), st.dictionaries(st.sampled_from(NAMES), samples, min_size=1))


@given(scans, st.sampled_from([None, 0, 2]), st.booleans())
def test_both_forms_are_the_same_frame(scan: Scan, decimals: int | None, late: bool) -> None:
    data_id, packet = encode(
        scan, enterprise=ENTERPRISE, gateway=GATEWAY, decimals=dict.fromkeys(NAMES, decimals), seq=7, boot="b1"
    )
    packet = as_backfill(packet) if late else packet
    short = compacted(packet)
    assert short is not None
    told, plain = peek(short.body), peek(packet)
    assert (told.form, told.data_id, told.seq, told.boot) == (Form.COMPACT, data_id, 7, "b1")
    assert (told.report_type, told.connected, told.collected_at) == (
        plain.report_type, plain.connected, plain.collected_at,
    )  # fmt: skip
    listed = json.loads(announcement(ENTERPRISE, GATEWAY, short.tags))["report"]
    assert read_tags(json.dumps(listed["tags"]).encode(), listed["tagsHash"]) == list(short.tags)
    table = PointTable(PointSpec(code=name, enterprise=ENTERPRISE, gateway=GATEWAY) for name in NAMES)
    decoder = FrameDecoder(table, lambda gateway, digest: list(short.tags) if digest == short.hash else None)
    one = decoder.decode(Record(ENTERPRISE, GATEWAY, "a", AT, packet))
    two = decoder.decode(Record(ENTERPRISE, GATEWAY, "a", AT, short.body, told.form))
    for column in ("index", "value", "quality", "sampled_at_us"):
        np.testing.assert_array_equal(getattr(one, column), getattr(two, column), err_msg=column)
    assert (one.collected_at_us, one.connected) == (two.collected_at_us, two.connected)
