"""The store of what was handed in: one file for each content, below ``files_folder``/ab/cd/<SHA-256>.

A file is written whole under ``incoming``, brought to the disk, and renamed before the row that refers to it commits.
So a crash leaves at most a file that no row refers to, never a row without its file. What lies here is never changed;
the same content handed in again takes its place, which also mends what a disk has spoilt.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

PIECE = 1 << 20
INCOMING = "incoming"
LEFT_FOR = timedelta(days=1)
"""What a process that was killed left in ``incoming`` is removed after so long."""
_NAME = re.compile(r"[0-9a-f]{64}")


def folder() -> Path:
    """Where everything lies: `anlan.config.Config.files_folder`."""
    found: Path = settings.CONFIG.files_folder
    return found


def path_of(sha256: str, under: Path | None = None) -> Path:
    """Where a content lies. Raises ValueError for what is no SHA-256 in hex."""
    if _NAME.fullmatch(sha256) is None:
        raise ValueError(f"{sha256[:80]!r} names no content")
    return (under or folder()) / sha256[:2] / sha256[2:4] / sha256


def fresh() -> BinaryIO:
    """A new file under ``incoming``, for writing and reading; its ``name`` is its path. Raises OSError."""
    place = folder() / INCOMING
    make_folders(place)
    descriptor, name = tempfile.mkstemp(dir=place, prefix=f"{os.getpid()}-")  # mode 0600
    os.close(descriptor)
    return open(name, "w+b")


def place(written: Path, sha256: str) -> None:
    """Moves a whole file that is on the disk to where its content lies; both are on the disk afterwards."""
    there = path_of(sha256)
    make_folders(there.parent)
    written.replace(there)
    sync(there.parent)


def read(sha256: str) -> bytes:
    """The content. Raises OSError when it is not there."""
    return path_of(sha256).read_bytes()


def fault(sha256: str, size: int, under: Path | None = None) -> str:
    """What is wrong with a content, in Chinese; empty when it is whole. Reads all of it."""
    path = path_of(sha256, under)
    try:
        if path.stat().st_size != size:
            return f"应有 {size} 字节，实有 {path.stat().st_size}"
        return "" if checksum(path) == sha256 else "与其指纹不符"
    except FileNotFoundError:
        return "文件缺失"
    except OSError as error:
        return f"读不出：{error.strerror}"


def checksum(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def names() -> Iterator[str]:
    """The fingerprint of every content in the store; what vanishes meanwhile is left out."""
    for path in folder().glob("??/??/*"):
        if _NAME.fullmatch(path.name):
            yield path.name


def left_over() -> list[Path]:
    """What lies in ``incoming``: being written now, or left by a process that was killed."""
    return sorted((folder() / INCOMING).glob("*"))


def sweep(now: datetime) -> int:
    """Removes what was left in ``incoming`` a day ago; returns how many. Nothing that a row refers to lies there."""
    gone = 0
    for path in left_over():
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            if path.stat().st_mtime < (now - LEFT_FOR).timestamp():
                path.unlink()
                gone += 1
    return gone


def make_folders(wanted: Path) -> None:
    """Makes a folder and those above it (0700), each on the disk before what lies in it."""
    if wanted.is_dir():
        return
    make_folders(wanted.parent)
    with contextlib.suppress(FileExistsError):
        wanted.mkdir(mode=0o700)
        sync(wanted.parent)


def sync(path: Path) -> None:
    """Has a file or a folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
