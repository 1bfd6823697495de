"""A backup is whole or not there, and a restore touches nothing that exists."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from anlan import now as clock
from anlan.apps.alarms.models import EnginePosition
from anlan.apps.history.models import Position
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.config import Config
from anlan.process.life import RESTORING
from anlan.process.places import last_backup_file, write_whole
from anlan.process.versions import unknown_migrations
from anlan.roles.auditor.backup_age import age
from anlan.roles.supervisor import Supervisor, SupervisorError
from anlan.stream.partition import PARTITIONS
from anlan.verbs.backup import command, facts, log, manifest, restore
from anlan.verbs.backup.databases import fitting, variables_of
from anlan.verbs.backup.manifest import BackupError

SQLITE = {
    "records": {"kind": "sqlite", "file": "anlan.sqlite3"},
    "history": {"kind": "sqlite", "file": "history.sqlite3"},
}

FACTS = {
    "rows": {}, "history": {"samples": 0, "days": {}}, "journal": {"heads": {}, "days": {}}, "warnings": [],
    "obligations": {"pending": 0, "next": []}, "alarms": {}, "newest_sample": "",
}  # fmt: skip
CONTENT = {
    "version": "1", "made_at": "2024-03-01T00:00:00+00:00", "databases": SQLITE,
    "log": {"log": "", "last": 0, "records": 0, "missing": 0}, "facts": FACTS,
}  # fmt: skip


def backup_in(folder: Path, name: str = "anlan-20240301-080000") -> Path:
    made = folder / name
    (made / "anchors").mkdir(parents=True)
    (made / "anlan.sqlite3").write_bytes(b"records")
    (made / "history.sqlite3").write_bytes(b"history")
    (made / "anchors" / "2024-03-01.json").write_text("{}")
    manifest.write(made, CONTENT | {"made_at": f"{name[6:10]}-{name[10:12]}-{name[12:14]}T00:00:00+00:00"})
    return made


def test_every_file_is_proved_and_what_is_wrong_is_named(tmp_path: Path) -> None:
    made = backup_in(tmp_path)
    content = manifest.read(made)
    assert list(manifest.faults(made, content)) == []
    (made / "anlan.sqlite3").write_bytes(b"Records")
    (made / "anchors" / "2024-03-01.json").unlink()
    assert list(manifest.faults(made, content)) == [
        "文件 anchors/2024-03-01.json 缺失",
        "文件 anlan.sqlite3 与其校验和不符",
    ]
    with pytest.raises(BackupError, match="已损坏"):
        restore.check(Config(data_dir=tmp_path / "data"), made)


@pytest.mark.case("G7")
def test_a_forged_manifest_is_refused_and_one_that_cannot_be_proved_says_so(tmp_path: Path) -> None:
    ours, empty = Config(data_dir=tmp_path / "data", secret_key="k" * 40), Config(data_dir=tmp_path / "new")
    made = backup_in(tmp_path)
    assert "没有签名" in restore.signed(ours, made)
    with pytest.raises(BackupError, match="没有签名"):
        restore.signed(ours, made, demanded=True)
    manifest.sign(made, ours.secret)
    assert "由本安装的签名密钥签署" in restore.signed(ours, made, demanded=True)
    assert "另一把签名密钥" in restore.signed(empty, made)
    assert not (tmp_path / "new").exists()  # looking makes no key
    with pytest.raises(BackupError, match="另一把"):
        restore.signed(empty, made, demanded=True)
    (made / "anlan.sqlite3").write_bytes(b"forged")
    (made / manifest.NAME).unlink()
    manifest.write(made, CONTENT)  # every file fits its manifest again
    with pytest.raises(BackupError, match="做好之后被改动过"):
        restore.signed(ours, made)
    (made / manifest.SIGNATURE).write_text("{}")
    with pytest.raises(BackupError, match="改动"):
        restore.signed(ours, made)


@pytest.mark.case("G11")
def test_who_has_no_key_can_prove_nothing_whoever_signed_with_none(tmp_path: Path) -> None:
    made, empty = backup_in(tmp_path), Config(data_dir=tmp_path / "new")
    manifest.sign(made, "")
    assert manifest.signature(made, "") is manifest.Signed.ELSEWHERE
    with pytest.raises(BackupError, match="另一把"):
        restore.signed(empty, made, demanded=True)
    (made / manifest.SIGNATURE).write_text(json.dumps({"key": "密钥", "hmac": "签名"}))
    assert manifest.signature(made, "k" * 40) is manifest.Signed.ELSEWHERE
    (made / manifest.SIGNATURE).write_text(json.dumps({"key": manifest.key_name("k" * 40), "hmac": "签名"}))
    assert manifest.signature(made, "k" * 40) is manifest.Signed.FORGED


def listed(name: str, of: Path) -> dict[str, Any]:
    return {name: {"bytes": of.stat().st_size, "sha256": manifest.checksum(of)}}


@pytest.mark.case("G11")
def test_a_manifest_answers_for_everything_in_its_folder_and_for_nothing_elsewhere(tmp_path: Path) -> None:
    made, secret = backup_in(tmp_path), tmp_path / "secret"
    secret.write_text("of this machine")
    (made / "anchors" / "2024-03-02.lines").write_text("forged")
    (made / "anchors" / "2024-03-03.lines").symlink_to(secret)
    (made / "more").symlink_to(tmp_path)
    content = manifest.read(made)
    assert list(manifest.faults(made, content)) == [
        "文件 anchors/2024-03-02.lines 不在清单里",
        "文件 anchors/2024-03-03.lines 不在清单里",
        "文件 more 不在清单里",
    ]
    for name in ("../secret", str(secret), "anchors/../../secret", "more/secret", "anchors/2024-03-03.lines", ""):
        forged = content | {"files": listed(name, secret)}
        assert f"清单中的文件 {name} 不在备份的文件夹里" in list(manifest.faults(made, forged))
    outside = SQLITE | {"records": {"kind": "sqlite", "file": "../secret"}}
    assert "records 的文件 ../secret 不在清单里" in list(manifest.faults(made, content | {"databases": outside}))


@pytest.mark.case("G11")
@pytest.mark.parametrize(
    "said",
    [
        "[" * 100_000,
        json.dumps({"format": 1}),
        json.dumps({"format": 1, **CONTENT, "files": []}),
        json.dumps({"format": 1, **CONTENT, "files": {"a": {"bytes": "many", "sha256": None}}}),
        json.dumps({"format": 1, **CONTENT, "files": {}, "databases": {"records": SQLITE["records"]}}),
        json.dumps({"format": 1, **CONTENT, "files": {}, "facts": {"rows": 3}}),
        json.dumps({"format": 1, **CONTENT, "files": {}, "made_at": "yesterday"}),
        json.dumps({"format": ["x" * 10_000]}),
        "{" + " " * (65 << 20) + "}",
    ],
    ids=range(9),
)
def test_a_manifest_that_says_something_else_is_refused_in_one_line(tmp_path: Path, said: str) -> None:
    made = backup_in(tmp_path)
    (made / manifest.NAME).write_text(said)
    with pytest.raises(BackupError) as refused:
        restore.check(Config(data_dir=tmp_path / "data"), made)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 500


@pytest.mark.case("G11")
def test_an_older_backup_under_a_new_name_is_not_the_newest(tmp_path: Path) -> None:
    made = backup_in(tmp_path)
    renamed = made.rename(tmp_path / "anlan-20991231-000000")
    with pytest.raises(BackupError, match="原名 anlan-20240301-080000"):
        restore.chosen(tmp_path)
    assert restore.chosen(renamed) == renamed


def test_what_is_no_backup_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="清单"):
        manifest.read(tmp_path)
    (tmp_path / manifest.NAME).write_text(json.dumps({"format": 2}))
    with pytest.raises(BackupError, match="第 2 版"):
        manifest.read(tmp_path)


def test_the_newest_complete_backup_is_meant(tmp_path: Path) -> None:
    backup_in(tmp_path)
    newest = backup_in(tmp_path, "anlan-20240302-080000")
    (tmp_path / f"{command.PARTIAL}anlan-20240303-080000").mkdir()
    assert restore.chosen(tmp_path) == newest
    assert restore.chosen(newest) == newest
    with pytest.raises(BackupError, match="没有完整的备份"):
        restore.chosen(tmp_path / "none")


def test_a_second_backup_beside_a_first_does_not_begin(tmp_path: Path) -> None:
    with command.alone_in(tmp_path), pytest.raises(BackupError, match="另一个备份正在写"):
        command.make(Config(data_dir=tmp_path / "data"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_backup_that_fails_leaves_the_others_and_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = backup_in(tmp_path)
    (tmp_path / f"{command.PARTIAL}killed").mkdir()

    def full(_config: Config, folder: Path) -> dict[str, Any]:
        (folder / "anlan.sqlite3").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "_fill", full)
    with pytest.raises(BackupError, match="写了一半的已删除"):
        command.make(Config(data_dir=tmp_path / "data"), tmp_path)
    assert manifest.complete_in(tmp_path) == [old]
    assert list(tmp_path.glob(f"{command.PARTIAL}*")) == []


@pytest.mark.case("A21")
@pytest.mark.parametrize("full", ["disk", "records"])
def test_a_backup_that_cannot_be_written_down_is_whole_and_says_so_and_the_oldest_still_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """The disk of the data is full, that of the backups is not."""
    data, backups = tmp_path / "data", tmp_path / "backups"
    old = backup_in(backups)
    write_whole(last_backup_file(Config(data_dir=data)), {"at": clock.now().isoformat(), "path": str(old)})
    before = last_backup_file(Config(data_dir=data)).read_bytes()

    def fill(_config: Config, folder: Path) -> dict[str, Any]:
        (folder / "anlan.sqlite3").write_bytes(b"records")
        (folder / "history.sqlite3").write_bytes(b"history")
        return {name: CONTENT[name] for name in ("databases", "log", "facts")}

    def no_room(*_given: Any, **_named: Any) -> None:
        raise OSError(28, "No space left on device") if full == "disk" else DatabaseError("database or disk is full")

    monkeypatch.setattr(command, "_fill", fill)
    monkeypatch.setattr(*((os, "replace") if full == "disk" else (command, "_journal")), no_room)
    with pytest.raises(BackupError, match=r"已完整，但没能记下.*腾出空间后再做一次"):
        command.make(Config(data_dir=data, secret_key="k" * 40), backups, keep=1)
    (made,) = manifest.complete_in(backups)
    assert made != old
    assert list(manifest.faults(made, manifest.read(made))) == []
    if full == "disk":
        assert [path.name for path in data.iterdir()] == ["backup.json"], "no half file is left beside it"
        assert last_backup_file(Config(data_dir=data)).read_bytes() == before


@pytest.mark.case("A21")
@pytest.mark.parametrize("left", ["", "{}", '{"at": 7}', "[]", '{"at": "x", "path": "y"}'], ids=range(5))
def test_a_note_of_the_last_backup_that_was_cut_short_ends_no_audit(tmp_path: Path, left: str) -> None:
    config = Config(data_dir=tmp_path)
    last_backup_file(config).write_text(left, encoding="utf-8")
    assert [fault.text for fault in age(config, clock.now()).faults] == [
        "记着最近一次备份的文件 backup.json 读不出，请运维人员再做一次备份"
    ]


def test_secrets_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    config = Config(
        data_dir=tmp_path,
        secret_key="geheim",
        database_url="postgresql://anlan:geheim@127.0.0.1/anlan",
        channels={"sms": {"secret": "geheim"}},
    )
    command._settings(config, tmp_path, secrets=False)
    path = tmp_path / "settings.json"
    assert "geheim" not in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["database_url"] == "postgresql://127.0.0.1/anlan"
    assert path.stat().st_mode & 0o777 == 0o600
    command._settings(config, tmp_path, secrets=True)
    assert json.loads(path.read_text(encoding="utf-8"))["secret_key"] == "geheim"


def test_a_restore_refuses_a_directory_that_is_in_use_or_holds_anything(tmp_path: Path) -> None:
    made, data = backup_in(tmp_path / "backups"), tmp_path / "data"
    data.mkdir()
    (data / "anlan.sqlite3").write_bytes(b"mine")
    with pytest.raises(BackupError, match=r"不是空的（有 anlan\.sqlite3）；现有的没有动"):
        restore.restore(Config(data_dir=data), made)
    assert (data / "anlan.sqlite3").read_bytes() == b"mine"
    lock = restore.DirectoryLock(data)
    lock.acquire()
    try:
        with pytest.raises(BackupError, match="另一个安澜实例"):
            restore.restore(Config(data_dir=data), made)
    finally:
        lock.release()


def test_a_restore_cut_short_forbids_a_start_and_is_cleared_by_the_next(tmp_path: Path) -> None:
    (tmp_path / RESTORING).mkdir()
    (tmp_path / "history.sqlite3").write_bytes(b"moved already")
    with pytest.raises(SupervisorError, match="恢复没有做完"):
        Supervisor(Config(data_dir=tmp_path)).start()
    restore._empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_the_two_kinds_of_database_are_not_exchanged(tmp_path: Path) -> None:
    fitting(SQLITE, Config(data_dir=tmp_path))
    with pytest.raises(BackupError, match="不能互换"):
        fitting(SQLITE, Config(data_dir=tmp_path, database_url="postgresql://127.0.0.1/anlan"))
    dump = {"records": {"kind": "postgresql", "file": "records.pgdump"}}
    with pytest.raises(BackupError, match="须恢复到PostgreSQL"):
        fitting(dump, Config(data_dir=tmp_path))


def test_the_servers_programs_get_their_address_by_the_environment() -> None:
    assert variables_of("postgresql://an:p%40ss@db.example:6432/anlan") == {
        "PGHOST": "db.example",
        "PGPORT": "6432",
        "PGUSER": "an",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "anlan",
    }


@pytest.mark.django_db
def test_the_figures_say_what_changed() -> None:
    at = clock.now()
    journal.record("agency:zz", "read", at=at)
    before = facts.gather()
    assert facts.gather() == before
    content = {"facts": before, "log": {"records": 0}}
    Entry.objects.update(hash="0" * 64)
    after = {"facts": facts.gather(), "faults": facts.faults()}
    questions = dict(restore.compare(content, after, Path("none")))
    journals = next(faults for question, faults in questions.items() if question.startswith("记录链"))
    assert len(journals) == 3
    assert "第 1 条与其指纹不符" in journals[0]
    assert unknown_migrations([facts.RECORDS, facts.HISTORY]) == []


@pytest.mark.django_db(transaction=True, databases=["default", "history"])
def test_a_backup_takes_the_log_from_where_the_slower_of_its_readers_stands() -> None:
    """Its own connection of another thread asks, as in the command itself."""
    assert log.done("log-1") == 0  # nobody has taken it up: all of it is taken along
    EnginePosition.objects.bulk_create(EnginePosition(partition=p, seq=40 + p, log="log-1") for p in range(PARTITIONS))
    assert log.done("log-1") == 0
    Position.objects.bulk_create(Position(partition=p, seq=30 + p, log="log-1") for p in range(PARTITIONS))
    assert log.done("log-1") == 30
    assert log.done("log-2") == 0


@pytest.mark.django_db
def test_the_age_of_the_last_backup(tmp_path: Path) -> None:
    at, config = clock.now(), Config(data_dir=tmp_path / "data")
    assert age(config, at).well
    journal.record("agency:zz", "read", at=at - timedelta(hours=25))
    assert [fault.text for fault in age(config, at).faults] == ["24 小时内没有备份（本地设定），请运维人员做一次备份"]
    assert age(Config(data_dir=tmp_path / "data", backup_max_age_hours=0), at).well
    made = backup_in(tmp_path)
    write_whole(last_backup_file(config), {"at": (at - timedelta(hours=23)).isoformat(), "path": str(made)})
    assert age(config, at).well
    assert not age(config, at + timedelta(hours=2)).well
    (made / manifest.NAME).unlink()
    assert "已不在原处" in age(config, at).faults[0].text
