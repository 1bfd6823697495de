"""Who may speak to the log server, and of what."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client

from anlan import credentials, now
from anlan.credentials import RIGHTS, USERS, Target, shown, signed
from anlan.roles.supervisor import ROLES
from anlan.stream import connection
from anlan.stream.connection import LogUnavailable, connect
from anlan.stream.log import Log
from anlan.stream.natsd import NatsServer, find_binary

PASSWORDS = {"engine": "s3:c/r@t", "operator": "o"}


@pytest.fixture(autouse=True)
def nothing_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_forbidden", {})


@asynccontextmanager
async def speaking(server: NatsServer, user: str) -> AsyncIterator[Client]:
    client = await connect(server.url_of(user), f"test-{user}")
    try:
        yield client
    finally:
        await connection.close(client)


async def becomes(true: Callable[[], object]) -> None:
    deadline = now.monotonic() + 20
    while not true():
        assert now.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.01)


@pytest.mark.case("G4")
async def test_nobody_speaks_to_the_log_server_without_a_password(server: NatsServer):
    for address in (server.address, signed(server.address, "engine", {"engine": "guessed"})):
        with pytest.raises(LogUnavailable, match=r"(?i)authorization") as refusal:
            await connect(address, "stranger", timeout=1)
        assert "guessed" not in str(refusal.value)


@pytest.mark.case("G4")
async def test_no_role_but_the_intake_can_put_a_sample_into_the_log_nor_read_what_it_need_not(server: NatsServer):
    owner = await Log.connect(server.url)
    await owner.ensure()
    intake = await Log.connect(server.url_of("intake"))
    await intake.publish(7, b"taken in", "1")
    for user in sorted(set(RIGHTS) - {"intake"}):
        async with speaking(server, user) as client:
            await client.publish("samples.7", b"forged")
            await client.flush()
            await becomes(lambda: any('publish to "samples.7"' in told.lower() for told in connection.forbidden()))
            connection._forbidden.clear()
    for user in USERS:
        if user in ("operator", "engine", "historian"):
            continue
        async with speaking(server, user) as client:
            await client.subscribe("samples.*")
            await client.publish("$JS.API.CONSUMER.CREATE.SAMPLES", b"{}", reply=client.new_inbox())
            await client.flush()
            await becomes(lambda: len(connection.forbidden()) >= 2)
            connection._forbidden.clear()
    assert await owner.last_seq() == 1
    await owner.close()
    await intake.close()


@pytest.mark.case("G4")
async def test_nothing_that_a_role_asks_of_the_log_is_forbidden_to_it(server: NatsServer):
    owner = await Log.connect(server.url)
    await owner.ensure()
    await owner.publish(7, b"taken in", "1")
    intake, engine, historian = [await Log.connect(server.url_of(user)) for user in ("intake", "engine", "historian")]
    assert await intake.newest_at() == await owner.newest_at() is not None
    for log in (intake, engine, historian):
        await log.ensure()
        assert (await log.state()).identity == await log.identity() == await owner.identity()
    for log in (engine, historian):
        assert await log.next_seq(7, 0) == await log.last_seq() == 1
    await intake.publish(7, b"taken in", "2")
    await engine.trim({7: 1})
    assert (await owner.state()).first_seq == 2
    assert not connection.forbidden()
    for log in (owner, intake, engine, historian):
        await log.close()


@pytest.mark.case("G4")
async def test_what_the_server_forbids_is_loud(server: NatsServer, caplog: pytest.LogCaptureFixture):
    async with speaking(server, "clock") as client:
        await client.publish("samples.1", b"x")
        await client.flush()
        await becomes(connection.forbidden)
    assert [record.levelname for record in caplog.records if "forbids clock" in record.getMessage()] == ["ERROR"]


@pytest.mark.case("G4")
def test_passwords_are_the_owners_alone_and_last(server: NatsServer):
    files = [server.store_dir / credentials.FILE, server.store_dir / "nats-server.conf"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600, 0o600]
    before = server.url
    files[0].chmod(0o644)
    server.stop()
    server.start()
    server.wait_ready()
    assert server.url == before
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert set(json.loads(files[0].read_text())) == set(USERS)


@pytest.mark.case("G4")
def test_there_is_one_listener_and_it_tells_its_figures_to_the_system_user_alone(server: NatsServer):
    assert "http" not in (server.store_dir / "nats-server.conf").read_text()
    assert set(server._ports()) == {"nats"}
    assert server.told("varz")["connections"] >= 0
    assert server.told("jsz")["messages"] == 0
    server._passwords = {**server._passwords, "system": "guessed"}
    with pytest.raises(OSError, match="Authorization Violation"):
        server.told("varz")


@pytest.mark.case("G4")
async def test_the_log_of_an_installation_that_had_no_passwords_goes_on(tmp_path: Path):
    store, port = tmp_path / "log", _free_port()
    store.mkdir()
    (tmp_path / "old.conf").write_text(f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{store}" }}\n')
    old = _started(tmp_path / "old.conf")
    try:
        log = await Log.connect(f"nats://127.0.0.1:{port}", timeout=30)
        await log.ensure()
        await log.publish(3, b"acknowledged", "1")
        identity = await log.identity()
        await log.close()
    finally:
        old.terminate()
        old.wait(30)
    server = NatsServer(store)
    server.start()
    try:
        server.wait_ready()
        log = await Log.connect(server.url_of("engine"))
        assert (await log.identity(), await log.last_seq()) == (identity, 1)
        await log.close()
    finally:
        server.stop()


def _started(config: Path) -> subprocess.Popen[bytes]:
    command = [str(find_binary()), "--config", str(config)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_role_has_a_user():
    assert set(ROLES) == set(RIGHTS)


def test_the_server_takes_what_is_written_for_it(tmp_path: Path):
    text = credentials.server_text(credentials.ensure(tmp_path / "words.json"))
    (tmp_path / "users.conf").write_text(text)
    command = [str(find_binary()), "-t", "--config", str(tmp_path / "users.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("nats://127.0.0.1:4222", "nats://engine:s3%3Ac%2Fr%40t@127.0.0.1:4222"),
        ("127.0.0.1:4222", "nats://engine:s3%3Ac%2Fr%40t@127.0.0.1:4222"),
        ("nats://own:word@a:1,nats://b:2", "nats://own:word@a:1,nats://own:word@b:2"),
        ("tls://a:1, tls://b:2", "tls://engine:s3%3Ac%2Fr%40t@a:1?ca=/x.pem,tls://engine:s3%3Ac%2Fr%40t@b:2?ca=/x.pem"),
    ],
)
def test_an_address_is_signed_for_all_its_servers_and_shown_without_secrets(url: str, expected: str):
    found = signed(url, "engine", PASSWORDS, "/x.pem" if url.startswith("tls") else "")
    assert found == expected
    assert signed(found, "operator", PASSWORDS) == found
    assert not {"s3", "word", "@", "?"} & set(shown(found))
    if "engine" in found:
        assert (Target.of(found).user, Target.of(found).password) == ("engine", "s3:c/r@t")
    assert "s3" not in shown(found)
    assert "word" not in shown(found)


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("nats://a:b@127.0.0.1:1,nats://localhost:2", False),
        ("nats://a:b@127.0.0.1:1,nats://10.0.0.11:2", True),
        ("tls://a:b@10.0.0.11:2", False),
        ("nats://10.0.0.11:2", False),
    ],
)
def test_a_password_that_goes_to_another_machine_in_the_clear_is_known(url: str, clear: bool):
    assert Target.of(url).in_the_clear is clear


def test_a_user_without_a_password_here_changes_nothing():
    assert signed("nats://a:1", "web", PASSWORDS) == "nats://a:1"
