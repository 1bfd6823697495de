"""Several clocks and several deliveries on one database: one of them frozen with locks in its hand, or gone for good,
costs nothing; each step fires once and each letter goes out once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contract.channels.server import ChannelServer, says
from tests.reliability.hosts import freeze_in_a_transaction, single
from tests.reliability.plant import Plant, micros, until

from anlan.roles.supervisor import Supervisor

STEPS, LEAD_S, SPREAD_S, MORE = 3000, 20, 20, 5
ENTERPRISES, WAVE = 30, 10
LEASE_S = 60


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.reliability(4)
def test_of_two_clocks_one_is_frozen_with_locks_in_its_hand_and_then_the_other_is_gone(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "a", database_url, [], enterprises=20, points=1) as plant:
        ledger = plant.ask("burn_many", str(STEPS), str(LEAD_S), str(SPREAD_S))
        plant.supervisor.stop()  # started again with a clock: nothing was due before
        plant.supervisor = Supervisor(plant.config, ["clock"])
        with single(plant.config, tmp_path / "b", "clock-b") as other:
            plant.supervisor.start(migrate=False)
            plant.supervisor.wait_ready(240)
            frozen = freeze_in_a_transaction(plant, "clock")
            found = _fired(plant, len(ledger))  # the other takes all of it, also what the frozen one has locked
            os.kill(frozen, signal.SIGCONT)
            assert found["sent"] == sorted(ledger)
            until(lambda: _clocks(plant) == 2, 240, lambda: "the frozen clock does not come back")
            other.kill()
            ledger += plant.ask("tests.reliability.test_several_clocks:burn_more", str(MORE))
            found = _fired(plant, len(ledger))
        assert plant.supervisor.children["clock"].starts == 1
        assert found["sent"] == sorted(ledger)
        assert found["further"] == 0
        assert found["waiting"] == found["messages"] == len(ledger)
        assert found["unmarked"] == []  # what was late says so
        assert found["broken"] == []


def _fired(plant: Plant, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def all_fired() -> bool:
        found.update(plant.ask("fired"))
        return len(found["sent"]) >= number

    until(all_fired, 300, lambda: f"{len(found['sent'])} of {number} steps were sent")
    return found


def _clocks(plant: Plant) -> int:
    return int(plant.ask("tests.reliability.test_several_clocks:clocks"))


def clocks() -> int:
    """How many clocks share what is due."""
    from anlan import now
    from anlan.apps.obligations.services import UP_WITHIN, signs_of

    return sum(sign.at >= now.now() - UP_WITHIN for sign in signs_of("clock"))


def burn_more(number: str) -> list[list[Any]]:
    """Further sources with red warnings whose first steps fall due in three seconds: [source, due time in µs]."""
    from anlan import now
    from anlan.apps.registry.models import Enterprise, HazardSource
    from anlan.apps.warnings.services import set_level

    due = now.now() + timedelta(seconds=3)
    expected = []
    for place, enterprise in enumerate(Enterprise.objects.order_by("code")[: int(number)]):
        source = HazardSource.objects.create(code=f"78{place:010d}", enterprise=enterprise, name="示例", level="1")
        set_level(source, "red", at=due - timedelta(minutes=30), origin="loaded")
        expected.append([source.code, micros(due)])
    return expected


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.reliability(3)
def test_of_two_deliveries_one_is_frozen_with_locks_in_its_hand_and_then_the_other_is_gone(
    tmp_path: Path, database_url: str
) -> None:
    with ChannelServer() as server:
        server.reply = says({"code": "0"})
        sms = {
            "type": "sms", "url": f"{server.url}/sms", "timeout_s": 10, "rate": 20, "code_paths": ["code"],
            "success": ["0"], "body": {"phone": "{address}", "key": "{key}"},
        }  # fmt: skip

        def keys() -> Counter[str]:
            return Counter(got.json()["key"] for got in list(server.got))

        def sent(number: int) -> None:
            until(lambda: len(keys()) >= number, 240, lambda: f"{len(keys())} of {number} letters arrived")

        roles = ["delivery"]
        with Plant(
            tmp_path / "a", database_url, roles, enterprises=ENTERPRISES, points=1, channels={"sms": sms}
        ) as plant:
            plant.ask("staff", "1000000000")
            with single(plant.config, tmp_path / "b", "delivery-b") as other:
                first = plant.ask("tests.reliability.test_several_clocks:alarm", "0", str(ENTERPRISES - WAVE))
                frozen = freeze_in_a_transaction(plant, "delivery")
                begun, there = time.monotonic(), len(keys())
                sent(min(there + 10, first))  # the other goes on though the frozen one had the channel locked
                os.kill(frozen, signal.SIGCONT)
                away_s = time.monotonic() - begun
                sent(first)
                until(lambda: _settled(plant, first), 240, lambda: "not every letter is recorded")
                # whoever was away for longer than a claim lasts finds that the other has sent what he had claimed
                assert sum(keys().values()) == first or away_s > LEASE_S
                other.kill()
                before = sum(keys().values())
            all_of_them = first + plant.ask(
                "tests.reliability.test_several_clocks:alarm", str(ENTERPRISES - WAVE), str(ENTERPRISES)
            )
            sent(all_of_them)
            until(lambda: _settled(plant, all_of_them), 240, lambda: "not every letter is recorded")
            assert sum(keys().values()) - before == all_of_them - first
            assert plant.supervisor.children["delivery"].starts == 1


def _settled(plant: Plant, number: int) -> bool:
    return bool(plant.ask("tests.reliability.test_several_clocks:letters") == {"sent": number})


def alarm(start: str, stop: str) -> int:
    """Raise a red warning at each of these sources; returns how many letters that makes."""
    from anlan import now
    from anlan.apps.delivery.models import Delivery
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings.services import set_level

    before = Delivery.objects.filter(channel="sms").count()
    for source in HazardSource.objects.order_by("code")[int(start) : int(stop)]:
        set_level(source, "red", at=now.now(), origin="loaded")
    made = Delivery.objects.filter(channel="sms").count() - before
    assert made >= 3 * (int(stop) - int(start))
    return made


def letters() -> dict[str, int]:
    """How many letters stand in each state."""
    from django.db.models import Count

    from anlan.apps.delivery.models import Delivery

    rows = Delivery.objects.filter(channel="sms").values_list("state").annotate(number=Count("pk"))
    return dict(rows.values_list("state", "number"))
