"""``anlan drill`` as a command: its own database, JSON lines, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.drill.test_scenario import GOOD


def drill(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "anlan", "drill", str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_it_prints_one_object_a_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(GOOD, encoding="utf-8")
    done = drill(path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert printed[0] == {
        "at": "2024-03-01T10:00:00+08:00", "kind": "informed", "level": "orange", "source": "s1", "step": None,
        "to": ["zz", "甲"], "due": "2024-03-01T10:00:00+08:00", "late": False, "missed": [],
    }  # fmt: skip
    assert [line["kind"] for line in printed] == ["informed", "notice", "notice"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_wrong_file_is_exit_code_two_and_a_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(GOOD.replace("orange", "pink"), encoding="utf-8")
    done = drill(path, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "第 1 个事件 的 level 只能是" in done.stderr


def test_a_file_that_is_not_there_is_exit_code_two(tmp_path: Path) -> None:
    done = drill(tmp_path / "none.yaml")
    assert done.returncode == 2
    assert "读不到剧本" in done.stderr


def test_a_teaching_drill_plays_by_its_name_beside_what_is_demanded() -> None:
    done = drill(Path("04-risen-within-the-hour"), "--json", "--beside", "--limit", "60")
    assert (done.returncode, done.stderr) == (0, "")
    played = json.loads(done.stdout)
    first = next(row for row in played["rows"] if row["kind"] == "notice")
    assert (first["should_at"], first["at"], first["article"]) == ("2025-05-19T09:10:00+08:00",) * 2 + ("第十二条",)
    assert {row["mark"] for row in played["rows"]} == {"on_time"}
    assert played["names"]["shi"] == "示例市应急管理局"


def test_the_teaching_drills_are_listed_and_a_file_is_checked_without_playing(tmp_path: Path) -> None:
    listed = subprocess.run([sys.executable, "-m", "anlan", "drill", "--list"], capture_output=True, text=True)
    assert "02-red-for-48-hours" in listed.stdout
    path = tmp_path / "story.yaml"
    path.write_text(GOOD, encoding="utf-8")
    done = drill(path, "--check", "--json")
    assert (done.returncode, json.loads(done.stdout)["name"]) == (0, "例")


def test_a_limited_drill_ends_when_its_time_is_up(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(GOOD.replace("until: 2024-03-01T12", "until: 2094-03-01T12"), encoding="utf-8")
    assert drill(path, "--limit", "1").returncode < 0
