"""Limits and signs of no value, as other gateways' packets meet them."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.unit.stream.packets import packet

from anlan.stream.alarm import AlarmEvent
from anlan.stream.envelope import Record
from anlan.stream.frame import BAD, GOOD, Frame, FrameDecoder
from anlan.stream.kernel import Kernel
from anlan.stream.packet import Form
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.tags import tags_hash

AT = 1_709_251_200_000_000


def told(spec: PointSpec, value: object) -> list[AlarmEvent]:
    table = PointTable([spec])
    record = Record("e", "g", "p", AT, packet({spec.code: value}))
    return Kernel(table).apply(FrameDecoder(table).decode(record))


@pytest.mark.case("A9")
@pytest.mark.parametrize(
    ("limits", "value", "level"),
    [
        ({"h": 1.55}, "1.5499999523162842", "H"),  # 1.55 in 32 bits
        ({"h": 1.55}, 1.5499999523162842, "H"),
        ({"h": 1.55}, "1.5499998", None),
        ({"l": 0.3}, "0.30000001192092896", "L"),  # 0.3 in 32 bits
        ({"l": 0.3}, "0.3000001", None),
        ({"h": 1.55, "hh": 16777217.0}, "1.55", "H"),
        ({"h": 1e300}, "1.0", None),
        ({"l": 1e300}, "1e301", None),
    ],
)
def test_what_32_bits_keep_of_a_limit_is_at_the_limit(limits, value, level):
    events = told(PointSpec(code="p", enterprise="e", gateway="g", range_max=1e302, **limits), value)
    assert [event.level for event in events] == ([level] if level else [])
    assert [event.limit for event in events] == ([next(iter(limits.values()))] if level else [])


def decoded(spec: PointSpec, value: float, form: Form) -> Frame:
    decoder = FrameDecoder(PointTable([spec]), lambda gateway, digest: ["p"])
    if form == Form.NATIONAL:
        body = packet({"p": value})
    else:
        report = {
            "enterpriseId": "e", "gatewayId": "g", "collectTime": "20240301080000", "dataId": "1",
            "tagsHash": tags_hash(["p"]), "values": [value],
        }  # fmt: skip
        body = msgspec.json.encode({"enterpriseId": "e", "report": report})
    return decoder.decode(Record("e", "g", "p", AT, body, form=form))


@pytest.mark.case("A9")
@pytest.mark.parametrize("form", [Form.NATIONAL, Form.COMPACT])
def test_the_sign_of_a_broken_transmitter_raises_bad_quality_and_no_limit(form):
    spec = PointSpec(code="p", enterprise="e", gateway="g", range_min=-50, range_max=150, ll=-20, missing="-9999;32767")
    for sign in (-9999, 32767.0):
        frame = decoded(spec, sign, form)
        assert frame.quality.tolist() == [BAD]
        assert np.isnan(frame.value).all()
    assert decoded(spec, 21.5, form).quality.tolist() == [GOOD]
    [event] = told(spec, "-9999")
    assert (event.side, event.change) == ("bad_quality", "raised")
    assert [event.level for event in told(spec, "-9998")] == ["LL"]
