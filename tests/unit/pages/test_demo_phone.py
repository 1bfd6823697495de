"""The page that shows what a demonstration would have sent."""

from __future__ import annotations

from typing import Any

import pytest
from tests import neighbours
from tests.acceptance.worlds import at
from tests.neighbours import World
from tests.unit.apps.delivery.doubles import contact, notice, to_person

from anlan import now as clock
from anlan.apps.delivery.services import send_due
from anlan.channels import configured
from anlan.config import Config
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


def test_without_such_a_channel_there_is_no_page(world: World) -> None:
    assert world.client("county").get("/demo/phone/").status_code == 404


@pytest.mark.case("F18")
def test_what_would_have_been_sent_stands_on_the_page_of_who_may_see_it(world: World, monkeypatch: Any) -> None:
    from anlan.apps.delivery.services import contact_order

    made = configured(Config(channels={"phone": {"type": "demo_phone"}}))
    monkeypatch.setattr(contact_order, "_configured", lambda config: made)
    plant = world.plants["a1"]
    person = plant.holders["operations"]
    contact(person, "phone", "000-0001")
    notice(plant.source, [to_person(person)], level="orange")
    assert send_due(made, FakeClock(at("08:00"))) == 1
    mine = world.client("county").get("/demo/phone/").content.decode()
    assert "orange n1" in mine
    assert "（不外发）" in mine
    assert "000-0001" not in mine
    assert "orange n1" not in world.client("stranger").get("/demo/phone/").content.decode()
