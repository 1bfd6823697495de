"""What stands in deploy/ is what the product understands: verbs, roles, settings, files, the log server's own file."""

from __future__ import annotations

import configparser
import dataclasses
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from anlan import cli, config
from anlan.roles.supervisor import ROLES
from anlan.stream.natsd import MAX_PAYLOAD, find_binary

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


def test_the_log_server_takes_its_file(tmp_path: Path) -> None:
    text = (DEPLOY / "nats.conf").read_text(encoding="utf-8")
    assert "sync_interval: always" in text
    assert f"max_payload: {MAX_PAYLOAD}\n" in text
    (tmp_path / "nats.conf").write_text(text.replace("/var/lib/anlan-nats", str(tmp_path / "store")), encoding="utf-8")
    command = [str(find_binary()), "-t", "--config", str(tmp_path / "nats.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
