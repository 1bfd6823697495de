"""A packet leaves the local log only on an answer that accounts for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.edge.reply import Verdict, decide


def answer(accepted: int, duplicates: int = 0, refused: tuple[int, ...] = ()) -> bytes:
    refusals = [{"index": index, "dataId": "x", "reason": "malformed", "detail": "坏"} for index in refused]
    return json.dumps({"accepted": accepted, "duplicates": duplicates, "refused": refusals}).encode()


def test_a_full_account_settles():
    decision = decide(200, answer(2, 1, (1,)), sent=4)
    assert decision.verdict is Verdict.SETTLED
    assert [(one.index, one.reason) for one in decision.refused] == [(1, "malformed")]


def test_all_refused_settles_too_for_the_queue_must_not_stand_still():
    assert decide(400, answer(0, 0, (0, 1)), sent=2).verdict is Verdict.SETTLED


@pytest.mark.parametrize(
    "body", [b"", b"<html>please log in</html>", b"{}", b"[]", answer(1), answer(3), answer(1, 0, (5,)), answer(3, -1)]
)
def test_a_200_that_does_not_account_for_everything_is_tried_again(body: bytes):
    assert decide(200, body, sent=2).verdict is Verdict.RETRY


def test_a_400_without_account_is_split_until_the_offender_is_alone():
    assert decide(400, b"bad request", sent=8).verdict is Verdict.SPLIT
    assert decide(413, b"", sent=8).verdict is Verdict.SPLIT


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_centre_that_is_not_ready_is_tried_again(status: int):
    assert decide(status, b"", sent=1).verdict is Verdict.RETRY


def test_the_wait_that_the_centre_asks_for_is_kept_within_reason():
    assert decide(503, b"", 1, "7").retry_after == 7
    assert decide(503, b"", 1, "999999").retry_after == 300
    assert decide(503, b"", 1, "Wed, 21 Oct 2026 07:28:00 GMT").retry_after is None


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405])
def test_a_wrong_key_or_address_is_for_people_to_mend(status: int):
    assert decide(status, b"", sent=1).verdict is Verdict.CREDENTIALS


def test_an_encoding_that_is_not_taken_is_dropped():
    assert decide(415, b"", sent=1).verdict is Verdict.PLAIN


@given(st.integers(100, 599), st.binary(max_size=200), st.integers(1, 50))
def test_no_answer_whatever_settles_without_an_account(status: int, body: bytes, sent: int):
    assert decide(status, body, sent).verdict is not Verdict.SETTLED
