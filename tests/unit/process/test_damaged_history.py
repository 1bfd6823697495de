"""A database of history that cannot be read costs curves and nothing else: records migrate, faults are told apart."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, connections
from tests.unit.pages.test_errors import broken
from tests.unit.roles.historian.recorded import START, Plant

from anlan import now as clock
from anlan.apps.gateways.selectors.log_state import newest_number
from anlan.apps.history.models import Block, Removal, Rollup
from anlan.apps.history.selectors import raw
from anlan.apps.history.selectors.stored import HOUR_US, stored
from anlan.apps.history.services import compact_hour
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.config import Config
from anlan.process.migrating import HISTORY_FAILED, _reason
from anlan.roles.auditor import storage
from anlan.roles.auditor.bell import AT_ONCE
from anlan.verbs import check, present, repair


def migrate(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ANLAN_DATA_DIR": str(folder), "ANLAN_DATABASE_URL": ""}
    environment["ANLAN_HISTORY_DATABASE_URL"] = ""
    command = [sys.executable, "-m", "anlan", "manage", "migrate"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.mark.case("A11")
@pytest.mark.sqlite
@pytest.mark.parametrize("what", ["bytes", "folder"])
def test_records_migrate_without_a_history_and_it_is_said_in_one_line(tmp_path: Path, what: str) -> None:
    history = tmp_path / "history.sqlite3"
    history.write_bytes(b"overwritten " * 1000) if what == "bytes" else history.mkdir()
    done = migrate(tmp_path)
    assert done.returncode == HISTORY_FAILED, done.stderr
    assert "accounts_user" in tables(tmp_path / "anlan.sqlite3")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("历史库打不开")
    assert str(history) in last
    assert "Traceback" not in done.stderr
    if what == "bytes":
        assert history.read_bytes().startswith(b"overwritten"), "kept as it is, for who repairs it"
        history.unlink()
        assert migrate(tmp_path).returncode == 0
        assert "history_block" in tables(history)


@pytest.mark.case("A11")
@pytest.mark.sqlite
def test_a_history_of_an_earlier_version_is_migrated_by_its_own_app_alone(tmp_path: Path) -> None:
    assert migrate(tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "history.sqlite3") as connection:
        for name in tables(tmp_path / "history.sqlite3"):
            if name.startswith("history_"):
                connection.execute(f"DROP TABLE {name}")
        connection.execute("DELETE FROM django_migrations")
    assert migrate(tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "history.sqlite3") as connection:
        apps = {app for (app,) in connection.execute("SELECT app FROM django_migrations")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(history_position)")}
    assert apps == {"history"}
    assert "newest_seq" in columns


@pytest.fixture
def plant(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(present.django, "start", lambda: None)
    obligations.tick("clock", clock.now())
    made = Plant(points=1)
    made.take([(START + timedelta(seconds=30 * n), 50.0) for n in range(4)])
    made.store()
    made.heard(clock.now())
    return made


@pytest.mark.case("A11")
def test_the_check_says_which_database_and_what_to_do_and_hides_nothing_else(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    with broken("history", DatabaseError("file is not a database")):
        assert check.main(["lag", "--json"]) == 1
        faults = json.loads(capsys.readouterr().out)["checks"]["lag"]["faults"]
        told = {each["kind"]: each["text"] for each in faults}
        assert "历史库读不出" in told["history_unreadable"]
        assert check.main([]) == 2
    said = capsys.readouterr()
    assert "记录链：正常" in said.out
    assert "历史：没能检查，数据库无法读取：file is not a database" in said.err
    assert "history_unreadable" in AT_ONCE, "the operators hear of it at once"


@pytest.mark.case("A11")
def test_whoever_makes_the_log_or_reads_the_disk_needs_no_history(plant: Plant, tmp_path: Path) -> None:
    with broken("history", DatabaseError("file is not a database")):
        assert newest_number() == 0
        part, readings = storage.look(Config(data_dir=tmp_path), clock.now())
    assert "records_bytes" in part.figures
    assert "history_bytes" not in part.figures
    assert readings == []


@pytest.mark.case("G11")
@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (psycopg.errors.InsufficientPrivilege("permission denied for schema public"), "登录名 u 在库 d 里不能建表"),
        (psycopg.OperationalError('FATAL: database "d" does not exist'), "没有这个库"),
        (psycopg.OperationalError('FATAL: role "u" does not exist'), "不能登录"),
        (psycopg.OperationalError('FATAL: password authentication failed for user "u"'), "口令不对"),
        (psycopg.OperationalError("connection refused"), ""),
        (sqlite3.OperationalError("disk I/O error"), ""),
    ],
)
def test_what_an_operator_can_do_about_a_database_is_said(cause: Exception, words: str) -> None:
    error = DatabaseError("x")
    error.__cause__ = cause
    said = _reason(error, {"USER": "u", "NAME": "d"})
    assert words in said
    assert bool(said) == bool(words)


def anlan(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ANLAN_DATA_DIR": str(folder), "ANLAN_DATABASE_URL": ""}
    environment["ANLAN_HISTORY_DATABASE_URL"] = ""
    command = [sys.executable, "-m", "anlan", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.case("A19")
@pytest.mark.sqlite
def test_an_index_that_lost_a_row_is_found_by_the_check_and_made_anew_by_the_repair(
    plant: Plant, tmp_path: Path
) -> None:
    """Curves look rows up by an index: a sound row that stands in it under another name is read by nobody."""
    folder = tmp_path / "installation"
    folder.mkdir()
    assert migrate(folder).returncode == 0
    columns = ("gateway", "enterprise", "grain", "start_us", "part", "samples", "body")
    rows = [tuple(row) for row in Block.objects.values_list(*columns)]
    history = folder / "history.sqlite3"
    with sqlite3.connect(history) as connection:
        statement = f"INSERT INTO history_block ({', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.executemany(statement, rows)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = bytearray(history.read_bytes())
    file[file.index(f"{plant.gateway}minute".encode()) + 2] ^= 1  # both words stand side by side in an index alone
    history.write_bytes(file)
    found = anlan(folder, "check", "history")
    assert found.returncode == 1, found.stderr
    assert "历史库的文件或索引损坏" in found.stdout
    assert "anlan repair history" in found.stdout
    done = anlan(folder, "repair", "history")
    assert (done.returncode, "索引已重建" in done.stdout) == (0, True), done.stderr
    assert anlan(folder, "check", "history").returncode == 0


@pytest.mark.case("A19")
@pytest.mark.sqlite
@pytest.mark.parametrize("how", ["NULL", "CAST(body AS TEXT)"])
def test_a_row_that_holds_no_bytes_is_one_damaged_row(
    plant: Plant, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """One flipped bit before a body makes SQLite take it for a text, or for nothing."""
    row = Block.objects.order_by("start_us")[1]
    with connections["history"].cursor() as cursor:
        cursor.execute("PRAGMA writable_schema = ON")
        cursor.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'BLOB NOT NULL', 'BLOB') WHERE name = 'history_block'"
        )
        cursor.execute("PRAGMA writable_schema = RESET")
        cursor.execute(f"UPDATE history_block SET body = {how} WHERE id = %s", [row.pk])
    _one_row_is_damaged(plant, capsys)


@pytest.mark.case("A19")
def test_a_row_of_an_unknown_grain_is_one_damaged_row(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    row = Block.objects.order_by("start_us")[1]
    Block.objects.filter(pk=row.pk).update(grain="minqte")
    assert check.main(["history"]) == 1
    assert "历史块损坏" in capsys.readouterr().out
    assert repair.main(["history"]) == 0
    assert check.main(["history"]) == 0
    held = raw(plant.point, START, START + timedelta(minutes=2))
    assert held.value.tolist() == [50.0, 50.0]
    assert [lost.cause for lost in held.lost] == ["damaged"]


@pytest.mark.case("A19")
def test_a_roll_up_whose_samples_were_removed_is_looked_at_too_and_its_hour_is_a_gap_with_a_cause(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    compact_hour(plant.gateway, Block.objects.order_by("start_us")[0].start_us // HOUR_US * HOUR_US)
    Block.objects.all().delete()
    Removal.objects.create(
        enterprise=plant.enterprise.code, kind="raw", until_us=Rollup.objects.get().start_us + HOUR_US
    )
    assert check.main(["history"]) == 0
    kept = Rollup.objects.get()
    body = bytearray(kept.body)
    body[-3] ^= 4
    Rollup.objects.filter(pk=kept.pk).update(body=bytes(body))
    assert check.main(["history"]) == 1
    assert "无从重做，只能恢复备份" in capsys.readouterr().out
    assert repair.main(["history"]) == 0
    assert bytes(Rollup.objects.get().body) == bytes(body)
    found = stored(plant.gateway, [plant.point.code], kept.start_us, kept.start_us + HOUR_US, by_minute=True)
    assert found.damaged == [(kept.start_us, kept.start_us + HOUR_US)]


@pytest.mark.case("A19")
@pytest.mark.parametrize("grain", ["minute", "hour"])
def test_a_row_under_the_name_of_another_enterprise_is_found_and_set_right(
    plant: Plant, capsys: pytest.CaptureFixture[str], grain: str
) -> None:
    """Curves go by the gateway, what is kept and what is handed out go by the enterprise."""
    first = Block.objects.order_by("start_us")[0]
    if grain == "hour":
        compact_hour(plant.gateway, first.start_us // HOUR_US * HOUR_US)
    code = plant.enterprise.code
    number = Block.objects.filter(enterprise=code).update(enterprise=f"{code[:-1]}X")
    assert check.main(["history"]) == 1
    assert "记在别的企业名下" in capsys.readouterr().out
    assert repair.main(["history"]) == 0
    assert f"改正 {number} 行的企业" in capsys.readouterr().out
    assert set(Block.objects.values_list("enterprise", flat=True)) == {code}
    assert check.main(["history"]) == 0
    assert Entry.objects.filter(chain__key=f"enterprise:{code}", act="history_repaired").count() == 1


def _one_row_is_damaged(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["history"]) == 1
    assert "历史块损坏，读取时略去" in capsys.readouterr().out
    held = raw(plant.point, START, START + timedelta(minutes=2))
    assert held.value.tolist() == [50.0, 50.0]
    assert [lost.cause for lost in held.lost] == ["damaged"]
    assert compact_hour(plant.gateway, Block.objects.order_by("start_us")[0].start_us // HOUR_US * HOUR_US) == 1
    assert check.main(["history"]) == 0
