"""``anlan restore DIR``: puts a backup into an empty place and proves it, or only proves it (``--check``).

A restore is whole or not at all: it is built and compared inside the data directory under a working name that forbids
a start, and moved into place at the end. What exists is never overwritten.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from anlan import config as settings
from anlan import now as clock
from anlan.config import Config
from anlan.process import django
from anlan.process.life import RESTORING
from anlan.roles.supervisor.lock import AlreadyRunning, DirectoryLock
from anlan.rules.calendar import civil
from anlan.stream.tail import Tail, records
from anlan.verbs.backup import attachments, databases, log, manifest
from anlan.verbs.backup.manifest import BackupError

IGNORED = {"lock", "lost+found", RESTORING}
"""What may lie in a data directory that counts as empty."""


def chosen(folder: Path) -> Path:
    """The backup meant: the folder itself, or the newest complete one in it, which must be of the time that its name
    says: an older one under a new name is not taken for the newest. Raises `BackupError`."""
    if (folder / manifest.NAME).is_file():
        return folder
    complete = manifest.complete_in(folder)
    if not complete:
        raise BackupError(f"{folder} 里没有完整的备份")
    newest = complete[-1]
    if newest.name != (name := manifest.name_of(_made_at(manifest.read(newest)))):
        raise BackupError(f"{newest.name} 是另一时刻做的，原名 {name}：文件夹被改过名；要用它请写明它的路径")
    return newest


def signed(config: Config, backup: Path, *, demanded: bool = False) -> str:
    """What the signature says, in Chinese. Raises `BackupError` for a manifest that was changed, and, when a signature
    is ``demanded``, for one that this installation's key did not make."""
    key = config.data_dir / "secret.key"  # read where it is, and never made: an empty place must stay empty
    found = manifest.signature(backup, config.secret_key or (key.read_text() if key.is_file() else ""))
    if found is manifest.Signed.FORGED or (demanded and found is not manifest.Signed.OURS):
        raise BackupError(manifest.SIGNED_WORDS[found])
    return manifest.SIGNED_WORDS[found]


def check(config: Config, backup: Path) -> list[tuple[str, list[str]]]:
    """Restore into a throw-away place and compare. Returns each question in Chinese with its faults."""
    content = _sound(backup)
    made = content["databases"]
    with (
        tempfile.TemporaryDirectory(prefix="anlan-restore-") as place,
        databases.throw_away(config, made, Path(place)) as there,
    ):
        databases.put(backup, made, there)
        return compare(content, read_facts(there), backup)


def restore(config: Config, backup: Path, old_log: Path | None = None) -> list[tuple[str, list[str]]]:
    """Put a backup into ``config``'s empty data directory and databases. Raises `BackupError`, and then nothing serves.

    ``old_log``: the log store of the lost installation, so that what came after the backup is read again as far as that
    log has it.
    """
    content = _sound(backup)
    data_dir = config.data_dir
    lock = DirectoryLock(data_dir)
    try:
        lock.acquire()
    except AlreadyRunning as error:
        raise BackupError(str(error)) from error
    try:
        _empty(data_dir)
        databases.fitting(content["databases"], config)
        place = data_dir / RESTORING
        place.mkdir(mode=0o700)
        there = dataclasses.replace(config, data_dir=place)
        databases.put(backup, content["databases"], there)
        answers = compare(content, read_facts(there), backup)
        if any(faults for _, faults in answers):
            return answers
        if attachments.LIST in content["files"]:
            attachments.put(backup, there.files_folder)
        _log(there, backup, content, old_log)
        if (backup / "anchors").is_dir() and not config.anchor_dir:
            shutil.copytree(backup / "anchors", place / "anchors")
        _secret(backup, place)
        _journal(there, backup, content)
        for each in sorted(place.iterdir(), key=lambda path: path.name == databases.SQLITE_FILES["records"]):
            each.rename(data_dir / each.name)
        manifest.sync(data_dir)
        place.rmdir()
    finally:
        lock.release()
    return answers


