"""What the intake takes, refuses, counts as known, and when it answers."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from anlan.process import bodies
from anlan.roles.intake.unpack import MAX_UNPACKED, unpack
from anlan.stream.partition import partition_of
from anlan.testing.sender import packet

from .conftest import NOW, Desk


def made(desk: Desk, seconds: float = 0, site: int = 0, **options: str) -> dict[str, object]:
    one = desk.sites[site]
    values = dict.fromkeys(one.points, 42.5)
    return packet(one.enterprise, one.gateway, NOW + timedelta(seconds=seconds), values, **options)  # type: ignore[arg-type]


async def test_a_packet_is_answered_when_the_log_has_it(desk: Desk) -> None:
    reply = await desk.send(made(desk))
    assert (reply.status, reply.accepted) == (200, 1)
    assert [(record.enterprise, record.gateway) for record in desk.records] == [
        (desk.sites[0].enterprise, desk.sites[0].gateway)
    ]
    assert json.loads(desk.records[0].body) == made(desk)


async def test_no_answer_comes_before_the_log_has_answered(desk: Desk) -> None:
    desk.held = asyncio.Event()
    waiting = asyncio.ensure_future(desk.send(made(desk)))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    desk.held.set()
    assert (await waiting).status == 200


async def test_a_request_that_still_waits_when_the_intake_leaves_is_told_to_come_again(desk: Desk) -> None:
    """The server ends its tasks then, and would say that it failed."""
    desk.held = asyncio.Event()
    waiting = asyncio.ensure_future(desk.send(made(desk)))
    await asyncio.wait({waiting}, timeout=0.1)
    waiting.cancel()
    reply = await waiting
    assert (reply.status, reply.accepted) == (503, 0)
    desk.held.set()
    await desk.bundler.close()
    assert desk.application.in_hand.bytes == 0


async def test_a_request_whose_body_still_comes_when_the_intake_leaves_is_told_to_come_again(desk: Desk) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    waiting = asyncio.ensure_future(desk.post(b"", chunks=slow))
    await asyncio.wait({waiting}, timeout=0.1)
    waiting.cancel()
    assert (await waiting).status == 503
    assert desk.application.in_hand.bytes == 0


async def test_while_the_log_is_down_the_sender_keeps_its_packet_and_may_send_it_again(desk: Desk) -> None:
    desk.log_up = False
    assert (await desk.send(made(desk))).status == 503
    desk.log_up = True
    reply = await desk.send(made(desk))
    assert (reply.accepted, reply.duplicates) == (1, 0)


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
async def test_many_packets_come_in_one_request_in_every_encoding(desk: Desk, encoding: str) -> None:
    plain = json.dumps([made(desk, n) for n in range(5)]).encode()
    coded = {"": plain, "gzip": gzip.compress(plain), "zstd": zstandard.compress(plain)}[encoding]
    reply = await desk.post(coded, encoding=encoding)
    assert (reply.status, reply.accepted) == (200, 5)
    assert len(desk.records) == 5


async def test_good_packets_of_a_request_land_beside_bad_ones(desk: Desk) -> None:
    lines = [json.dumps(made(desk)), '{"report":', json.dumps(made(desk, 4000)), json.dumps(made(desk, 1))]
    reply = await desk.post("\n".join(lines).encode())
    assert (reply.status, reply.accepted) == (200, 2)
    assert [(item["index"], item["reason"]) for item in reply.body["refused"]] == [
        (1, "malformed"),
        (2, "future_dated"),
    ]
    assert all(item["detail"] for item in reply.body["refused"])


async def test_a_packet_sent_twice_is_stored_once(desk: Desk) -> None:
    await desk.send(made(desk))
    again = await desk.send(made(desk))
    assert (again.status, again.accepted, again.duplicates) == (200, 0, 1)
    both = await desk.send(made(desk, 1), made(desk, 1))
    assert (both.accepted, both.duplicates) == (1, 1)
    assert len(desk.records) == 2


async def test_a_copy_that_comes_while_the_first_is_on_its_way_waits_for_the_same_answer(desk: Desk) -> None:
    desk.held = asyncio.Event()
    first = asyncio.ensure_future(desk.send(made(desk)))
    await asyncio.sleep(0.02)
    second = asyncio.ensure_future(desk.send(made(desk)))
    done, _ = await asyncio.wait({first, second}, timeout=0.05)
    assert not done
    desk.held.set()
    assert sorted([(await first).accepted, (await second).accepted]) == [0, 1]
    assert len(desk.records) == 1


async def test_one_data_id_for_ever_does_not_make_later_packets_copies(desk: Desk) -> None:
    for n in range(3):
        assert (await desk.send(made(desk, n, data_id="1"))).accepted == 1
    assert len({record.packet_id for record in desk.records}) == 3


async def test_a_gateway_cannot_speak_for_another_enterprise(desk: Desk) -> None:
    reply = await desk.send(made(desk, site=1))
    assert (reply.status, reply.reasons) == (400, ["foreign"])
    own = made(desk)
    own["enterpriseId"] = own["report"]["enterpriseId"] = desk.sites[1].enterprise  # type: ignore[index]
    assert (await desk.send(own)).reasons == ["foreign"]
    assert not desk.records


async def test_old_data_is_taken_only_as_back_fill(desk: Desk) -> None:
    old = -40 * 86400
    assert (await desk.send(made(desk, old))).reasons == ["too_old"]
    assert (await desk.send(made(desk, old, report_type="continues"))).accepted == 1


async def test_a_wrong_key_is_refused_and_the_operator_sees_it(desk: Desk) -> None:
    assert (await desk.send(made(desk), key="nein")).status == 401
    desk.refusals.start()
    desk.refusals.close()
    assert [(row.gateway, row.reason) for row in desk.refused] == [(desk.sites[0].gateway, "bad_key")]


async def test_refusals_are_counted_not_listed(desk: Desk) -> None:
    for _ in range(19):
        await desk.post(b"{")
    desk.refusals.start()
    desk.refusals.close()
    assert [(row.reason, row.repeats) for row in desk.refused] == [("malformed", 19)]


async def test_what_waits_for_the_log_is_bounded(desk: Desk) -> None:
    desk.held = asyncio.Event()
    big = made(desk)
    requests = []
    for n in range(12):
        body = json.dumps({**made(desk, n), "padding": "x" * 300_000}).encode()
        requests.append(asyncio.ensure_future(desk.post(body)))
    await asyncio.sleep(0.1)
    early = [task.result().status for task in requests if task.done()]
    assert early
    assert set(early) == {429}
    desk.held.set()
    statuses = [(await task).status for task in requests]
    assert statuses.count(200) == 12 - len(early)
    assert (await desk.send(big)).status == 200


async def test_many_small_packets_of_a_partition_share_an_envelope(desk: Desk) -> None:
    await asyncio.gather(*(desk.send(made(desk, n)) for n in range(30)))
    assert len(desk.records) == 30
    assert desk.envelopes < 10
    assert partition_of(desk.sites[0].enterprise) == partition_of(desk.records[0].enterprise)


async def test_a_body_that_drips_is_cut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    monkeypatch.setattr(bodies.read, "__kwdefaults__", {"limit": bodies.MAX_SENT, "seconds": 0.2})
    assert (await desk.post(b"", chunks=drip)).status == 408


async def test_a_body_without_end_is_cut(desk: Desk) -> None:
    async def flood() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1_000_000

    assert (await desk.post(b"", chunks=flood)).status == 413


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_is_refused_before_it_fills_the_memory(desk: Desk, encoding: str) -> None:
    plain = b" " * (MAX_UNPACKED + 1)
    streamed = zstandard.ZstdCompressor().compressobj()
    bomb = gzip.compress(plain) if encoding == "gzip" else streamed.compress(plain) + streamed.flush()
    assert (await desk.post(bomb, encoding=encoding)).status == 413
    if encoding == "zstd":
        assert (await desk.post(zstandard.compress(plain), encoding=encoding)).status == 413


async def test_an_unknown_encoding_is_named(desk: Desk) -> None:
    reply = await desk.post(b"x", encoding="br")
    assert reply.status == 415
    assert "br" in reply.body["detail"]


async def test_several_compressed_frames_are_one_body(desk: Desk) -> None:
    lines = [json.dumps(made(desk, n)).encode() + b"\n" for n in range(2)]
    joined = b"".join(zstandard.compress(line) for line in lines)
    assert (await desk.post(joined, encoding="zstd")).accepted == 2
    lines = [json.dumps(made(desk, n)).encode() + b"\n" for n in range(2, 4)]
    assert (await desk.post(b"".join(gzip.compress(line) for line in lines), encoding="gzip")).accepted == 2


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "zstd"]))
def test_whatever_is_sent_is_taken_or_refused_with_a_reason(content: bytes, encoding: str) -> None:
    refused = None
    try:
        unpack(content, encoding)
    except bodies.BodyError as error:
        refused = error
    assert refused is None or (refused.status in (400, 413) and refused.detail)
