"""The files that people handed in, in a backup: a list with the fingerprint of each, and each by its fingerprint.

The list is one file of the manifest, which answers for it; every content answers for itself by its name. What an older
backup in the same folder holds already is linked to it and not stored twice. What the store has lost or spoilt at that
moment is named and left out: one lost photo is no reason to have no backup.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from anlan.apps.files import store

FOLDER = "files"
LIST = "files.list"
_LINE = re.compile(r"([0-9a-f]{64}) (\d{1,15})(?: (\S.*))?")
Wanted = Sequence[tuple[str, int]]


def facts(wanted: Wanted) -> dict[str, Any]:
    """How many contents the rows refer to, their bytes, and one fingerprint of which ones."""
    digest = hashlib.sha256("".join(f"{sha256} {size}\n" for sha256, size in wanted).encode())
    return {"count": len(wanted), "bytes": sum(size for _, size in wanted), "sha256": digest.hexdigest()}


def copy(folder: Path, wanted: Wanted, before: Path | None) -> list[str]:
    """Put the contents into a backup, from the backup ``before`` where that has them whole; returns what is missing.

    Call after the list was read: what a row refers to is there before the row is, and never goes. Raises OSError.
    """
    lines, missing = [], []
    for sha256, size in wanted:
        words = _put(folder / FOLDER, sha256, size, before / FOLDER if before is not None else None)
        if words:
            missing.append(f"{sha256}：{words}")
        lines.append(f"{sha256} {size}{' ' + words if words else ''}\n")
    path = folder / LIST
    path.touch(mode=0o600)
    path.write_text("".join(lines), encoding="utf-8")
    return missing


def _put(under: Path, sha256: str, size: int, before: Path | None) -> str:
    """One content, proved by reading it; what is wrong with it in Chinese, and then it is not there."""
    target = store.path_of(sha256, under)
    store.make_folders(target.parent)
    if before is not None and not store.fault(sha256, size, before):
        try:
            os.link(store.path_of(sha256, before), target)
        except OSError:  # a file system without links: copied as if there were none before
            target.unlink(missing_ok=True)
        else:
            return ""
    try:
        shutil.copyfile(store.path_of(sha256), target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return "文件缺失"
    target.chmod(0o600)
    if words := store.fault(sha256, size, under):
        target.unlink()
        return words
    store.sync(target)
    store.sync(target.parent)
    return ""


def listed(backup: Path) -> Iterator[tuple[str, int, str]]:
    """(fingerprint, bytes, what was missing) of every line. Raises ValueError for a list that is none, OSError."""
    with (backup / LIST).open(encoding="utf-8") as lines:
        for line in lines:
            found = _LINE.fullmatch(line.rstrip("\n"))
            if found is None:
                raise ValueError(f"{LIST}: {line[:80]!r}")
            yield found[1], int(found[2]), found[3] or ""


def faults(backup: Path) -> Iterator[str]:
    """One Chinese line for each content that is not as the list says, and for each file that it does not name."""
    names = set()
    try:
        for sha256, size, words in listed(backup):
            if words:
                continue
            names.add(sha256)
            if wrong := store.fault(sha256, size, backup / FOLDER):
                yield f"附件 {sha256} {wrong}"
    except ValueError:
        yield f"附件的清单 {LIST} 无法理解"
        return
    for path in sorted((backup / FOLDER).rglob("*")):
        known = path.name in names and path == store.path_of(path.name, backup / FOLDER)
        if path.is_symlink() or not (path.is_dir() or known):
            yield f"文件 {path.relative_to(backup)} 不在附件的清单里"


def compared(backup: Path, before: dict[str, Any]) -> tuple[str, list[str]]:
    """The question whether every row of the backup has its file, in Chinese, and its faults. What was missing when the
    backup was made is told, and no fault of the backup."""
    try:
        lines = list(listed(backup))
    except (OSError, ValueError) as error:
        return "附件", [f"清单 {LIST} 无法读出：{error}"]
    missing = [sha256 for sha256, _, words in lines if words]
    told = f"；备份时已缺或已坏 {len(missing)} 个（{'、'.join(each[:12] for each in missing[:5])}）" if missing else ""
    same = facts([(sha256, size) for sha256, size, _ in lines]) == before
    return (
        f"附件：{before['count']} 个文件 {before['bytes'] / 1024**2:.1f} MiB，每个与其指纹相符{told}",
        [] if same else ["清单与业务记录中的附件不符"],
    )


def put(backup: Path, under: Path) -> None:
    """Put the contents of a backup that is sound into a store; what lies there already with its content stays."""
    for sha256, size, words in listed(backup):
        if words or not store.fault(sha256, size, under):
            continue
        target = store.path_of(sha256, under)
        store.make_folders(target.parent)
        fresh = target.with_name(f"{sha256}.{os.getpid()}")
        try:
            shutil.copyfile(store.path_of(sha256, backup / FOLDER), fresh)
            fresh.chmod(0o600)
            store.sync(fresh)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
        store.sync(target.parent)


def is_one(name: str, manifest_files: Iterable[str]) -> bool:
    """Whether the list of the backup answers for a file, by its name in the backup."""
    return name.startswith(f"{FOLDER}/") and LIST in manifest_files
