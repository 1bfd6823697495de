"""What a backup says of itself: which files it has, what they weigh, and what was in the installation at that moment.

A folder is a backup when it has a manifest; the manifest is written last, and the folder gets its name after that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from anlan.process.places import BACKUP_MANIFEST
from anlan.rules.calendar import civil
from anlan.stream.tail import Tail
from anlan.verbs.backup import attachments

FORMAT = 1
NAME = BACKUP_MANIFEST
SIGNATURE = "manifest.sig"
PREFIX = "anlan-"
_CHUNK = 1 << 20
LARGEST = 64 << 20
"""Bytes of a manifest; a thousand times what one has."""
_BESIDE = {NAME, SIGNATURE}


class Signed(StrEnum):
    """What the signature of a manifest says."""

    OURS = "ours"
    NOT = "not"
    """There is none: it was made by a version that did not sign, or taken away."""
    ELSEWHERE = "elsewhere"
    """Made with another key: on another installation, or by somebody who has none of ours."""
    FORGED = "forged"
    """Names our key and does not fit: the manifest was changed."""


SIGNED_WORDS = {
    Signed.OURS: "清单的签名：由本安装的签名密钥签署",
    Signed.NOT: "清单没有签名：不能证明是本安装做的",
    Signed.ELSEWHERE: "清单由另一把签名密钥签署：不能证明是本安装做的；原密钥可用 ANLAN_SECRET_KEY 指明",
    Signed.FORGED: "清单与它的签名不符：做好之后被改动过",
}


class BackupError(Exception):
    """A backup or a restore cannot be made. The message is Chinese and says what is as it was."""


class _File(msgspec.Struct):
    bytes: int
    sha256: str


class _Database(msgspec.Struct):
    kind: Literal["sqlite", "postgresql"]
    file: str


class _Databases(msgspec.Struct):
    records: _Database
    history: _Database


class _History(msgspec.Struct):
    samples: int
    days: dict[str, Any]


class _Journal(msgspec.Struct):
    heads: dict[str, Any]
    days: dict[str, Any]


class _Attachments(msgspec.Struct):
    count: int
    bytes: int
    sha256: str


class _Facts(msgspec.Struct):
    rows: dict[str, int]
    history: _History
    journal: _Journal
    warnings: list[list[Any]]
    obligations: dict[str, Any]
    alarms: dict[str, int]
    newest_sample: str | None
    attachments: _Attachments | None = None
    """None in the backups of a version that took no files."""


class _Manifest(msgspec.Struct):
    """What is used of a manifest before its figures are compared."""

    version: str
    made_at: datetime
    databases: _Databases
    log: Tail
    facts: _Facts
    files: dict[str, _File]


def write(folder: Path, content: dict[str, Any]) -> None:
    """Add the files with size and SHA-256, and write the manifest; everything is on the disk afterwards. What people
    handed in is answered for by its own list (`attachments`)."""
    files = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = str(path.relative_to(folder))
        if attachments.is_one(name, [attachments.LIST] * (folder / attachments.LIST).exists()):
            continue
        files[name] = {"bytes": path.stat().st_size, "sha256": checksum(path)}
        sync(path)
    text = json.dumps({"format": FORMAT, **content, "files": files}, ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text, encoding="utf-8")
    sync(folder / NAME)
    sync(folder)


def sign(folder: Path, secret: str) -> None:
    """Sign the manifest with the installation's signing key: whoever has not the key cannot forge a backup."""
    told = {"key": key_name(secret), "hmac": _hmac(folder, secret)}
    (folder / SIGNATURE).write_text(json.dumps(told), encoding="utf-8")
    sync(folder / SIGNATURE)
    sync(folder)


def signature(folder: Path, secret: str) -> Signed:
    """What the signature of a backup says to somebody with this signing key; who has none can prove nothing."""
    try:
        told = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
        key, digest = str(told["key"]), str(told["hmac"])
    except OSError:
        return Signed.NOT
    except (ValueError, KeyError, TypeError):
        return Signed.FORGED
    if not secret or not hmac.compare_digest(key.encode(), key_name(secret).encode()):
        return Signed.ELSEWHERE
    return Signed.OURS if hmac.compare_digest(digest.encode(), _hmac(folder, secret).encode()) else Signed.FORGED


def key_name(secret: str) -> str:
    """By what a signing key is known without being told."""
    return hmac.new(secret.encode(), b"anlan backup key", hashlib.sha256).hexdigest()[:16]


def _hmac(folder: Path, secret: str) -> str:
    return hmac.new(secret.encode(), b"anlan backup\x00" + (folder / NAME).read_bytes(), hashlib.sha256).hexdigest()


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a backup. Raises `BackupError` when there is none, it is of a format that we do not know, or it
    does not say what a manifest says."""
    try:
        if (folder / NAME).stat().st_size > LARGEST:
            raise ValueError
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        known = content["format"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BackupError(f"{folder} 不是完整的备份：清单 {NAME} 不存在或无法读取") from error
    if known != FORMAT:
        raise BackupError(f"备份的格式是第 {str(known)[:20]} 版，本程序只认第 {FORMAT} 版")
    try:
        told = msgspec.convert(content, _Manifest)
        datetime.fromisoformat(told.facts.newest_sample or told.made_at.isoformat())
    except (msgspec.ValidationError, ValueError) as error:
        raise BackupError(f"{folder} 的清单 {NAME} 不是备份写下的样子：{error}") from error
    return dict(content)


def faults(folder: Path, content: dict[str, Any]) -> Iterator[str]:
    """One Chinese line for each file that is missing, not as it was written, not in the manifest, or elsewhere: what a
    restore uses lies in the folder itself, and the manifest answers for all of it."""
    for name, told in content["files"].items():
        path = folder / name
        if not _is_within(folder, name):
            yield f"清单中的文件 {name} 不在备份的文件夹里"
        elif not path.is_file():
            yield f"文件 {name} 缺失"
        elif path.stat().st_size != told["bytes"]:
            yield f"文件 {name} 应有 {told['bytes']} 字节，实有 {path.stat().st_size}"
        elif checksum(path) != told["sha256"]:
            yield f"文件 {name} 与其校验和不符"
    for path in sorted(each for each in folder.rglob("*") if each.is_symlink() or not each.is_dir()):
        name = str(path.relative_to(folder))
        if name not in _BESIDE and name not in content["files"] and not attachments.is_one(name, content["files"]):
            yield f"文件 {name} 不在清单里"
    if attachments.LIST in content["files"]:
        yield from attachments.faults(folder)
    for part, told in content["databases"].items():
        if told["file"] not in content["files"]:
            yield f"{part} 的文件 {told['file']} 不在清单里"


def _is_within(folder: Path, name: str) -> bool:
    """Whether a name means a place in the folder, with no way round by links."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or name.startswith("/") or "\x00" in name:
        return False
    places = [folder.joinpath(*parts[: n + 1]) for n in range(len(parts))]
    return not any(place.is_symlink() for place in places)


def complete_in(folder: Path) -> list[Path]:
    """The complete backups in a folder, oldest first."""
    return sorted(each.parent for each in folder.glob(f"{PREFIX}*/{NAME}"))


def name_of(made_at: datetime) -> str:
    """The name of the folder of a backup that was made at an instant."""
    return f"{PREFIX}{civil(made_at):%Y%m%d-%H%M%S}"


def checksum(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have a file or a folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
