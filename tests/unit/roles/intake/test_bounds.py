"""What the intake remembers is bounded in bytes, whatever a gateway that proves who it is may write."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from typing import Any

import pytest

from anlan.roles.intake.keys import MAX_PROOF, Key, KeyRing
from anlan.roles.intake.replay import LONG, PER_GATEWAY, Taken
from anlan.testing.sender import packet

from .conftest import NOW, Desk


def size_of(held: Any) -> int:
    """Bytes of a container with all that it holds."""
    if isinstance(held, dict):
        return sys.getsizeof(held) + sum(size_of(key) + size_of(value) for key, value in held.items())
    return sys.getsizeof(held)


def proof(name: str, secret: str, blanks: int = 0) -> bytes:
    return b"Basic " + b" " * blanks + base64.b64encode(f"{name}:{secret}".encode())


@pytest.mark.case("G9")
def test_one_proof_is_remembered_for_each_gateway_however_many_ways_it_is_written() -> None:
    names = [f"9900000010{n}" for n in range(5)]
    ring = KeyRing(lambda: {name: Key("990000001", hashlib.sha256(b"s").hexdigest()) for name in names})
    ring.refresh()
    for name in names:
        for blanks in range(300):
            found = ring.prove(proof(name, "s", blanks))
            assert found is not None
            assert found.gateway == name
    assert len(ring._proved) == len(ring._proof_of) == len(names)
    assert size_of(ring._proved) < len(names) * 2 * MAX_PROOF
    assert ring.prove(proof(names[0], "s", MAX_PROOF)) is None
    assert ring.prove(proof(names[0], "wrong")) is None
    assert ring.prove(proof(names[0], "s")) is not None


@pytest.mark.case("G9")
async def test_a_request_with_an_endless_proof_is_refused_and_nothing_of_it_is_kept(desk: Desk) -> None:
    site = desk.sites[0]
    body = json.dumps(packet(site.enterprise, site.gateway, NOW, {site.points[0]: 5.0})).encode()
    endless = proof(site.gateway, site.key, 100_000).decode()
    # the last header of a name counts
    reply = await desk.post(body, more={"authorization": endless})
    assert reply.status == 401
    assert desk.keys._proved == {}
    await asyncio.sleep(0)
    assert all(len(each.gateway) < 100 for each in desk.refused)


@pytest.mark.case("G9")
async def test_long_ids_take_no_more_room_than_short_ones() -> None:
    taken, loop = Taken(), asyncio.get_running_loop()
    ids = [f"{n}" + "安" * 200 for n in range(PER_GATEWAY)]
    done: asyncio.Future[int] = loop.create_future()
    taken.follow("g", ids, done)
    assert taken.on_the_way("g", ids[0]) is done
    done.set_result(1)
    await asyncio.sleep(0)
    assert all(taken.is_taken("g", each) for each in ids)
    assert not taken.is_taken("g", "x" + "安" * 200)
    assert max(map(len, taken._taken["g"])) <= LONG
    assert taken._on_the_way == {}
