"""Bodies that are being read are bounded over all senders, and what was held is given back however a request ends."""

from __future__ import annotations

import asyncio

import pytest

from anlan.process.bodies import BodyError, InHand, read


def test_a_body_that_does_not_fit_beside_the_others_is_refused_and_holds_nothing() -> None:
    hand = InHand(limit=100)
    with hand.hold() as one:
        one(80)
        with hand.hold() as other:
            other(15)
            with pytest.raises(BodyError) as refused:
                other(15)
        assert refused.value.status == 429
        assert hand.bytes == 80
    assert hand.bytes == 0


def test_one_body_alone_is_taken_however_large_it_is() -> None:
    hand = InHand(limit=100)
    with hand.hold() as one:
        one(60)
        one(60)
        assert hand.bytes == 120


def test_reading_counts_every_piece_before_it_is_kept() -> None:
    hand = InHand(limit=10)
    pieces = [{"type": "http.request", "body": b"123456", "more_body": True}] * 3

    async def receive() -> dict[str, object]:
        return pieces.pop()

    async def run() -> None:
        with hand.hold() as busy, hand.hold() as count:
            busy(1)
            await read(receive, None, count=count)

    with pytest.raises(BodyError):
        asyncio.run(run())
    assert len(pieces) == 1, "the second piece was one too many"
    assert hand.bytes == 0
