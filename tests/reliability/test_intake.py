"""What senders may do to the intake: repeat themselves, send rubbish, send nothing but rubbish, never end a request.

Scenarios 22, 30, 31 and 32, with real processes; the corpus of hostile bodies is `tests/corpus`.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.corpus import hostile
from tests.hats import machine
from tests.reliability.cluster import Cluster
from tests.reliability.plant import HIGH, NORMAL, Ledger, Plant, compare, micros, until

from anlan.testing.sender import Reply, Sender, binary, checked, collect_time, compact, numbered, packet, tag_list
from anlan.testing.sites import Site

pytestmark = pytest.mark.slow
ROLES = ["engine", "historian", "intake"]
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"


def sender_of(plant: Plant, site: Site) -> Sender:
    return Sender(plant.supervisor.intake_url, site.gateway, site.key)


def taken(sender: Sender, body: bytes, **headers: str) -> Reply:
    """Post until an answer accounts for the packet."""
    last: list[Reply] = []

    def answered() -> bool:
        last[:] = [sender.post(body, **headers)]
        return last[0].status in (200, 400)

    until(answered, 240, lambda: f"no answer that accounts for the packet: {last}")
    return last[0]


def forms(site: Site, at: datetime, value: float, number: int) -> list[bytes]:
    """One and the same scan in every form."""
    values: dict[str, float | str] = dict.fromkeys(site.points, value)
    numbers = dict.fromkeys(site.points, value)
    plain = numbered(packet(site.enterprise, site.gateway, at, values), number, "b")
    short = compact(site.enterprise, site.gateway, at, numbers, seq=number, boot="b")
    return [
        json.dumps(plain).encode(),
        checked(plain),
        json.dumps(short).encode(),
        binary(site.enterprise, site.gateway, at, numbers, seq=number, boot="b"),
    ]


@pytest.mark.reliability(22)
def test_copies_in_any_number_order_and_form_are_one_packet(
    tmp_path: Path, database_url: str, cluster: Cluster | None
) -> None:
    """The first copies come in order; later ones at random over other connections, also to an intake that was killed
    and remembers nothing. The numbers say at the end that nothing is missing."""
    dice = random.Random(22)
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=4, cluster=cluster) as plant:
        ledger, copies, repeated = Ledger(), 0, 0
        sent: dict[str, list[list[bytes]]] = {}
        with sender_of(plant, plant.sites[0]) as first, sender_of(plant, plant.sites[1]) as second:
            lines = dict(zip([site.gateway for site in plant.sites], (first, second), strict=True))
            for site in plant.sites:
                assert lines[site.gateway].send(tag_list(site.enterprise, site.gateway, site.points)).status == 200
            for number in range(1, 61):
                if number == 30:
                    plant.kill("intake")
                for site in plant.sites:
                    now = datetime.now(UTC)
                    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
                    value = HIGH if number % 10 in (3, 4) else NORMAL
                    bodies = forms(site, at, value, number)
                    assert taken(lines[site.gateway], dice.choice(bodies)).status == 200
                    ledger.entries.setdefault(site.gateway, []).append((micros(at), value))
                    sent.setdefault(site.gateway, []).append(bodies)
                    ledger.packets += 1
                    for _ in range(dice.choice((2, 2, 2, 5, 50 if number % 20 == 0 else 2))):
                        with sender_of(plant, site) as other:
                            reply = taken(other, dice.choice(dice.choice(sent[site.gateway])))
                        assert reply.status == 200
                        assert not reply.reasons
                        copies += 1
                        repeated += reply.duplicates
        assert copies > 240
        assert repeated > copies // 4  # the rest came after the kill, and was absorbed behind the log
        compare(plant, ledger)
        until(lambda: not plant.ask("tests.reliability.test_intake:gaps"), 240, lambda: "a gap is left open")
        assert plant.supervisor.children["intake"].starts == 2


def gaps() -> list[Any]:
    """Open gaps in the running numbers, as the records have them."""
    from anlan.apps.gateways.models import SequenceGap

    return list(SequenceGap.objects.by_the_machine().filter(closed_at__isnull=True).values_list("first", "last"))


@pytest.mark.reliability(30)
def test_every_hostile_body_is_refused_with_its_reason_and_the_good_ones_beside_it_land(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=1, points=2) as plant:
        (site,) = plant.sites
        ledger = Ledger({site.gateway: []})
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=130)
        names = {"ENTERPRISE": site.enterprise, "GATEWAY": site.gateway, "POINT": "NO-" + site.points[0]}
        expected: set[str] = set()
        with sender_of(plant, site) as sender:
            for number, (name, (body, verdict)) in enumerate(
                hostile(**names, TIME=collect_time(start - timedelta(seconds=10))).items()
            ):
                for half in range(2):
                    at = start + timedelta(seconds=2 * number + half)
                    good = packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, NORMAL))
                    assert taken(sender, json.dumps(good).encode()).status == 200, name
                    ledger.entries[site.gateway].append((micros(at), NORMAL))
                reply = taken(sender, body)
                assert reply.status == (200 if verdict.startswith("taken") else 400), (name, reply)
                expected |= {verdict.removeprefix("taken:")} if verdict not in ("", "taken") else set()
        compare(plant, ledger)

        def missing() -> set[str]:
            return expected - {reason for gateway, reason, _ in plant.ask("refused") if gateway == site.gateway}

        until(lambda: not missing(), 60, lambda: f"not in quarantine: {missing()}")
        assert {role: plant.supervisor.children[role].starts for role in ROLES} == dict.fromkeys(ROLES, 1)


@pytest.mark.reliability(31)
def test_a_gateway_that_sends_mostly_rubbish_is_paused_until_a_person_lifts_it_and_others_go_on(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2) as plant:
        broken, other = plant.sites
        ledger = Ledger({broken.gateway: [], other.gateway: []})

        def good(sender: Sender, site: Site) -> Reply:
            at = datetime.now(UTC).replace(microsecond=0)
            reply = sender.send(packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, NORMAL)))
            entry = (micros(at), NORMAL)
            if reply.status == 200 and entry not in ledger.entries[site.gateway]:
                ledger.entries[site.gateway].append(entry)
            return reply

        with sender_of(plant, broken) as theirs, sender_of(plant, other) as ours:
            assert good(theirs, broken).status == 200
            until(lambda: theirs.post(b'{"report":').status == 429, 60, lambda: "never paused")
            assert good(theirs, broken).body["reason"] == "suspended"
            assert good(ours, other).status == 200
            until(lambda: plant.ask("tests.reliability.test_intake:lift") == 1, 60, lambda: "no pause on record")
            until(lambda: good(theirs, broken).status == 200, 60, lambda: "still paused")
        compare(plant, ledger)


def lift() -> int:
    """Lift every pause as a person would; returns how many there are on record."""
    from anlan import now as clock
    from anlan.apps.gateways.models import Suspension
    from anlan.apps.gateways.services import lift_suspension

    rows = list(Suspension.objects.by_the_machine().select_related("gateway", "enterprise"))
    for row in rows:
        lift_suspension(row, by=machine(row.enterprise), at=clock.now())
    return len(rows)


@pytest.mark.reliability(32)
def test_requests_that_are_too_large_too_slow_or_never_end_are_cut_off_and_nobody_else_waits(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2) as plant:
        bad, site = plant.sites
        address = urlsplit(plant.supervisor.intake_url)
        token = b64encode(f"{bad.gateway}:{bad.key}".encode()).decode()
        head = f"POST /api/v1/packets HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n"
        cut: dict[str, bytes] = {}

        def attack(name: str, begin: bytes, then: bytes, pause_s: float) -> None:
            """Send ``begin``, then ``then`` again and again, until the other side ends it."""
            with socket.create_connection((address.hostname, address.port), timeout=120) as line:
                line.sendall(begin)
                line.settimeout(pause_s or None)
                heard = b""
                while True:
                    try:
                        line.sendall(then)
                        if pause_s and (part := line.recv(4096)):
                            heard += part
                        elif pause_s:
                            break
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                cut[name] = heard

        attacks = {
            "slow body": (f"{head}Content-Length: 5000\r\n\r\n".encode(), b" ", 0.5),
            "slow headers": (head.encode(), b"X-A: b\r\n", 0.5),
            "endless body": (f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), CHUNK, 0.0),
            "declared too large": (f"{head}Content-Length: 99999999999\r\n\r\n".encode(), b" " * 1000, 0.2),
        }  # fmt: skip
        threads = [
            threading.Thread(target=attack, args=(f"{name} {copy}", *how), daemon=True)
            for name, how in attacks.items()
            for copy in range(3)
        ]
        for thread in threads:
            thread.start()
        ledger, slowest, started = Ledger({bad.gateway: [], site.gateway: []}), 0.0, time.monotonic()
        with sender_of(plant, site) as sender:
            while any(thread.is_alive() for thread in threads):
                at = datetime.now(UTC).replace(microsecond=0) + timedelta(
                    milliseconds=len(ledger.entries[site.gateway])
                )
                begun = time.monotonic()
                good = packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, NORMAL))
                assert taken(sender, json.dumps(good).encode()).status == 200
                slowest = max(slowest, time.monotonic() - begun)
                ledger.entries[site.gateway].append((micros(at), NORMAL))
                assert begun - started < 180, f"not cut off: {sorted(attacks)} but {sorted(cut)}"
                time.sleep(0.25)
        print(f"{len(ledger.entries[site.gateway])} packets of the other gateway, the slowest in {slowest:.2f} s")
        assert len(cut) == len(threads)
        assert any(b" 408 " in heard for name, heard in cut.items() if name.startswith("slow body"))
        compare(plant, ledger)
        assert plant.supervisor.children["intake"].starts == 1
