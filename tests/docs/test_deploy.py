"""What stands in deploy/ is what the product understands: verbs, roles, settings, files, the log server's own file."""

from __future__ import annotations

import asyncio
import configparser
import dataclasses
import ipaddress
import json
import re
import shutil
import socket
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from anlan import cli, config
from anlan.roles.supervisor import ROLES
from anlan.stream import connection
from anlan.stream.natsd import MAX_PAYLOAD, find_binary
from anlan.verbs import log_users

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PAGE = (ROOT / "docs" / "how-to" / "scale-out.md").read_text(encoding="utf-8")


def environment() -> dict[str, str]:
    lines = (DEPLOY / "anlan.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_exists(unit: Path) -> None:
    read = configparser.ConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read_string(unit.read_text(encoding="utf-8"))
    by_timer = unit.with_suffix(".timer").exists()
    assert set(read.sections()) == {"Unit", "Service"} | (set() if by_timer else {"Install"})
    commands = [read["Service"][key] for key in ("ExecStart", "ExecStartPost") if key in read["Service"]]
    assert commands
    for command in commands:
        program, *arguments = command.split()
        if program.endswith("/run"):
            verb = arguments[1] if arguments[0] == "anlan" else arguments[0]
            assert verb in cli.VERBS
            assert read["Service"]["EnvironmentFile"].endswith(f"/{(DEPLOY / 'anlan.env').name}")
            for name in re.findall(r"\$\{(\w+)\}", " ".join(arguments)):
                assert name in environment()
        else:
            assert Path(program).name == find_binary().name
            assert Path(arguments[1]).name == "nats.conf"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for program in ("opt/anlan/run", "opt/anlan/.venv/bin/nats-server"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).touch(mode=0o755)
    units = tmp_path / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for unit in [*UNITS, *(DEPLOY / "systemd").glob("*.timer")]:
        shutil.copy(unit, units)
    for name in ("multi-user.target", "timers.target", "network-online.target", "sysinit.target", "basic.target"):
        (units / name).write_text(f"[Unit]\nDescription={name}\n", encoding="utf-8")
    names = sorted(path.name for path in units.glob("anlan*"))
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if line.startswith(("anlan", str(units / "anlan")))]
    assert (done.returncode, told) == (0, []), done.stderr


def test_the_environment_names_settings_and_roles_that_exist() -> None:
    known = {f"ANLAN_{field.name.upper()}" for field in dataclasses.fields(config.Config)}
    assert {name for name in environment() if name.startswith("ANLAN_")} - known == {"ANLAN_CONFIG"}
    assert set(environment()["ROLES"].split(",")) <= set(ROLES)


def test_the_settings_file_is_read_and_bears_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in dataclasses.fields(config.Config):
        monkeypatch.delenv(f"ANLAN_{field.name.upper()}", raising=False)
    found = config.load(DEPLOY / "anlan.toml")
    assert found.nats_replicas == len(found.nats_url.split(",")) == 3
    assert not found.secret_key
    assert not found.database_url


