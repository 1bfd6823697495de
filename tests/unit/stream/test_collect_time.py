"""Collect times by the minute are those of `parse_time`, and what that refuses is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.stream.collect_time import micros
from anlan.stream.packet import PacketError, Refusal, parse_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = (
    "20240229235959",
    "20240229235959999999",
    "20240229235959" + "001",
    "19700101000000",
    "19691231235959" + "5",
    "20991231160000",
    "19890601120000",
    "00010102000000",
    20240301080000,
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_microseconds_are_those_of_the_time_that_is_read_in_full(text: str | int) -> None:
    assert micros(text) == (parse_time(text) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    ["", "2024022923595", "20240229235960", "20240230000000", "20240229236000", "202402292359590000000",
     "2024022923595９", "20240229235959.5", " 20240229235959", "00010101000000"],
)  # fmt: skip
def test_what_is_no_time_is_refused_each_time_with_the_whole_text(text: str) -> None:
    for _ in range(2):
        with pytest.raises(PacketError) as refused:
            micros(text)
        assert refused.value.reason is Refusal.BAD_TIME
        with pytest.raises(PacketError) as in_full:
            parse_time(text)
        assert refused.value.detail == in_full.value.detail
