"""The packet the gateway writes is the packet the centre reads: nothing is rounded, lost or renamed on the way."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from anlan.edge.packet import as_backfill, collect_time, encode, value_text
from anlan.edge.scan import Quality, Sample, Scan
from anlan.stream.envelope import Record
from anlan.stream.frame import FrameDecoder
from anlan.stream.packet import parse_time, peek
from anlan.stream.points import PointSpec, PointTable

AT = int(datetime(2026, 3, 1, 0, 0, 5, tzinfo=UTC).timestamp() * 1e6)
CODE = "540170007002G0001YW001"


def written(scan: Scan, **decimals: int | None) -> dict:
    _, packet = encode(scan, enterprise="540170007", gateway="54017000701", decimals=decimals)
    return json.loads(packet)["report"]


def test_a_plain_scan_is_exactly_the_national_form():
    report = written(Scan(AT, True, {CODE: Sample(9173.0, Quality.GOOD, AT)}), **{CODE: 0})
    assert report["collectTime"] == "20260301080005"
    assert report["isConnectDataSource"] == "true"
    assert report["reportType"] == "report"
    assert report["datas"] == [{"quotaId": CODE, "value": "9173"}]


def test_a_sample_with_its_own_time_and_doubtful_quality_says_so():
    report = written(Scan(AT, True, {CODE: Sample(1.5, Quality.UNCERTAIN, AT - 1_500_000)}))
    assert report["datas"] == [
        {"quotaId": CODE, "value": "1.5", "isValid": "0", "quality": "uncertain", "collectTime": "202603010800035"}
    ]


def test_a_bad_sample_carries_no_value():
    report = written(Scan(AT, False, {CODE: Sample(None, Quality.BAD, AT)}))
    assert report["isConnectDataSource"] == "false"
    assert report["datas"][0]["value"] == ""
    assert report["datas"][0]["isValid"] == "0"


def test_the_same_scan_gets_the_same_id_and_another_one_another():
    one = Scan(AT, True, {CODE: Sample(1.0, Quality.GOOD, AT)})
    other = Scan(AT, True, {CODE: Sample(1.1, Quality.GOOD, AT)})
    ids = [encode(scan, enterprise="e", gateway="g", decimals={})[0] for scan in (one, one, other)]
    assert ids[0] == ids[1] != ids[2]


def test_backfill_changes_the_report_type_and_nothing_else():
    _, packet = encode(Scan(AT, True, {CODE: Sample(1.0, Quality.GOOD, AT)}), enterprise="e", gateway="g", decimals={})
    before, after = peek(packet), peek(as_backfill(packet))
    assert (before.report_type, after.report_type) == ("report", "continues")
    assert before.data_id == after.data_id
    assert json.loads(packet)["report"]["datas"] == json.loads(as_backfill(packet))["report"]["datas"]


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_every_time_reads_back_to_the_microsecond(at_us: int):
    assert round(parse_time(collect_time(at_us)).timestamp() * 1e6) == at_us


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_without_declared_decimals_every_number_reads_back_the_same(value: float):
    assert float(value_text(value, None)) == value


@given(st.floats(min_value=-1e6, max_value=1e6), st.integers(min_value=0, max_value=6))
def test_declared_decimals_are_what_is_shown(value: float, decimals: int):
    text = value_text(value, decimals)
    assert math.isclose(float(text), value, abs_tol=0.5001 * 10**-decimals)
    assert len(text.partition(".")[2]) == decimals


def test_the_centre_reads_back_every_value_time_and_quality():
    others = {name: CODE[:-3] + f"{number:03d}" for number, name in enumerate(("doubtful", "bad", "late"), start=2)}
    samples = {
        CODE: Sample(1.25, Quality.GOOD, AT),
        others["doubtful"]: Sample(2.5, Quality.UNCERTAIN, AT - 4_000_000),
        others["bad"]: Sample(None, Quality.BAD, AT),
        others["late"]: Sample(3.0, Quality.GOOD, AT - 123_456),
    }
    _, packet = encode(Scan(AT, True, samples), enterprise="540170007", gateway="54017000701", decimals={})
    table = PointTable(
        [PointSpec(code=code, enterprise="540170007", gateway="54017000701", source="540170007002") for code in samples]
    )
    frame = FrameDecoder(table).decode(Record("540170007", "54017000701", "id", AT + 1_000_000, packet))
    assert frame.quality.tolist() == [0, 1, 2, 0]
    assert frame.sampled_at_us.tolist() == [sample.sampled_at_us for sample in samples.values()]
    assert [value for value in frame.value.tolist() if not math.isnan(value)] == [1.25, 2.5, 3.0]
