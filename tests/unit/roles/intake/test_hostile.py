"""Hostile bytes through the intake as it is: every one is refused with a reason, and the good ones beside it land."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.corpus import hostile

from anlan.stream.frame import FrameDecoder
from anlan.stream.packet import PacketError
from anlan.stream.points import PointSpec, PointTable
from anlan.testing.sender import checked, collect_time, numbered, packet
from anlan.testing.sites import sites

from .conftest import NOW, Desk

SITE = next(iter(sites()))
CORPUS = hostile(ENTERPRISE=SITE.enterprise, GATEWAY=SITE.gateway, POINT=SITE.points[0], TIME=collect_time(NOW))


def good(number: int) -> bytes:
    at = NOW - timedelta(seconds=number)
    return json.dumps(packet(SITE.enterprise, SITE.gateway, at, dict.fromkeys(SITE.points, 50.0))).encode()


SEEDS = [
    good(1),
    checked(numbered(json.loads(good(1)), 3, "b")),
    *(body for body, _ in CORPUS.values() if len(body) < 2000),
]


async def test_a_hostile_body_gets_the_verdict_it_deserves_and_its_neighbours_land() -> None:
    for name, (body, verdict) in CORPUS.items():
        desk = Desk()
        alone = await desk.post(body)
        if verdict.startswith("taken"):
            assert (alone.status, alone.accepted, alone.reasons) == (200, 1, []), name
        else:
            assert (alone.status, set(alone.reasons)) == (400, {verdict} if verdict else set()), name
        before = len(desk.records)
        if b"\n" not in body.strip() and body[:3] not in (b"ANB", b"\xef\xbb\xbf") and body.strip():
            reply = await desk.post(b"\n".join([good(1), body, good(2)]))
            assert (reply.status, len(desk.records)) == (200, before + 2), name
        table = PointTable([PointSpec(code=SITE.points[0], enterprise=SITE.enterprise, gateway=SITE.gateway)])
        for record in desk.records:
            frame = FrameDecoder(table).decode(record)
            assert (np.isfinite(frame.value) | (frame.quality == 2)).all(), name
        await desk.bundler.close()


async def _send(body: bytes, content_type: str) -> None:
    desk = Desk()
    try:
        reply = await desk.post(body, content_type=content_type)
        assert reply.status in (200, 400)
        answer = reply.body
        assert all(item["reason"] and item["detail"] for item in answer["refused"])
        assert len(desk.records) == answer["accepted"]
        for record in desk.records:
            with contextlib.suppress(PacketError):
                FrameDecoder(PointTable([])).decode(record)
    finally:
        await desk.bundler.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_a_packet_is_bent_into_the_answer_accounts_for_it(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(SEEDS) | st.binary(max_size=400)))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(place, min(len(body), place + 40)))
        body[place:end] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"null", b"{}", b"[", b'"', b"1e999", b"\xff", b",", b"NaN"])
        )
    kind = data.draw(st.sampled_from(["application/json", "application/vnd.anlan.frames", ""]))
    asyncio.run(_send(bytes(body), kind))