@pytest.fixture(scope="module")
def nats_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``/etc/anlan`` as the page says to make it, with ``nats.conf`` for this machine."""
    folder = tmp_path_factory.mktemp("etc")
    assert log_users.main([str(folder / "nats")]) == 0
    _certificates(folder / "nats")
    text = (DEPLOY / "nats.conf").read_text(encoding="utf-8")
    for there, here in (
        ("/var/lib/anlan-nats", str(folder / "store")),
        ("/etc/anlan", str(folder)),
        ("10.0.0.11:4222", f"127.0.0.1:{_free_port()}"),
        ("10.0.0.11:6222", f"127.0.0.1:{_free_port()}"),
    ):
        assert there in text
        text = text.replace(there, here)
    (folder / "nats.conf").write_text(text, encoding="utf-8")
    return folder


def test_the_log_server_takes_its_file(nats_folder: Path) -> None:
    text = (nats_folder / "nats.conf").read_text(encoding="utf-8")
    assert "sync_interval: always" in text
    assert f"max_payload: {MAX_PAYLOAD}\n" in text
    command = [str(find_binary()), "-t", "--config", str(nats_folder / "nats.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.case("G4")
def test_the_log_of_several_hosts_takes_roles_with_passwords_over_tls_and_nobody_else(nats_folder: Path) -> None:
    text = (nats_folder / "nats.conf").read_text(encoding="utf-8")
    port = re.search(r'^listen: "127.0.0.1:(\d+)"', text, re.M)[1]  # type: ignore[index]
    words = nats_folder / "nats" / "credentials.json"
    files = [words, nats_folder / "nats" / "users.conf"]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]
    settings = config.Config(
        nats_url=f"tls://127.0.0.1:{port}",
        nats_credentials=str(words),
        nats_ca_file=str(nats_folder / "nats" / "ca.crt"),
    )
    stranger = settings.log_address(f"tls://engine:guessed@127.0.0.1:{port}")
    binary = [str(find_binary()), "--config", str(nats_folder / "nats.conf")]
    server = subprocess.Popen(binary, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    async def speak(url: str, seconds: float) -> None:
        await connection.close(await connection.connect(url, "test", seconds))

    try:
        for user in ("intake", "operator"):
            asyncio.run(speak(settings.log_address(settings.nats_url, user), 60))
        with pytest.raises(connection.LogUnavailable, match=r"(?i)authorization"):
            asyncio.run(speak(stranger, 2))
        untrusting = dataclasses.replace(settings, nats_ca_file="")
        with pytest.raises(connection.LogUnavailable, match="certificate verify failed"):
            asyncio.run(speak(untrusting.log_address(untrusting.nats_url), 2))
    finally:
        server.terminate()
        server.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificates(folder: Path) -> None:
    """An authority and a server's certificate for 127.0.0.1, as a plant's own authority makes them."""
    names = {who: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)]) for who in ("ca", "server")}
    keys = {who: ec.generate_private_key(ec.SECP256R1()) for who in names}
    now = datetime.now(UTC)
    for who, name in names.items():
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names["ca"])
            .public_key(keys[who].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=who == "ca", path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(keys[who].public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys["ca"].public_key()), critical=False)
        )
        if who == "server":
            own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            made = made.add_extension(own, critical=False)
        signed = made.sign(keys["ca"], hashes.SHA256())
        (folder / f"{who}.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        (folder / f"{who}.key").write_bytes(
            keys[who].private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def test_the_container_copies_what_exists_and_starts_a_verb() -> None:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    lines = [line.split(maxsplit=1) for line in text.splitlines()]
    steps = [(line[0], line[1]) for line in lines if len(line) == 2 and line[0].isupper()]
    assert steps[0][0] == "FROM"
    copied = [rest.split()[:-1] for step, rest in steps if step == "COPY" and not rest.startswith("--from=build")]
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists(), name
    # what making the wheel reads must be there when it is made
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    needed = {"pyproject.toml", "run", Path(hook["wheel"]["hooks"]["custom"]["path"]).parts[0], "src"}
    assert needed <= {name for names in copied for name in names}
    assert json.loads(dict(steps)["ENTRYPOINT"]) == ["anlan"]
    assert json.loads(dict(steps)["CMD"])[0] in cli.VERBS
    names = {pair.split("=")[0] for step, pairs in steps if step == "ENV" for pair in pairs.split()}
    assert names <= {f"ANLAN_{field.name.upper()}" for field in dataclasses.fields(config.Config)}


def test_the_page_shows_files_and_commands_that_exist() -> None:
    for name in set(re.findall(r"`deploy/([\w./-]+)`", PAGE)):
        assert (DEPLOY / name).exists(), name
    verbs = set(re.findall(r"^(?:\S*/)?anlan ([a-z-]+)", "\n".join(re.findall(r"```\w*\n(.*?)```", PAGE, re.S)), re.M))
    assert verbs
    assert verbs <= set(cli.VERBS)
