"""Scenario 35: no file descriptor left, no memory left: new work is refused, the clocks go on, and it recovers."""

from __future__ import annotations

import json
import os
import resource
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from tests.reliability.limits import limited, resident_mib
from tests.reliability.plant import Feed, Plant, compare, until

from anlan.testing.sender import Sender, packet

ROLES = ["engine", "historian", "intake", "clock"]


def descriptors(pid: int | None) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def connect(plant: Plant, number: int) -> list[socket.socket]:
    """So many connections to the intake, idle."""
    config = plant.supervisor.config
    return [socket.create_connection((config.host, config.intake_port), timeout=30) for _ in range(number)]


@pytest.mark.slow
@pytest.mark.reliability(35)
def test_an_intake_without_descriptors_keeps_its_senders_and_takes_new_ones_when_it_has_some_again(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2, quiet=3) as plant:
        feed = Feed(plant)
        feed.start()
        until(lambda: feed.ledger.packets > 10, 240, lambda: "nothing is taken")
        intake = plant.supervisor.children["intake"].pid
        idle = []
        with limited(plant, ["intake"], resource.RLIMIT_NOFILE, descriptors(intake) + 10):
            idle += connect(plant, 60)
            until(lambda: descriptors(intake) >= resource.prlimit(intake or 0, resource.RLIMIT_NOFILE)[0] - 1, 240,
                  lambda: f"{descriptors(intake)} descriptors are open")  # fmt: skip
            packets = feed.ledger.packets
            until(lambda: feed.ledger.packets > packets + 20, 240, lambda: "connected gateways are no longer answered")
            plant.burn()
            until(lambda: plant.ask("dump")["notices"] == plant.notices, 240, lambda: "the clocks do not go on")
        for each in idle:
            each.close()
        with socket.create_connection((plant.supervisor.config.host, plant.supervisor.config.intake_port), 30) as fresh:
            fresh.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert fresh.recv(12) == b"HTTP/1.1 200"
        compare(plant, feed.stop(), seconds=240)
        assert {role: plant.supervisor.children[role].starts for role in ROLES} == dict.fromkeys(ROLES, 1)


def swell(plant: Plant) -> None:
    """A packet that takes 20 MiB to open: blanks around a tag that is no point, so that no history comes of it."""
    site = plant.sites[-1]
    body = json.dumps(packet(site.enterprise, site.gateway, datetime.now(UTC), {"NONE": 1.0})).encode()
    with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
        swollen = b"{" + b" " * (20 * 1024 * 1024) + body[1:]
        assert sender.post(zstandard.ZstdCompressor().compress(swollen), Content_Encoding="zstd").accepted == 1


@pytest.mark.slow
@pytest.mark.reliability(35)
def test_a_role_that_gets_no_more_memory_costs_nothing_that_was_acknowledged(tmp_path: Path, database_url: str) -> None:
    """The engine may not take one byte more. Whether it lives on or is started again: nothing lost, clocks go on."""
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2, quiet=3) as plant:
        feed = Feed(plant)
        feed.start()
        until(lambda: feed.ledger.packets > 10, 240, lambda: "nothing is taken")
        engine = plant.supervisor.children["engine"].pid
        # its own data, not its address space: of that much is set aside that it could still grow into
        held = int(Path(f"/proc/{engine}/statm").read_text().split()[5]) * resource.getpagesize()
        print(f"engine {resident_mib(engine):.0f} MiB resident, {held / 2**20:.0f} MiB of data")
        log = plant.supervisor.config.data_dir / "log" / "engine.log"
        with limited(plant, ["engine"], resource.RLIMIT_DATA, held):
            packets = feed.ledger.packets
            swell(plant)
            until(
                lambda: "MemoryError" in log.read_text() or plant.supervisor.children["engine"].starts > 1,
                240,
                lambda: "the engine never felt the limit",
            )
            until(lambda: feed.ledger.packets > packets + 60, 240, lambda: "gateways are not answered")
            plant.burn()
            until(lambda: plant.ask("dump")["notices"] == plant.notices, 240, lambda: "the clocks do not go on")
        compare(plant, feed.stop(), seconds=240)
        starts = {role: plant.supervisor.children[role].starts for role in ROLES if role != "engine"}
        assert starts == dict.fromkeys(starts, 1)
