"""A repeat is the same samples again: a packet of the same id with others in it is another packet and is taken."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from anlan.edge.packet import as_backfill
from anlan.roles.intake.replay import Taken
from anlan.stream import binary as form
from anlan.stream.envelope import message_id
from anlan.stream.frame import FrameDecoder
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.tags import tags_hash
from anlan.testing.sender import collect_time, compact, packet

from .conftest import NOW, Desk


def scan(desk: Desk, *values: float, connected: bool = True, **more: Any) -> dict[str, Any]:
    """A packet of the one id and time of this test."""
    site = desk.sites[0]
    made = packet(site.enterprise, site.gateway, NOW, dict(zip(site.points, values, strict=False)))
    made["report"] |= {"dataId": "always", "isConnectDataSource": str(connected).lower(), **more}
    return made


@pytest.mark.case("A12")
async def test_another_content_under_the_same_id_is_taken_and_the_same_content_is_a_repeat(desk: Desk) -> None:
    first, second = scan(desk, 50.0, 50.0, 50.0), scan(desk, 50.0, 99.0, 50.0)
    assert (await desk.send(first)).accepted == 1
    answer = await desk.send(second)
    assert (answer.accepted, answer.duplicates) == (1, 0)
    assert [json.loads(record.body) for record in desk.records] == [first, second]
    again = await desk.send(first, second, first)
    assert (again.accepted, again.duplicates) == (0, 3)
    assert desk.refused == []


@pytest.mark.case("A12")
async def test_in_one_request_and_while_the_first_is_on_its_way_it_is_the_same(desk: Desk) -> None:
    first, second, third = (scan(desk, value) for value in (1.0, 2.0, 3.0))
    answer = await desk.send(first, second, first)
    assert (answer.accepted, answer.duplicates) == (2, 1)
    assert (await desk.send(third)).accepted == 1
    # the parts of one scan, sent under one id, complete each other
    site = desk.sites[0]
    parts = [scan(desk) for _ in site.points]
    for part, code in zip(parts, site.points, strict=True):
        part["report"]["datas"] = [{"quotaId": code, "value": 7}]
    assert (await desk.send(*parts)).accepted == len(parts)


@pytest.mark.case("A12")
async def test_whatever_changes_what_a_sample_says_makes_another_packet_and_a_back_fill_does_not(desk: Desk) -> None:
    site = desk.sites[0]
    desk.lists[site.gateway] = {tags_hash(list(site.points)): list(site.points)}
    plain = json.dumps(scan(desk, 5.0), separators=(",", ":")).encode()
    assert (await desk.post(plain)).accepted == 1
    back_fill = await desk.post(as_backfill(plain))
    assert (back_fill.accepted, back_fill.duplicates) == (0, 1)
    assert (await desk.send(scan(desk, 5.0, connected=False))).accepted == 1
    short = compact(site.enterprise, site.gateway, NOW, dict.fromkeys(site.points, 5.0))
    short["report"]["dataId"] = "always"
    for more in ({}, {"quality": "012"}, {"quality": "000"}, {"offsetsUs": [0, -1, 0]}, {"offsetsUs": [0, -2, 0]}):
        told = json.loads(json.dumps(short))
        told["report"] |= more
        assert (await desk.send(told)).accepted == 1, more
        assert (await desk.send(told)).duplicates == 1, more
    head = form.BinaryReport(
        collectTime=collect_time(NOW),
        tagsHash=tags_hash(list(site.points)),
        count=3,
        enterpriseId=site.enterprise,
        gatewayId=site.gateway,
        dataId="always",
    )
    for body in (form.encode(head, [1, 2, 3]), form.encode(head, [1, 2, 4]), form.encode(head, [1, 2, 3], [0, 1, 0])):
        assert (await desk.post(body)).accepted == 1
        assert (await desk.post(body)).duplicates == 1


@pytest.mark.case("A12")
async def test_after_a_restart_of_the_intake_the_logs_own_window_takes_a_repeat_for_one_and_no_other(
    desk: Desk,
) -> None:
    first, second = scan(desk, 50.0), scan(desk, 99.0)
    for sent in (first, second, first):
        desk.application._taken = Taken()  # what a restart forgets
        assert (await desk.send(sent)).accepted == 1
    one, two, again = ([record] for record in desk.records)
    assert message_id(one) == message_id(again) != message_id(two)


async def test_once_the_log_was_away_a_repeat_goes_into_it_again_for_it_may_have_lost_the_first(desk: Desk) -> None:
    sent = scan(desk, 50.0)
    assert (await desk.send(sent)).accepted == 1
    assert (await desk.send(sent)).duplicates == 1
    desk.records.clear()
    desk.log_connection += 1  # its server was down, and is back with less than it had taken
    assert (await desk.send(sent)).accepted == 1
    assert [json.loads(record.body) for record in desk.records] == [sent]
    assert (await desk.send(sent)).duplicates == 1


async def test_nothing_is_answered_from_memory_while_the_log_is_away(desk: Desk) -> None:
    sent = scan(desk, 50.0)
    assert (await desk.send(sent)).accepted == 1
    desk.log_up, desk.log_connection = False, desk.log_connection + 1
    assert (await desk.send(sent)).status == 503


async def test_what_was_on_its_way_when_the_log_went_away_is_not_taken_for_known() -> None:
    connection, loop = [0], asyncio.get_running_loop()
    taken = Taken(lambda: connection[0])
    done: asyncio.Future[int] = loop.create_future()
    taken.follow("g", ["id"], done)
    connection[0] += 1
    assert not taken.is_taken("g", "id")
    done.set_result(1)
    await asyncio.sleep(0)
    assert not taken.is_taken("g", "id")


@pytest.mark.case("A12")
async def test_what_came_second_is_in_the_arrays_that_history_and_alarms_are_made_of(desk: Desk) -> None:
    site = desk.sites[0]
    await desk.send(scan(desk, 50.0))
    await desk.send(scan(desk, 99.0))
    decoder = FrameDecoder(
        PointTable([PointSpec(code=site.points[0], enterprise=site.enterprise, gateway=site.gateway)])
    )
    frames = [decoder.decode(record) for record in desk.records]
    assert [frame.value.tolist() for frame in frames] == [[50.0], [99.0]]
    assert len({frame.collected_at_us for frame in frames}) == 1
    assert (np.array([frame.quality[0] for frame in frames]) == 0).all()


async def test_an_id_at_another_time_is_another_packet(desk: Desk) -> None:
    assert (await desk.send(scan(desk, 5.0))).accepted == 1
    later = scan(desk, 5.0, collectTime=collect_time(NOW - timedelta(seconds=1)))
    assert (await desk.send(later)).accepted == 1
