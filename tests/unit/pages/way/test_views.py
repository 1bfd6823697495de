"""The page of the whole-way test: administrators start it, reading moves nothing, a failure stands with its remedy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.gateways.models import WayTest
from anlan.apps.org.models import Role
from anlan.pages.way import unit as way_unit

pytestmark = pytest.mark.django_db
PAGE = "/operations/way/"


@pytest.fixture
def world(monkeypatch: Any) -> World:
    made = neighbours.build(clock.now(), warn=False)
    Grant.objects.create(
        user=made.users["city"], agency=made.agencies["city-1"], role=Role.ADMIN,
        valid_from=made.now - timedelta(days=1),
    )  # fmt: skip
    monkeypatch.setattr(way_unit, "send", lambda *_: way_unit.Answer(False, "接入没有应答"))
    return made


def test_an_administrator_starts_it_looks_on_and_ends_it(world: World) -> None:
    client = world.client("city")
    assert "开始全程测试" in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}start/").status_code == 302
    run = WayTest.objects.by_the_machine().get()
    for _ in range(2):
        assert "采样送到接入" in client.get(PAGE).content.decode()
    assert WayTest.objects.by_the_machine().get().moved_at == run.moved_at
    shown = client.post(f"{PAGE}go/", headers={"HX-Request": "true"}).content.decode()
    assert "接入没有应答" in shown
    assert "<html" not in shown
    client.post(f"{PAGE}stop/")
    assert client.post(f"{PAGE}go/", headers={"HX-Request": "true"}).status_code == 286
    assert "没有走完" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("verb", ["start", "go", "received", "stop"])
def test_who_is_no_administrator_is_refused(world: World, verb: str) -> None:
    assert world.client("county").post(f"{PAGE}{verb}/").status_code == 403
    assert not WayTest.objects.by_the_machine().exists()


def test_another_administrators_test_is_not_shown(world: World) -> None:
    world.client("city").post(f"{PAGE}start/")
    assert "进行中" not in world.client("county").get(PAGE).content.decode()


def test_there_is_no_other_act(world: World) -> None:
    assert world.client("city").post(f"{PAGE}win/").status_code == 404
    assert world.client("city").get(f"{PAGE}go/").status_code == 302
