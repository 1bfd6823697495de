"""The tutorial is followed word for word: its commands by bash and curl, its answers against those of real roles."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT, absent

from anlan.config import Config
from anlan.roles.supervisor import Supervisor
from anlan.testing.demo.declaration import read

pytestmark = pytest.mark.sqlite  # the reader of the tutorial has the default engines

PAGE = ROOT / "docs" / "tutorial" / "first-packet.md"
NAMES = ("INTAKE", "ENTERPRISE", "GATEWAY", "KEY", "POINT")


@dataclass(frozen=True)
class Step:
    """One block of commands, the heading it stands under, and the JSON that the page promises after it (or none)."""

    heading: str
    commands: str
    promised: Any


def steps() -> list[Step]:
    text = PAGE.read_text(encoding="utf-8")
    found: list[Step] = []
    heading = ""
    for line in re.finditer(r"^## (.+)$|^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        if line[1]:
            heading = line[1]
        elif line[2] == "sh":
            found.append(Step(heading, line[3], None))
        else:
            assert line[2] == "json", f"a block that nobody checks: {line[3]}"
            found[-1] = Step(found[-1].heading, found[-1].commands, json.loads(line[3]))
    return found


def same(promised: Any, answered: Any) -> bool:
    """Equal, where ``…`` in a promised text stands for anything."""
    if isinstance(promised, dict) and isinstance(answered, dict):
        return promised.keys() == answered.keys() and all(same(promised[key], answered[key]) for key in promised)
    if isinstance(promised, list) and isinstance(answered, list):
        return len(promised) == len(answered) and all(map(same, promised, answered))
    if isinstance(promised, str) and isinstance(answered, str):
        return bool(re.fullmatch(".+".join(map(re.escape, promised.split("…"))), answered))
    return bool(promised == answered)


class Reader:
    """Someone who follows the page, in one folder, and looks at the screens between the steps."""

    def __init__(self, supervisor: Supervisor, folder: Path, names: dict[str, str]) -> None:
        self._supervisor, self._folder, self._names = supervisor, folder, names

    def follow(self, step: Step, functions: str) -> Any:
        """Run the commands as they stand; at least a second after those before, as any reader."""
        done = subprocess.run(
            ["bash", "-c", functions + step.commands],
            env={**os.environ, **self._names, "no_proxy": "127.0.0.1"},
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        second = time.time() // 1
        while time.time() // 1 == second:
            time.sleep(0.02)
        return json.loads(done.stdout)

    def seen(self) -> Any:
        return ask(self._supervisor.config, "seen", self._names["POINT"])

    def waits_for(self, wanted: dict[str, Any]) -> None:
        deadline = time.monotonic() + 30
        while (found := self.seen()) != wanted:
            assert time.monotonic() < deadline, found
            time.sleep(0.3)


def ask(config: Config, *question: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.tutorial_records", *question],
        env={**os.environ, **config.environment()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture
def reader(tmp_path: Path, database_url: str) -> Iterator[Reader]:
    for program in ("bash", "curl", "gzip"):
        if shutil.which(program) is None:
            absent(program)
    config = Config(data_dir=tmp_path / "data", database_url=database_url, web_port=0, intake_port=0)
    supervisor = Supervisor(config, ["engine", "historian", "intake"])
    keys = ask(supervisor.config, "load", "tutorial")
    declared = read().raw["tutorial"]
    supervisor.start(migrate=False)
    try:
        supervisor.wait_ready(90)
        folder = tmp_path / "desk"
        folder.mkdir()
        values = (
            supervisor.intake_url,
            declared["enterprise"],
            declared["gateway"],
            keys[declared["gateway"]],
            declared["point"],
        )
        yield Reader(supervisor, folder, dict(zip(NAMES, values, strict=True)))
    finally:
        supervisor.stop()


def test_the_first_steps_start_the_demo_and_name_what_it_prints() -> None:
    demo, exports = steps()[:2]
    assert demo.commands == "./run demo\n"
    assert tuple(re.findall(r"^export (\w+)=", exports.commands, re.M)) == NAMES
    declared = read().raw["tutorial"]
    for name, key in (("ENTERPRISE", "enterprise"), ("GATEWAY", "gateway"), ("POINT", "point")):
        assert f"export {name}={declared[key]}\n" in exports.commands
    assert f"高限 {declared['h']}，高高限 {declared['hh']}" in PAGE.read_text(encoding="utf-8")


def test_every_command_of_the_tutorial_gives_the_answer_that_it_promises(reader: Reader) -> None:
    defined = ""
    for step in steps()[2:]:
        answered = reader.follow(step, defined)
        assert same(step.promised, answered), f"{step.commands}\n{answered}"
        if function := re.search(r"^packet\(\) \{.*?^\}\n", step.commands, re.M | re.S):
            defined = function[0]
        if "high.json" in step.commands:
            reader.waits_for(_after("H", "active", "blue", told=3))
        elif "higher.json" in step.commands:
            reader.waits_for(_after("HH", "active", "orange", told=5))
        elif "calm.json" in step.commands:
            reader.waits_for(_after("HH", "cleared", "orange", told=5))


def _after(worst: str, state: str, level: str, *, told: int) -> dict[str, Any]:
    return {"alarms": [["high", worst, state]], "warnings": [{"level": level, "told": told}]}
