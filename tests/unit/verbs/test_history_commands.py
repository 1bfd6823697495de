"""``anlan export history`` and ``anlan hold`` as commands, and what commands say where nothing is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pyarrow import parquet
from tests.unit.roles.historian.recorded import START, Plant

from anlan import cli
from anlan.apps.history.models import Block, Hold
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry

HELD = ["--from", "2026-03-01", "--to", "2026-03-02", "--reason", "事故调查", "--by", "示例管理员"]


@pytest.fixture
def plant() -> Plant:
    """Two points with a sample a minute for two hours, of which the last is on the next civil day."""
    plant = Plant(points=2)
    plant.take([(START + timedelta(hours=15, minutes=n), 50.0 + n) for n in range(120)])
    plant.store()
    return plant


@pytest.mark.django_db
def test_history_goes_out_by_day_and_enterprise_with_exact_values(
    plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = plant.enterprise.code
    days = ["--from", "2026-03-01", "--to", "2026-03-05"]
    assert cli.main(["export", "history", str(tmp_path / "out"), *days]) == 0
    files = [tmp_path / "out" / f"day=2026-03-0{n}" / f"{code}.parquet" for n in (1, 2)]
    told = capsys.readouterr().out.splitlines()
    assert told == [f"{file}  120 个样本" for file in files], "days without history make no file"
    rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    mine = [row["value"] for row in rows if row["point"] == plant.point.code]
    assert mine == [50.0 + n for n in range(120)]
    assert rows[0]["sampled_at"] == START + timedelta(hours=15)
    before = [file.read_bytes() for file in files]
    assert cli.main(["export", "history", str(tmp_path / "out"), *days, "--enterprise", code]) == 0
    assert [file.read_bytes() for file in files] == before


@pytest.mark.django_db
def test_damaged_stretches_are_left_out_and_the_exit_code_says_so(
    plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Block.objects.order_by("start_us")[0]
    body = bytearray(row.body)
    body[-3] ^= 4
    Block.objects.filter(pk=row.pk).update(body=bytes(body))
    assert cli.main(["export", "history", str(tmp_path), "--from", "2026-03-01", "--to", "2026-03-01"]) == 1
    assert "1 段损坏未导出" in capsys.readouterr().out


@pytest.mark.django_db
def test_what_cannot_be_exported_is_said_and_is_exit_code_two(
    plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--from", "2026-03-01", "--to", "2026-03-02"]
    assert cli.main(["export", "history", str(tmp_path), "--from", "2026-03-02", "--to", "2026-03-01"]) == 2
    assert "首日不应晚于末日" in capsys.readouterr().err
    assert cli.main(["export", "history", str(tmp_path), *days, "--enterprise", "000"]) == 2
    assert "没有编码为“000”的企业" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert cli.main(["export", "history", str(tmp_path / "file"), *days]) == 2
    assert "没有导完" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_hold_is_placed_listed_and_released_and_each_is_journaled(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    code = plant.enterprise.code
    assert cli.main(["hold", "place", code, *HELD]) == 0
    found = re.search(r"已保全，编号 (\d+)", capsys.readouterr().out)
    assert found
    number = found[1]
    assert cli.main(["hold", "list"]) == 0
    assert capsys.readouterr().out == f"{number}  {code}  2026-03-01 至 2026-03-02  事故调查（示例管理员）\n"
    assert cli.main(["hold", "release", number, "--by", "示例科长"]) == 0
    assert cli.main(["hold", "release", number, "--by", "示例科长"]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("已解除\n", "没有这项保全，或者它已解除\n")
    assert cli.main(["hold", "list"]) == 0
    assert capsys.readouterr().out == ""
    entries = Entry.objects.filter(chain__key=f"enterprise:{code}", subject=f"hold:{number}").order_by("seq")
    assert [(entry.act, entry.actor) for entry in entries] == [
        ("history_held", "operator:示例管理员"), ("history_hold_released", "operator:示例科长"),
    ]  # fmt: skip
    assert list(journal.broken()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": "000"}, "没有编码为“000”的企业"),
        ({"--to": "2026-02-28"}, "起始时间应早于截止时间"),
        ({"--reason": " "}, "应写明事由"),
        ({"--by": " "}, "应写明经办人"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused_in_words(
    plant: Plant, changed: dict[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = dict(zip(HELD[::2], HELD[1::2], strict=True)) | {k: v for k, v in changed.items() if k != "code"}
    arguments = [each for pair in options.items() for each in pair]
    assert cli.main(["hold", "place", changed.get("code", plant.enterprise.code), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    "command",
    [["check"], ["hold", "list"], ["export", "history", "out", "--from", "2026-03-01", "--to", "2026-03-01"]],
    ids=lambda command: command[0],
)
def test_where_nothing_is_installed_a_command_says_so_and_makes_nothing(tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    env = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    env |= {"ANLAN_DATA_DIR": str(folder), "PYTHONWARNINGS": "error"}
    asked = [sys.executable, "-m", "anlan", *command]
    done = subprocess.run(asked, env=env, cwd=folder, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{folder} 里还没有数据：")
    assert list(folder.iterdir()) == []
    (folder / "anlan.sqlite3").touch()
    done = subprocess.run(asked, env=env, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 2
    assert done.stderr.startswith("数据库里还没有数据表：")
