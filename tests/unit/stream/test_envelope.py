"""What goes into the log comes out of it, or is refused."""

from __future__ import annotations

import zlib

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from anlan.stream.envelope import MARK, MAX_UNPACKED, EnvelopeError, Record, fits_as_sent, message_id, pack, unpack

records = st.builds(
    Record,
    st.text(max_size=12),
    st.text(max_size=12),
    st.text(max_size=40),
    st.integers(0, 2**62),
    st.binary(max_size=80),
)


@given(st.lists(records, max_size=8))
def test_an_envelope_gives_back_its_records(given_records: list[Record]) -> None:
    assert unpack(pack(given_records)) == given_records
    assert pack(given_records) == pack(given_records)


def test_no_damaged_byte_goes_unnoticed() -> None:
    envelope = pack([Record("e", "g", f"p{number}", number, b"body" * number) for number in range(20)])
    for place in range(len(envelope)):
        broken = bytearray(envelope)
        broken[place] ^= 0x10
        with pytest.raises(EnvelopeError):
            unpack(bytes(broken))


@pytest.mark.parametrize("cut", [0, 3, 4, 5, 20])
def test_a_torn_envelope_is_refused(cut: int) -> None:
    with pytest.raises(EnvelopeError):
        unpack(pack([Record("e", "g", "p", 1, b"x" * 100)])[:cut])


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EnvelopeError):
        unpack(data)


def test_the_same_records_have_the_same_id_whenever_they_were_received() -> None:
    one = [Record("e", "g", "p1", 1, b"a"), Record("e", "g", "p2", 1, b"b")]
    again = [Record("e", "g", "p1", 9, b"a"), Record("e", "g", "p2", 9, b"b")]
    assert message_id(one) == message_id(again) != message_id(one[:1])


def test_ids_do_not_run_into_each_other() -> None:
    assert message_id([Record("e", "g1", "2p", 1, b"")]) != message_id([Record("e", "g", "12p", 1, b"")])


def test_what_was_sent_compressed_comes_out_plain_and_a_damaged_one_costs_its_neighbours_nothing() -> None:
    plain = [b"body" * number for number in range(1, 5)]
    frames = [zstandard.ZstdCompressor().compress(body) for body in plain]
    bad = [frames[0][:-1], b"", b"no frame", frames[1] + frames[2]]
    sent = [Record("e", "g", str(n), n, frame, "", 3, "b", True) for n, frame in enumerate(frames + bad)]
    found = unpack(pack([*sent, Record("e", "g", "p", 9, b"as it is")]))
    assert [record.body for record in found] == [*plain, *bad, b"as it is"]
    assert not any(record.packed for record in found)
    assert [(r.packet_id, r.seq, r.boot) for r in found[:4]] == [(str(n), 3, "b") for n in range(4)]


def test_records_of_older_logs_are_read_as_they_were_written() -> None:
    old = msgspec.msgpack.encode([["e", "g", "p1", 1, b"a"], ["e", "g", "p2", 2, b"b", "compact", 7, "boot"]])
    frame = zstandard.ZstdCompressor().compress(old)
    envelope = MARK + zlib.crc32(frame).to_bytes(4, "big") + frame
    assert unpack(envelope) == [Record("e", "g", "p1", 1, b"a"), Record("e", "g", "p2", 2, b"b", "compact", 7, "boot")]


def test_records_that_swell_beyond_the_bound_are_refused_before_they_are_opened() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(MAX_UNPACKED // 2 + 1))
    assert not fits_as_sent(bomb, bytes(MAX_UNPACKED // 2 + 1))
    with pytest.raises(EnvelopeError):
        unpack(pack([Record("e", "g", str(n), n, bomb, "", None, "", True) for n in range(2)]))
