"""Scenario 27: 5 000 points of one enterprise trip within 10 s, through intake, log, engine and grading as they are."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contract.channels.server import ChannelServer, says
from tests.reliability.plant import HIGHER, NORMAL, Plant, until

from anlan.testing.sender import Sender, packet

POINTS = 5_000
FRAMES = 50
POSTS = 3


@pytest.mark.slow
@pytest.mark.reliability(27)
def test_five_thousand_alarms_in_ten_seconds_are_one_warning_one_telling_and_one_summary(
    tmp_path: Path, database_url: str
) -> None:
    with ChannelServer() as server:
        server.reply = says({"code": "0"})
        sms = {
            "type": "sms", "url": f"{server.url}/sms", "timeout_s": 5, "code_paths": ["code"], "success": ["0"],
            "permanent": ["4*"], "body": {"phone": "{address}", "title": "{title}", "key": "{key}"},
        }  # fmt: skip
        roles = ["engine", "historian", "intake", "clock", "delivery"]
        with Plant(
            tmp_path / "data", database_url, roles, enterprises=1, points=POINTS, channels={"sms": sms}
        ) as plant:
            plant.ask("staff", "1000000000")
            first_out = _flood(plant)
            found = _wait_for(plant, "summary")
            _judge(found, first_out)
            sent = Counter((got.json()["phone"], got.json()["title"]) for got in server.got)
            assert set(sent.values()) == {1}
            assert len(sent) == 2 * POSTS  # each holder: the warning, and its summary


def _flood(plant: Plant) -> str:
    """A calm frame, then one point, and within the same second and the ten that follow all the others."""
    (site,) = plant.sites
    with Sender(plant.supervisor.intake_url, site.gateway, site.key, timeout=60) as sender:

        def send(*packets: dict[str, Any]) -> None:
            def taken() -> bool:
                reply = sender.send(list(packets))
                return reply.status == 200 and reply.accepted + reply.duplicates == len(packets)

            until(taken, 240, lambda: "the intake takes nothing")

        def frame(at: datetime, codes: tuple[str, ...], value: float) -> dict[str, Any]:
            return packet(site.enterprise, site.gateway, at, dict.fromkeys(codes, value))

        send(frame(datetime.now(UTC) - timedelta(seconds=5), site.points, NORMAL))
        first, others = site.points[1234], [code for code in site.points if code != site.points[1234]]
        begin, size = datetime.now(UTC), -(-len(others) // FRAMES)
        slices = [tuple(others[start : start + size]) for start in range(0, len(others), size)]
        moment = begin + timedelta(milliseconds=5)
        send(frame(begin, (first,), HIGHER), frame(moment, slices[0], HIGHER))
        for codes in slices[1:]:
            time.sleep(10 / FRAMES)
            send(frame(datetime.now(UTC), codes, HIGHER))
    return first


def _wait_for(plant: Plant, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def told() -> bool:
        found.update(plant.ask("flood"))
        sent = {state for *_, channel, state in found["deliveries"] if channel == "sms"}
        return kind in {name for name, _ in found["notices"]} and sent <= {"sent", "delivered"}

    until(told, 240, lambda: f"{found['alarms']} alarms, notices {found['notices']}, letters {found['deliveries']}")
    return found


def _judge(found: dict[str, Any], first_out: str) -> None:
    assert (found["alarms"], found["points"], found["raised"]) == (POINTS, POINTS, POINTS)
    assert found["warnings"] == [["red", first_out]]
    kinds = [kind for kind, _ in found["notices"]]
    assert kinds == ["informed", "summary"]
    informed, summary = (to for _, to in found["notices"])
    assert informed == summary == sorted(set(informed))
    assert len(informed) == POSTS + 4  # the three holders, county, city, province and the national desk
    assert f"{POINTS} 个测点报警" in found["titles"][1]
    by_sms = [row for row in found["deliveries"] if row[2] == "sms"]
    assert len(by_sms) == 2 * POSTS
