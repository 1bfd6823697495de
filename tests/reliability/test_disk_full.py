"""Scenario 34: the disk fills up. What is given up is given up in the declared order, and comes back by itself."""

from __future__ import annotations

import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contract.channels.server import ChannelServer
from tests.reliability.limits import Ballast, limited, until_figure
from tests.reliability.plant import HIGH, Feed, Plant, compare, until

from anlan.testing.sender import Reply, Sender, packet
from anlan.testing.sites import Site

ROLES = ["engine", "historian", "intake", "clock", "auditor", "delivery"]
SOFT_MIB = 64


def an_alarm_comes(plant: Plant, site: Site) -> None:
    """A violation of an enterprise that is not fed becomes an alarm; the points that are fed may have come to be held
    for crossing their limits so often."""
    message = packet(site.enterprise, site.gateway, datetime.now(UTC), {site.points[0]: HIGH})
    with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
        until(lambda: sender.send(message).status == 200, 240, lambda: "nothing is taken")
    until(lambda: bool(plant.ask("dump")["alarms"].get(site.points[0])), 240, lambda: "no alarm comes")


def titles(receiver: ChannelServer) -> list[str]:
    return [got.json()["title"] for got in receiver.got]


def settings_of(receiver: ChannelServer) -> dict[str, Any]:
    hook = {"type": "webhook", "url": f"{receiver.url}/ops", "secret": "示例密钥-仅供测试-0123456789"}
    return {"channels": {"hook": hook}, "ops_alerts": "hook"}


def live(plant: Plant, kind: str = "report") -> Reply:
    """One packet of an enterprise that is not fed, so that it stands in no ledger."""
    site, now = plant.quiet[0], datetime.now(UTC)
    at = now - timedelta(hours=1) if kind == "continues" else now
    with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
        return sender.send(packet(site.enterprise, site.gateway, at, {site.points[0]: 50.0}, report_type=kind))


@pytest.mark.slow
@pytest.mark.reliability(34)
def test_a_disk_that_fills_up_costs_history_first_and_warnings_never(tmp_path: Path, database_url: str) -> None:
    with (
        ChannelServer() as receiver,
        Plant(
            tmp_path / "data", database_url, ROLES, enterprises=3, points=3, quiet=3,
            data_max_gib=2.0, disk_soft_mib=SOFT_MIB, **settings_of(receiver),
        ) as plant,
    ):  # fmt: skip
        *plant.sites, spare = plant.sites
        ballast, feed = Ballast(plant), Feed(plant)
        feed.start()
        until(lambda: feed.ledger.packets > 20, 240, lambda: "nothing is taken")
        ballast.leave(SOFT_MIB * 0.75)
        until_figure(plant, "historian", "historian_paused", 1)
        an_alarm_comes(plant, spare)
        until(lambda: any("历史已暂停" in title for title in titles(receiver)), 240, lambda: str(titles(receiver)))
        assert live(plant, "continues").status == 200

        ballast.leave(SOFT_MIB * 0.4)
        until_figure(plant, "intake", "intake_given_up", 2)
        assert live(plant, "continues").status == 503
        assert live(plant).status == 200

        ballast.leave(SOFT_MIB * 0.15)
        until_figure(plant, "intake", "intake_given_up", 3)
        assert live(plant).status == 503
        plant.burn()
        until(
            lambda: plant.ask("dump")["notices"] == plant.notices, 240,
            lambda: f"{plant.ask('dump')['notices']} instead of {plant.notices}",
        )  # fmt: skip

        ballast.remove()
        until_figure(plant, "intake", "intake_given_up", 0)
        assert live(plant, "continues").status == 200
        packets = feed.ledger.packets
        until(lambda: feed.ledger.packets > packets + 20, 240, lambda: "the gateways are not taken up again")
        ledger = feed.stop()
        compare(plant, ledger, seconds=240)
        until(lambda: "安澜平台恢复正常" in titles(receiver), 240, lambda: str(titles(receiver)))
        assert {role: plant.supervisor.children[role].starts for role in ROLES} == dict.fromkeys(ROLES, 1)


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.reliability(34)
@pytest.mark.parametrize("full", [["historian"], ["engine", "clock", "auditor"]], ids=["history", "records"])
def test_a_database_that_cannot_grow_goes_on_by_itself_when_it_can(
    tmp_path: Path, database_url: str, full: list[str]
) -> None:
    """No byte more than 4 KiB into any file: history, then the records, as on a disk without room; then given back."""
    with (
        ChannelServer() as receiver,
        Plant(
            tmp_path / "data", database_url, ROLES, enterprises=3, points=3, quiet=3, **settings_of(receiver)
        ) as plant,
    ):
        *plant.sites, spare = plant.sites
        feed = Feed(plant)
        feed.start()
        until(lambda: feed.ledger.packets > 20, 240, lambda: "nothing is taken")
        with limited(plant, full, resource.RLIMIT_FSIZE, 4096):
            packets = feed.ledger.packets
            until(lambda: feed.ledger.packets > packets + 40, 240, lambda: "gateways are not answered")
            if "historian" in full:
                an_alarm_comes(plant, spare)
                plant.burn()
                until(lambda: plant.ask("dump")["notices"] == plant.notices, 240, lambda: "the notices do not come")
            else:
                until(lambda: any("数据库" in title for title in titles(receiver)), 240, lambda: str(titles(receiver)))
            time.sleep(1)
        ledger = feed.stop()
        compare(plant, ledger, seconds=240)
        assert {role: plant.supervisor.children[role].starts for role in ROLES} == dict.fromkeys(ROLES, 1)
