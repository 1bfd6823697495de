"""What a backup says of itself: which files it has, what they weigh, and what was in the installation at that moment.

A folder is a backup when it has a manifest; the manifest is written last, and the folder gets its name after that.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMAT = 1
NAME = "manifest.json"
PREFIX = "anlan-"
_CHUNK = 1 << 20


class BackupError(Exception):
    """A backup or a restore cannot be made. The message is Chinese and says what is as it was."""


def write(folder: Path, content: dict[str, Any]) -> None:
    """Add the files with size and SHA-256, and write the manifest; everything is on the disk afterwards."""
    files = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        files[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": checksum(path)}
        sync(path)
    text = json.dumps({"format": FORMAT, **content, "files": files}, ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text, encoding="utf-8")
    sync(folder / NAME)
    sync(folder)


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a backup. Raises `BackupError` when there is none or it is of a format that we do not know."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        known = content["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder} 不是完整的备份：清单 {NAME} 不存在或无法读取") from error
    if known != FORMAT:
        raise BackupError(f"备份的格式是第 {known} 版，本程序只认第 {FORMAT} 版")
    return dict(content)


def faults(folder: Path, content: dict[str, Any]) -> Iterator[str]:
    """One Chinese line for each file that is missing, or not as it was written."""
    for name, told in content["files"].items():
        path = folder / name
        if not path.is_file():
            yield f"文件 {name} 缺失"
        elif path.stat().st_size != told["bytes"]:
            yield f"文件 {name} 应有 {told['bytes']} 字节，实有 {path.stat().st_size}"
        elif checksum(path) != told["sha256"]:
            yield f"文件 {name} 与其校验和不符"


def complete_in(folder: Path) -> list[Path]:
    """The complete backups in a folder, oldest first."""
    return sorted(each.parent for each in folder.glob(f"{PREFIX}*/{NAME}"))


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
