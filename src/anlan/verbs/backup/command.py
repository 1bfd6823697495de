"""``anlan backup DIR``: one more complete backup in DIR, made under load, without stopping anything.

What was acknowledged before the command began is in it: in the databases, or in the end of the log that is copied
along. The folder bears a working name until all of it is on the disk; killed at any instant, the next run removes it.
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.db import DatabaseError

from anlan import __version__
from anlan import config as settings
from anlan import now as clock
from anlan.config import Config
from anlan.credentials import shown
from anlan.process import django
from anlan.process.places import last_backup_file, write_whole
from anlan.verbs.backup import attachments, log, manifest
from anlan.verbs.backup.manifest import BackupError

PARTIAL = ".partial-"
SECRET_SETTINGS = {"secret_key", "channels", "apprise_urls", "dead_man_url"}
"""Settings that hold secrets or may hold them; of database addresses the password is left out."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Only one backup at a time writes into a folder. Raises `BackupError` beside another."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"另一个备份正在写 {folder}；本次没有开始") from error
        yield


def make(config: Config, folder: Path, *, secrets: bool = False, keep: int = 0) -> tuple[Path, dict[str, Any]]:
    """Make one backup and remove the oldest beyond ``keep`` (0: keep all). Raises `BackupError`, leaving nothing;
    or, saying so, with the backup whole and the oldest removed, when nothing could be written down about it."""
    at = clock.now()
    with alone_in(folder):
        for left in folder.glob(f"{PARTIAL}*"):
            shutil.rmtree(left)
        final = folder / manifest.name_of(at)
        if final.exists():
            raise BackupError(f"{final.name} 已在；本次没有开始")
        partial = folder / f"{PARTIAL}{final.name}"
        partial.mkdir(mode=0o700)
        try:
            content = _fill(config, partial)
            _settings(config, partial, secrets=secrets)
            manifest.write(partial, {"version": __version__, "made_at": at.isoformat(), **content})
            manifest.sign(partial, config.secret)
            partial.rename(final)
            manifest.sync(folder)
        except (OSError, DatabaseError, sqlite3.Error) as error:
            raise BackupError(f"备份没有完成（{error}）；写了一半的已删除，原有的备份都在") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        told = {
            "at": at.isoformat(),
            "path": str(final.resolve()),
            "manifest": manifest.checksum(final / manifest.NAME),
        }
        if keep:  # first: where nothing can be written down, a backup every hour would fill its disk too
            for old in manifest.complete_in(folder)[:-keep]:
                shutil.rmtree(old)
        try:
            write_whole(last_backup_file(config), told)
            _journal(told)
        except (OSError, DatabaseError) as error:
            raise BackupError(
                f"备份 {final} 已完整，但没能记下（{error}）：请看数据目录所在的磁盘是否已满，腾出空间后再做一次"
            ) from error
    return final, manifest.read(final)


def _fill(config: Config, folder: Path) -> dict[str, Any]:
    """Databases, figures, the log's end, the anchors, and what people handed in, which the newest backup beside this
    one may have already. The log is read before and after, so that no reader's clearing away can open a gap between
    what it had and what the databases have."""
    from anlan.apps.files.selectors import contents
    from anlan.process.places import anchor_folder
    from anlan.verbs.backup import databases, facts

    tail = log.new_copy(config, folder)
    try:
        with log.reached(config) as url:
            log.follow(tail, url)
            with databases.still() as snapshot:
                made = databases.copy(folder, snapshot)
                found, wanted = facts.gather(), contents()
            log.follow(tail, url)
    finally:
        tail.close()
    if anchor_folder(config).is_dir():
        shutil.copytree(anchor_folder(config), folder / "anchors")
    before = next(reversed(manifest.complete_in(folder.parent)), None)
    missing = len(attachments.copy(folder, wanted, before))
    return {"databases": made, "log": msgspec.to_builtins(tail.tail), "facts": found, "missing": missing}


def _settings(config: Config, folder: Path, *, secrets: bool) -> None:
    """The settings in force, without secrets; with them the signing key, too, so that log-ins go on."""
    told = {each.name: getattr(config, each.name) for each in dataclasses.fields(config)}
    if secrets:
        told["secret_key"] = config.secret
    else:
        told = {name: value for name, value in told.items() if name not in SECRET_SETTINGS}
        for name in ("database_url", "history_database_url"):
            told[name] = _without_password(str(told[name]))
        told["nats_url"] = shown(config.nats_url)
    path = folder / "settings.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1, default=str), encoding="utf-8")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def _journal(told: dict[str, str]) -> None:
    from anlan.apps.journal import services as journal

    after = {"name": Path(told["path"]).name, "manifest": told["manifest"]}
    journal.record("system", "backed_up", at=clock.now(), subject="backup", after=after)


def main(arguments: list[str]) -> int:
    """Exit code 0: the backup is complete; 1: it failed and left nothing, or is whole and could not be written down; 2:
    the settings are wrong."""
    parser = argparse.ArgumentParser(prog="anlan backup", description="不停机备份到一个文件夹，每次一个新的子文件夹")
    parser.add_argument("folder", type=Path, help="备份放在哪里，最好在另一块盘上")
    parser.add_argument("--keep", type=int, default=0, metavar="N", help="只留最新的 N 个，默认全部保留")
    parser.add_argument("--with-secrets", action="store_true", help="连同签名密钥与渠道口令")
    given = parser.parse_args(arguments)
    if given.keep < 0:
        parser.error("--keep 不能是负数")
    try:
        config = settings.load()
    except settings.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    django.start()
    try:
        folder, content = make(config, given.folder, secrets=given.with_secrets, keep=given.keep)
    except BackupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (OSError, DatabaseError) as error:
        sys.stderr.write(f"备份没有完成（{error}）；原有的备份都在\n")
        return 1
    sys.stdout.write(_told(folder, content))
    return 0


def _told(folder: Path, content: dict[str, Any]) -> str:
    facts, size = content["facts"], sum(each["bytes"] for each in content["files"].values())
    handed_in, missing = facts["attachments"], content["missing"]
    lost = f"，其中 {missing} 个已缺或已坏，不在备份里（见 anlan check files）" if missing else ""
    lines = [
        f"备份完成：{folder}（{size / 1024**2:.1f} MiB）",
        f"业务与历史 {len(facts['rows'])} 张表 {sum(facts['rows'].values())} 行，"
        f"记录链 {len(facts['journal']['heads'])} 条",
        f"未消除预警 {len(facts['warnings'])} 个，待办到期事项 {facts['obligations']['pending']} 项",
        f"日志中尚未入库的 {content['log']['records']} 批",
        f"附件 {handed_in['count']} 个文件 {handed_in['bytes'] / 1024**2:.1f} MiB{lost}",
        f"核对：anlan restore {folder} --check",
    ]
    return "".join(f"{line}\n" for line in lines)
