"""What goes into the log comes out of it, or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.stream.envelope import EnvelopeError, Record, message_id, pack, unpack

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
