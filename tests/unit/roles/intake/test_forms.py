"""Packets in every form through the intake as it is: agreed lists, binary, running numbers, checksums, AES bodies."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher as Aes
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from anlan.apps.gateways.services import Cipher
from anlan.roles.intake.standing import Said
from anlan.stream.binary import CONTENT_TYPE
from anlan.stream.frame import FrameDecoder
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.sequence import Gap
from anlan.testing.sender import binary, checked, compact, numbered, packet, tag_list

from .conftest import NOW, Desk

VALUES = (42.5, 17.25, 99.0)


def values(desk: Desk) -> dict[str, float]:
    return dict(zip(desk.sites[0].points, VALUES, strict=True))


def who(desk: Desk) -> tuple[str, str]:
    return desk.sites[0].enterprise, desk.sites[0].gateway


def listed(desk: Desk) -> dict[str, Any]:
    return tag_list(*who(desk), list(values(desk)))


def decoder(desk: Desk) -> FrameDecoder:
    enterprise, gateway = who(desk)
    table = PointTable(PointSpec(code=code, enterprise=enterprise, gateway=gateway) for code in values(desk))
    return FrameDecoder(table, lambda name, digest: desk.lists[name].get(digest))


async def test_an_unknown_list_is_asked_for_and_then_the_same_packet_is_taken(desk: Desk) -> None:
    sent = compact(*who(desk), NOW, values(desk))
    first = await desk.send(sent)
    assert (first.status, first.reasons) == (400, ["unknown_tags"])
    assert not desk.records
    answer = await desk.send(listed(desk), sent)
    assert (answer.status, answer.accepted, answer.duplicates) == (200, 2, 0)
    assert (await desk.send(listed(desk))).duplicates == 1
    (record,) = desk.records
    frame = decoder(desk).decode(record)
    assert frame.value.tolist() == list(VALUES)
    assert frame.quality.tolist() == [0, 0, 0]
    assert frame.collected_at_us == round(NOW.timestamp() * 1e6)


async def test_a_request_full_of_unknown_lists_is_one_question_to_the_records(desk: Desk) -> None:
    sent = [compact(*who(desk), NOW + timedelta(seconds=n), values(desk)) for n in range(50)]
    assert (await desk.send(*sent)).reasons == ["unknown_tags"] * 50
    assert desk.questions == 1
    assert (await desk.send(listed(desk), *sent)).accepted == 51
    assert desk.questions == 1


async def test_records_that_did_not_answer_are_asked_again_at_once(desk: Desk) -> None:
    told = listed(desk)["report"]
    desk.lists[who(desk)[1]] = {told["tagsHash"]: told["tags"]}  # another intake was told
    desk.kept.up = False
    sent = compact(*who(desk), NOW, values(desk))
    assert (await desk.send(sent)).status == 503
    desk.kept.up = True
    assert (await desk.send(sent)).status == 200


async def test_a_list_belongs_to_the_gateway_that_announced_it(desk: Desk) -> None:
    await desk.send(listed(desk))
    other = desk.sites[1]
    foreign = compact(other.enterprise, other.gateway, NOW, values(desk))
    assert (await desk.send(foreign, site=other)).reasons == ["unknown_tags"]
    assert (await desk.send(listed(desk), site=other)).reasons == ["foreign"]


async def test_a_list_whose_content_does_not_match_its_hash_is_refused(desk: Desk) -> None:
    altered = listed(desk)
    altered["report"]["tags"] = [*altered["report"]["tags"][:-1], "990000001001G0001YW999"]
    assert (await desk.send(altered)).reasons == ["altered"]
    twice = tag_list(*who(desk), [desk.sites[0].points[0]] * 2)
    assert (await desk.send(twice)).reasons == ["malformed"]
    assert not desk.lists


async def test_a_packet_with_more_values_than_its_list_has_points_is_refused(desk: Desk) -> None:
    await desk.send(listed(desk))
    longer = compact(*who(desk), NOW, values(desk))
    longer["report"]["values"].append(1.0)
    assert (await desk.send(longer)).reasons == ["malformed"]


async def test_while_the_records_do_not_answer_nothing_is_refused_that_they_would_know(desk: Desk) -> None:
    desk.kept.up = False
    assert (await desk.send(listed(desk))).status == 503
    assert (await desk.send(compact(*who(desk), NOW, values(desk)))).status == 503
    desk.kept.up = True
    assert (await desk.send(listed(desk))).accepted == 1
    desk.kept.up = False
    assert (await desk.send(compact(*who(desk), NOW, values(desk)))).accepted == 1


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
async def test_many_binary_packets_come_in_one_request_in_every_encoding(desk: Desk, encoding: str) -> None:
    await desk.send(listed(desk))
    plain = b"".join(binary(*who(desk), NOW + timedelta(seconds=n), values(desk), seq=n + 1) for n in range(5))
    coded = {"": plain, "gzip": gzip.compress(plain), "zstd": zstandard.compress(plain)}[encoding]
    reply = await desk.post(coded, encoding=encoding, content_type=CONTENT_TYPE)
    assert (reply.status, reply.accepted, reply.missing) == (200, 5, [])
    frames = [decoder(desk).decode(record) for record in desk.records]
    assert [frame.value.tolist() for frame in frames] == [list(VALUES)] * 5


async def test_a_damaged_binary_packet_is_refused_and_its_neighbours_land(desk: Desk) -> None:
    await desk.send(listed(desk))
    good = [binary(*who(desk), NOW + timedelta(seconds=n), values(desk)) for n in range(3)]
    altered = bytearray(good[1])
    altered[-3] ^= 1
    reply = await desk.post(good[0] + bytes(altered) + good[2], content_type=CONTENT_TYPE)
    assert (reply.accepted, reply.reasons) == (2, ["altered"])
    torn = await desk.post(binary(*who(desk), NOW + timedelta(seconds=9), values(desk))[:-5])
    assert torn.reasons == ["malformed"]


@pytest.mark.req("MON-16")
async def test_missing_numbers_are_reported_repeats_not_counted_twice_and_altered_content_refused(desk: Desk) -> None:
    """The intake's half of the check; the record of the gap is the engine's (test_sequences)."""
    batch = [numbered(packet(*who(desk), NOW + timedelta(seconds=n), values(desk)), n, "b1") for n in (1, 2, 4)]
    first = await desk.send(*batch)
    assert (first.accepted, first.missing) == (3, [(3, 3)])
    again = await desk.send(*batch)
    assert (again.accepted, again.duplicates) == (0, 3)
    assert len(desk.records) == 3
    assert [(record.boot, record.seq) for record in desk.records] == [("b1", 1), ("b1", 2), ("b1", 4)]
    late = numbered(packet(*who(desk), NOW + timedelta(seconds=3), values(desk)), 3, "b1")
    whole = checked(late)
    altered = whole.replace(b"17.25", b"17.26")
    assert altered != whole
    assert (await desk.post(altered)).reasons == ["altered"]
    taken = await desk.post(whole)
    assert (taken.accepted, taken.missing) == (1, [])
    assert len(desk.records) == 4


async def test_gaps_on_record_are_named_until_their_numbers_come(desk: Desk) -> None:
    gateway = who(desk)[1]
    desk.kept.said = Said(gaps={gateway: [Gap("b1", 5, 9, 0, [(5, 6), (9, 9)])]})
    desk.standing.refresh()
    plain = await desk.send(packet(*who(desk), NOW, values(desk)))
    assert plain.missing == [(5, 6), (9, 9)]
    late = await desk.send(numbered(packet(*who(desk), NOW + timedelta(seconds=1), values(desk)), 6, "b1"))
    assert late.missing == [(5, 5), (9, 9)]


async def test_a_negative_number_is_refused(desk: Desk) -> None:
    assert (await desk.send(numbered(packet(*who(desk), NOW, values(desk)), -1))).reasons == ["malformed"]


@pytest.mark.req("SEC-05")
async def test_no_gateway_speaks_for_another_nothing_is_taken_twice_nothing_comes_from_the_future(desk: Desk) -> None:
    sent = packet(*who(desk), NOW, values(desk))
    other = desk.sites[1]
    assert (await desk.send(sent, site=other)).reasons == ["foreign"]
    assert (await desk.send(sent, key=other.key)).status == 401
    assert not desk.records
    assert (await desk.send(sent)).accepted == 1
    for _ in range(3):
        again = await desk.send(sent)
        assert (again.accepted, again.duplicates) == (0, 1)
    assert len(desk.records) == 1
    assert (await desk.send(packet(*who(desk), NOW + timedelta(seconds=301), values(desk)))).reasons == ["future_dated"]
    assert (await desk.send(packet(*who(desk), NOW - timedelta(days=31), values(desk)))).reasons == ["too_old"]
    assert len(desk.records) == 1


KEY = b"0123456789abcdef"


def sealed(plain: bytes, key: bytes = KEY, iv: bytes = bytes(range(16)), static: bool = False) -> bytes:
    """AES/CBC/PKCS5 as base64 text, the initial vector in front unless it is a fixed one."""
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    closer = Aes(algorithms.AES(key), modes.CBC(iv)).encryptor()
    body = closer.update(padded) + closer.finalize()
    return base64.b64encode(body if static else iv + body)


async def test_an_encrypted_body_is_opened_with_the_key_of_its_enterprise(desk: Desk) -> None:
    plain = json.dumps(packet(*who(desk), NOW, values(desk))).encode()
    refused = await desk.post(sealed(plain))
    assert (refused.status, refused.reasons) == (400, ["undecipherable"])
    assert "没有登记加密密钥" in refused.body["refused"][0]["detail"]
    desk.kept.said = Said(ciphers={who(desk)[0]: Cipher(KEY)})
    desk.standing.refresh()
    assert (await desk.post(sealed(plain))).accepted == 1
    later = json.dumps([packet(*who(desk), NOW + timedelta(seconds=n), values(desk)) for n in (1, 2)]).encode()
    lines = sealed(later, iv=bytes(range(1, 17)))
    wrapped = b"\r\n".join(lines[n : n + 76] for n in range(0, len(lines), 76))
    assert (await desk.post(wrapped)).accepted == 2
    assert (await desk.post(json.dumps(packet(*who(desk), NOW + timedelta(seconds=3), values(desk))).encode())).accepted
    assert [json.loads(record.body)["report"]["gatewayId"] for record in desk.records] == [who(desk)[1]] * 4


async def test_a_wrong_key_or_vector_is_named_and_nothing_of_the_key_is_said(desk: Desk) -> None:
    plain = json.dumps(packet(*who(desk), NOW, values(desk))).encode()
    desk.kept.said = Said(ciphers={who(desk)[0]: Cipher(KEY, KEY)})
    desk.standing.refresh()
    assert (await desk.post(sealed(plain, iv=KEY, static=True))).accepted == 1
    for body in (sealed(plain, key=KEY[::-1], iv=KEY, static=True), sealed(plain)[:-8], b"A" * 41):
        reply = await desk.post(body)
        assert reply.reasons == ["undecipherable"], body
        assert KEY.decode() not in json.dumps(reply.body)
    assert len(desk.records) == 1


async def test_what_a_gateway_tells_of_its_buffer_is_kept(desk: Desk) -> None:
    told = {"anlan-buffer-packets": "500", "anlan-buffer-oldest-us": "1772424000000000", "anlan-dropped-packets": "7"}
    one = packet(*who(desk), NOW, values(desk))
    await desk.post(json.dumps(one).encode(), more=told)
    await desk.post(json.dumps(one).encode(), more={**told, "anlan-buffer-packets": "499"})
    await desk.post(json.dumps(one).encode(), more={"anlan-buffer-packets": "-1"})
    desk.standing.refresh()
    ((word),) = desk.kept.told
    assert (word.waiting, word.dropped, word.since) == (500, 7, NOW)
    desk.clock.advance(61)
    await desk.post(json.dumps(one).encode(), more={**told, "anlan-buffer-packets": "3"})
    desk.standing.refresh()
    assert (desk.kept.told[-1].waiting, desk.kept.told[-1].since) == (0, None)


async def test_one_gateway_cannot_hold_more_than_its_share_of_requests(desk: Desk) -> None:
    desk.held = asyncio.Event()
    requests = [
        asyncio.ensure_future(desk.send(packet(*who(desk), NOW + timedelta(seconds=n), values(desk))))
        for n in range(40)
    ]
    await asyncio.sleep(0.05)
    other = desk.sites[1]
    theirs = asyncio.ensure_future(
        desk.send(packet(other.enterprise, other.gateway, NOW, dict.fromkeys(other.points, 1.0)), site=other)
    )
    await asyncio.sleep(0.05)
    desk.held.set()
    assert (await theirs).status == 200
    assert sorted([(await each).status for each in requests]) == [200] * 32 + [429] * 8
