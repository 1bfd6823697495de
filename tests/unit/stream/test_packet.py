"""Cutting requests into packets and reading their headers, also when they are hostile."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stream.packets import HOSTILE, packet

from anlan.stream.packet import PacketError, Refusal, admit, peek, split

NATIONAL = b"""{ "enterpriseId": "540170007",
  "report": {
    "reportType": "report", "enterpriseId": "540170007", "gatewayId": "54017000701",
    "collectTime": "20191217155004", "isConnectDataSource": "true", "dataType": "energy_data",
    "dataId": "8d1f", "datas": [ { "quotaId": "540170007002G0001YW001", "value": "9173" } ] } }"""


def reason_of(raw: bytes) -> Refusal:
    with pytest.raises(PacketError) as caught:
        peek(raw)
    assert caught.value.detail
    return caught.value.reason


def test_the_national_example_is_understood() -> None:
    header = peek(NATIONAL)
    assert (header.enterprise, header.gateway, header.data_id) == ("540170007", "54017000701", "8d1f")
    assert header.collected_at == datetime(2019, 12, 17, 7, 50, 4, tzinfo=UTC)
    assert header.report_type == "report"
    assert header.connected is True


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_and_nothing_else_happens(name: str) -> None:
    assert reason_of(HOSTILE[name]) in Refusal


def test_each_kind_of_damage_has_its_own_reason() -> None:
    assert reason_of(HOSTILE["gbk"]) == Refusal.NOT_UTF8
    assert reason_of(HOSTILE["truncated"]) == Refusal.MALFORMED
    assert reason_of(HOSTILE["time is a date that does not exist"]) == Refusal.BAD_TIME
    assert reason_of(packet(samples=[{"quotaId": "a", "value": "1"}] * 20_001)) == Refusal.TOO_MANY_SAMPLES


def test_every_reason_has_chinese_words() -> None:
    assert all(reason.label for reason in Refusal)


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert peek(b"\xef\xbb\xbf" + NATIONAL) == peek(NATIONAL)


def test_fractions_of_a_second_are_kept() -> None:
    assert peek(packet(at="20240301080000250")).collected_at.microsecond == 250_000


@pytest.mark.parametrize(
    ("flag", "connected"), [("false", False), (False, False), ("0", False), ("true", True), (None, True)]
)
def test_a_dead_control_system_is_told_apart_from_a_dead_gateway(flag: object, connected: bool) -> None:
    assert peek(packet(isConnectDataSource=flag)).connected is connected


def test_a_packet_without_an_id_is_known_by_its_content() -> None:
    one, two = packet({"a": "1"}, data_id=None), packet({"a": "2"}, data_id=None)
    assert peek(one).data_id == peek(one).data_id != peek(two).data_id


def test_peek_does_not_look_at_samples() -> None:
    assert peek(packet(samples=[{"anything": [1, {"x": None}]}])).gateway == "54017000701"


def test_one_packet_in_a_body_stays_as_it_is() -> None:
    assert split(NATIONAL) == [NATIONAL]
    assert split(b"\xef\xbb\xbf  " + NATIONAL + b"\r\n") == [NATIONAL]


def test_an_array_and_lines_are_cut_into_packets() -> None:
    one, two = packet({"a": "1"}), packet({"b": "2"})
    assert [peek(raw) for raw in split(b"[" + one + b" , " + two + b"]")] == [peek(one), peek(two)]
    assert split(one + b"\n\r\n" + two + b"\n") == [one, two]


def test_a_damaged_line_does_not_take_its_neighbours_with_it() -> None:
    good = packet({"a": "1"})
    assert split(good + b"\n" + good[:-9] + b"\n\xc4\xe3\n" + good) == [good, good[:-9], b"\xc4\xe3", good]
    assert split(b"garbage\n" + good) == [b"garbage", good]


def test_a_damaged_element_of_an_array_does_not_take_its_neighbours_with_it() -> None:
    good = packet({"a": "1"})
    parts = split(b"[" + good + b",5," + good + b"]")
    assert parts == [good, b"5", good]
    assert reason_of(parts[1]) == Refusal.MALFORMED


@pytest.mark.parametrize("body", [b"", b" \n ", b"[", b"[{}", b"[" * 20_000])
def test_a_body_that_cannot_be_cut_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(PacketError):
        split(body)


def test_too_many_packets_are_refused() -> None:
    with pytest.raises(PacketError) as caught:
        split(b"{}\n" * 11, max_packets=10)
    assert caught.value.reason == Refusal.TOO_MANY_PACKETS


@given(st.binary(max_size=300))
def test_any_bytes_end_in_packets_or_a_refusal(body: bytes) -> None:
    try:
        parts = split(body)
    except PacketError:
        return
    for part in parts:
        with pytest.raises(PacketError):
            peek(part)


@given(st.data())
def test_a_mutated_packet_is_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(NATIONAL)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = peek(bytes(raw))
    except PacketError:
        return
    assert header.collected_at.tzinfo is not None


def test_compressed_bytes_are_not_mistaken_for_a_packet() -> None:
    assert reason_of(gzip.compress(NATIONAL)) in {Refusal.NOT_UTF8, Refusal.MALFORMED}


class TestAdmission:
    now = datetime(2024, 3, 1, 0, 0, 0, tzinfo=UTC)

    def admit(self, **changed: object) -> None:
        known = {"enterprise": "540170007", "gateway": "54017000701", "now": self.now, **changed}
        admit(peek(packet()), **known)  # type: ignore[arg-type]

    def refused(self, **changed: object) -> Refusal:
        with pytest.raises(PacketError) as caught:
            self.admit(**changed)
        return caught.value.reason

    def test_a_packet_of_now_is_admitted(self) -> None:
        self.admit()

    def test_another_gateways_packet_is_foreign(self) -> None:
        assert self.refused(gateway="54017000702") == Refusal.FOREIGN

    def test_another_enterprises_packet_is_foreign(self) -> None:
        assert self.refused(enterprise="540170008") == Refusal.FOREIGN

    def test_the_tolerance_for_fast_clocks_is_sharp(self) -> None:
        self.admit(now=self.now - timedelta(seconds=60))
        assert self.refused(now=self.now - timedelta(seconds=60, microseconds=1)) == Refusal.FUTURE_DATED

    def test_back_fill_has_a_limit(self) -> None:
        self.admit(now=self.now + timedelta(days=30))
        assert self.refused(now=self.now + timedelta(days=30, seconds=1)) == Refusal.TOO_OLD
