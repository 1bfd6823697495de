"""States of cameras over the intake's own door: who may speak for which, what is refused one by one (MON-05)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import CameraOutage
from anlan.apps.gateways.services.cameras import Report, record_cameras, sweep_cameras
from anlan.apps.registry.models import Camera
from anlan.roles.intake.cameras import MOST, PATH
from anlan.testing.small_world import build

from .conftest import NOW, Desk, Reply, in_the_database

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def cameras(desk: Desk) -> Iterator[list[Camera]]:
    """Two cameras of the first enterprise and one of the second."""
    build(NOW, enterprises=2, points=3)
    from anlan.apps.registry.models import Enterprise

    first, second = Enterprise.objects.by_the_machine().order_by("code")
    return [Camera.objects.create(code=f"V{n}", enterprise=owner, name=f"摄像头{n}")
            for n, owner in enumerate((first, first, second), 1)]  # fmt: skip


async def say(desk: Desk, *states: Any, **options: Any) -> Reply:
    return await desk.post(json.dumps({"cameras": list(states)}).encode(), path=PATH, **options)


def state(code: str, word: str = "online", minutes: float = 0) -> dict[str, str]:
    return {"code": code, "state": word, "at": (NOW + timedelta(minutes=minutes)).isoformat()}


async def test_a_gateway_speaks_for_the_cameras_of_its_own_enterprise_alone(desk: Desk, cameras: list[Camera]) -> None:
    reply = await say(
        desk, state("V1"), state("V3"), state("V9"), state("V2", "asleep"), state("V2", minutes=6), {"code": "V2"}, 7,
        {"code": "V2", "state": "online", "at": "2026-03-02T04:00:00"}, state("V2", "fault"),
    )  # fmt: skip
    assert (reply.status, reply.body["accepted"]) == (200, 2)
    told = {each["index"]: each["detail"] for each in reply.body["refused"]}
    assert told[1] == told[2] == "本企业没有登记这个摄像头", "of a stranger's camera nothing is told"
    assert "asleep" in told[3]
    assert told[4] == "时间晚于平台时间"
    assert told[5] == told[6] == told[7] == "应有 code、state 和带时区的 at"
    rows = await in_the_database(lambda: list(Camera.objects.by_the_machine()))
    seen = {row.code: (row.last_seen_at, row.down_since) for row in rows}
    assert seen == {"V1": (NOW, None), "V2": (None, NOW), "V3": (None, None)}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"cameras": []}', b'{"cameras": {}}', b'{"cameras": [1], "x": 1}', b"\xff", b"[" * 100_000],
)
async def test_what_is_no_list_of_cameras_is_refused_whole(desk: Desk, body: bytes) -> None:
    assert (await desk.post(body, path=PATH)).status == 400


async def test_bounds_and_proof_are_those_of_the_intake(desk: Desk, cameras: list[Camera]) -> None:
    assert (await say(desk, state("V1"), key="wrong")).status == 401
    assert (await say(desk, *[state("V1")] * (MOST + 1))).status == 400
    assert (await desk.post(b" " * (1024 * 1024 + 1), path=PATH)).status == 413
    assert (await say(desk, state("V9"))).status == 400, "nothing of it was taken"


async def test_records_that_do_not_answer_take_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from anlan.roles.intake.tag_lists import RecordsUnavailable

    async def unavailable(*arguments: Any) -> list[str]:
        raise RecordsUnavailable("locked")

    monkeypatch.setattr(desk.application, "_keep_cameras", unavailable)
    assert (await say(desk, state("V1"))).status == 503


def test_an_outage_is_kept_with_its_cause_and_the_same_report_again_changes_nothing(cameras: list[Camera]) -> None:
    def tell(word: str, minutes: float) -> list[str]:
        return record_cameras([Report("V1", word, NOW + timedelta(minutes=minutes))], NOW + timedelta(minutes=minutes))

    for word, minutes in (("online", 0), ("fault", 10), ("fault", 10), ("offline", 12), ("online", 5)):
        assert tell(word, minutes) == [""]
    outage = CameraOutage.objects.by_the_machine().get()
    assert (outage.cause, outage.started_at, outage.ended_at) == ("fault", NOW + timedelta(minutes=10), None)
    assert tell("online", 25) == [""]
    outage.refresh_from_db()
    assert outage.ended_at == NOW + timedelta(minutes=25)
    camera = Camera.objects.by_the_machine().get(code="V1")
    assert (camera.last_seen_at, camera.down_since) == (outage.ended_at, None)


def test_silence_is_an_outage_since_it_was_last_seen_and_found_until_it_is_back(cameras: list[Camera]) -> None:
    record_cameras([Report("V1", "online", NOW)], NOW)
    assert sweep_cameras(NOW + timedelta(minutes=30) - timedelta.resolution) == 0
    for again, begun in ((30, 1), (31, 0)):
        assert sweep_cameras(NOW + timedelta(minutes=again)) == begun, "V2 never reported: nobody knows"
    outage = CameraOutage.objects.by_the_machine().get()
    assert (outage.cause, outage.started_at) == ("silent", NOW)
    finding = Finding.objects.by_the_machine().get(kind="camera_lost")
    assert finding.state == "open"
    record_cameras([Report("V1", "online", NOW + timedelta(minutes=40))], NOW + timedelta(minutes=40))
    finding.refresh_from_db()
    outage.refresh_from_db()
    assert (finding.state, outage.ended_at) == ("closed", NOW + timedelta(minutes=40))
    assert sweep_cameras(NOW + timedelta(minutes=41)) == 0


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


@pytest.mark.req("MON-05")
def test_one_of_four_key_cameras_down_is_partly_and_all_of_them_offline_on_the_page(world: World) -> None:
    enterprise, county = world.plants["a1"].enterprise, world.client("county")
    Camera.objects.by_the_machine().filter(enterprise=enterprise).delete()
    for number in range(4):
        Camera.objects.create(code=f"K{number}", enterprise=enterprise, name=f"关键{number}", is_key=True)

    def tell(*words: str) -> tuple[str, str, str]:
        moment = clock.now()
        reports = [Report(f"K{number}", word, moment) for number, word in enumerate(words)]
        assert record_cameras(reports, moment) == [""] * 4
        page = county.get(f"/enterprises/{enterprise.code}/")
        return str(page.context["view"].video.video), page.context["view"].video.rate.text, page.content.decode()

    assert tell(*["online"] * 4)[:2] == ("online", "100.00 %")
    video, rate, shown = tell("online", "online", "online", "fault")
    assert (video, rate) == ("partly", "75.00 %")
    assert "3 / 4 路在线" in shown
    assert tell(*["offline"] * 4)[:2] == ("offline", "0.00 %")