def read_facts(place: Config) -> dict[str, Any]:
    """The figures of a place, read by a process of its own. Raises `BackupError`."""
    done = subprocess.run(
        [sys.executable, "-m", "anlan.verbs.backup"],
        env={**os.environ, **place.environment()}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BackupError(f"恢复出的数据库无法读取：{done.stderr.strip()[-800:]}")
    found = json.loads(done.stdout)
    if found["unknown"]:
        raise BackupError(
            f"备份来自另一版程序，本程序没有这些迁移：{'、'.join(found['unknown'][:5])}；请用做备份的那一版或更新的程序"
        )
    return dict(found)


def compare(content: dict[str, Any], found: dict[str, Any], backup: Path) -> list[tuple[str, list[str]]]:
    """Each question in Chinese with what is not as the manifest says; no fault: all is there."""
    before, after = content["facts"], found["facts"]
    chains, warnings, due = before["journal"]["heads"], before["warnings"], before["obligations"]
    return [
        (f"行数：{len(before['rows'])} 张表 {sum(before['rows'].values())} 行", _differ(before["rows"], after["rows"])),
        (
            f"历史：{before['history']['samples']} 个样本，{len(before['history']['days'])} 天的指纹",
            _differ(before["history"]["days"], after["history"]["days"])
            + _differ({"样本数": before["history"]["samples"]}, {"样本数": after["history"]["samples"]}),
        ),
        (
            f"记录链：{len(chains)} 条，{len(before['journal']['days'])} 天的指纹",
            found["faults"]
            + _differ(chains, after["journal"]["heads"])
            + _differ(before["journal"]["days"], after["journal"]["days"]),
        ),
        (
            f"未消除预警：{len(warnings)} 个",
            _differ({row[0]: row for row in warnings}, {row[0]: row for row in after["warnings"]}),
        ),
        (f"待办到期事项：{due['pending']} 项{_first(due)}", _differ(due, after["obligations"])),
        (
            f"报警与最近采样：{_instant(before['newest_sample'])}",
            _differ(before["alarms"], after["alarms"])
            + _differ({"最近采样": before["newest_sample"]}, {"最近采样": after["newest_sample"]}),
        ),
        (f"日志中尚未入库的：{content['log']['records']} 批", _tail(content, backup)),
        *_attachments(backup, before.get("attachments"), after["attachments"]),
    ]


def _attachments(backup: Path, before: Any, after: Any) -> list[tuple[str, list[str]]]:
    """The files that people handed in; nothing to ask of a backup of a version that took none."""
    if before is None:
        return []
    question, faults = attachments.compared(backup, before)
    return [(question, faults + _differ(before, after))]


def _made_at(content: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(content["made_at"])


def _sound(backup: Path) -> dict[str, Any]:
    content = manifest.read(backup)
    if found := list(manifest.faults(backup, content)):
        raise BackupError("备份已损坏：\n  " + "\n  ".join(found))
    return content


def _empty(data_dir: Path) -> None:
    """A left-over of a restore that was cut short is cleared away: until it ended the directory held nothing else."""
    if (data_dir / RESTORING).exists():
        for each in data_dir.iterdir():
            if each.name not in IGNORED - {RESTORING}:
                shutil.rmtree(each) if each.is_dir() else each.unlink()
    if there := sorted(each.name for each in data_dir.iterdir() if each.name not in IGNORED):
        raise BackupError(f"数据目录 {data_dir} 不是空的（有 {'、'.join(there[:5])}）；现有的没有动，请换一个空目录")


def _log(there: Config, backup: Path, content: dict[str, Any], old_log: Path | None) -> None:
    tail = msgspec.convert(content["log"], Tail)
    if there.nats_url:
        if old_log is not None:
            raise BackupError("设置了 nats_url：日志在那里，不用 --log")
        log.put(there, there.log_address(there.nats_url), backup / log.FILE, tail)
        return
    store = there.data_dir / "nats"
    if old_log is not None:
        if not (old_log / "jetstream").is_dir():
            raise BackupError(f"{old_log} 不是日志的文件夹（其中应有 jetstream）")
        shutil.copytree(old_log, store, ignore=shutil.ignore_patterns("lock", "*.ports"))
    with log.served(store, there) as url:
        log.put(there, url, backup / log.FILE, tail)


def _secret(backup: Path, place: Path) -> None:
    key = json.loads((backup / "settings.json").read_text(encoding="utf-8")).get("secret_key", "")
    if key:
        (place / "secret.key").touch(mode=0o600)
        (place / "secret.key").write_text(key, encoding="utf-8")


def _journal(there: Config, backup: Path, content: dict[str, Any]) -> None:
    """The restore itself stands in the journal: between the backup and it there is a gap that everybody may see."""
    os.environ.update(there.environment())
    django.start()
    from anlan.apps.journal import services as journal
    from anlan.process.worker import close_all

    after = {"name": backup.name, "made_at": content["made_at"], "manifest": manifest.checksum(backup / manifest.NAME)}
    journal.record("system", "restored", at=clock.now(), subject="backup", after=after)
    close_all()


def _differ(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    odd = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    lines = [f"{name}：备份时 {_short(before.get(name))}，恢复后 {_short(after.get(name))}" for name in odd[:10]]
    return lines + ([f"另有 {len(odd) - 10} 处不同"] if len(odd) > 10 else [])


def _short(value: Any) -> str:
    return "无" if value is None else str(value)[:120]


def _first(due: dict[str, Any]) -> str:
    return f"，最近一项 {_instant(due['next'][0][2])}" if due["next"] else ""


def _instant(text: str | None) -> str:
    """An instant of the manifest in civil time."""
    return f"{civil(datetime.fromisoformat(text)):%Y-%m-%d %H:%M:%S}" if text else "无"


def _tail(content: dict[str, Any], backup: Path) -> list[str]:
    try:
        count = sum(1 for _ in records(backup / log.FILE))
    except (OSError, ValueError) as error:
        return [f"无法读出：{error}"]
    return _differ({"批数": content["log"]["records"]}, {"批数": count})


def main(arguments: list[str]) -> int:
    """Exit code 0: restored (or proved); 1: it is not what it should be, or was not done; 2: settings are wrong."""
    parser = argparse.ArgumentParser(prog="anlan restore", description="把备份恢复到空的地方，或只核对")
    parser.add_argument("folder", type=Path, help="一个备份，或放备份的文件夹（取其中最新的）")
    parser.add_argument("--check", action="store_true", help="恢复到临时的地方，逐项核对后丢弃")
    parser.add_argument("--into", type=Path, metavar="数据目录", help="恢复到哪里，默认是设置 data_dir；必须是空的")
    parser.add_argument("--log", type=Path, metavar="文件夹", help="原数据目录的 nats 文件夹：备份之后的数据从它重读")
    told = "只接受由本安装的签名密钥签署的备份（新机器上用 ANLAN_SECRET_KEY 给出原来的密钥）"
    parser.add_argument("--signed", action="store_true", help=told)
    given = parser.parse_args(arguments)
    try:
        config = settings.load()
    except settings.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    original = config
    if given.into is not None:
        config = dataclasses.replace(config, data_dir=given.into)
    config = dataclasses.replace(config, data_dir=config.data_dir.resolve())
    try:
        backup = chosen(given.folder)
        signature = signed(original, backup, demanded=given.signed)
        answers = check(config, backup) if given.check else restore(config, backup, given.log)
    except (BackupError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{signature}\n" + _told(backup, answers))
    if any(faults for _, faults in answers):
        sys.stderr.write("与备份时不符，不能使用\n")
        return 1
    sys.stdout.write("核对无误\n" if given.check else f"已恢复到 {config.data_dir}，可以启动：anlan serve\n")
    return 0


def _told(backup: Path, answers: list[tuple[str, list[str]]]) -> str:
    made_at = _made_at(manifest.read(backup))
    lines = [f"备份 {backup.name}，做于 {civil(made_at):%Y-%m-%d %H:%M:%S}"]
    for question, faults in answers:
        lines.append(f"{'一致' if not faults else '不符'}  {question}")
        lines += [f"      {fault}" for fault in faults]
    return "".join(f"{line}\n" for line in lines)
