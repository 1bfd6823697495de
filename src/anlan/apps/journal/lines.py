"""Anchors the heads of the chains every few minutes: one line each in a file of the day, each line on the one before.

What `anchors` is for a day, this is for the minutes since the last one. The file may lie in two places; a digest of the
newest line also goes to whoever watches from outside (``/alive``), so that what the platform's own machine could
rewrite is known elsewhere. Must only ever add to a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Max

from anlan.apps.journal.anchors import OVERLAP, compare
from anlan.apps.journal.models import Chain, Entry

SUFFIX = ".lines"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Line:
    """One anchor: which day's file, its place there, its text, and the digest by which others know it."""

    day: str
    number: int
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def files_in(folder: Path) -> list[Path]:
    """The files of lines, oldest first."""
    return sorted(folder.glob(f"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]{SUFFIX}"))


def read(path: Path) -> list[Line]:
    """The whole lines of a file; one that was cut short by a kill is none. Raises OSError, ValueError.

    The next line was written on the last whole one, so that a line made unreadable by a hand still is missed.
    """
    texts = [text for text in path.read_bytes().decode("utf-8").split("\n")[:-1] if text.endswith("}}")]
    return [Line(path.name.removesuffix(SUFFIX), number, text) for number, text in enumerate(texts, 1)]


def add(folders: Sequence[Path], day: str, now: datetime) -> Line | None:
    """Add the heads that changed since the last line, to the file of ``day`` in every folder; returns the line.

    None: no chain but the machine's own has grown. The first folder decides what the last line was; a line that was cut
    short is ended and left as it is. Raises OSError when one of the folders cannot be written, ValueError when the last
    line cannot be read; the other folders have it all the same.
    """
    with _alone(folders[0]):
        return _add(folders, day, now)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time: auditors of several hosts may share a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _add(folders: Sequence[Path], day: str, now: datetime) -> Line | None:
    files = files_in(folders[0])
    last = next((lines[-1] for path in reversed(files) if (lines := read(path))), None)
    before = json.loads(last.text) if last is not None else {}
    newest = Entry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    recent = Entry.objects.filter(pk__gt=int(before.get("entry", 0)) - OVERLAP).values("chain")
    known = {key: head for line in _of_day(files, day) for key, head in json.loads(line.text)["heads"].items()}
    heads = {
        chain.key: [chain.length, chain.head]
        for chain in Chain.objects.filter(pk__in=recent).order_by("key")
        if known.get(chain.key) != [chain.length, chain.head]
    }
    if last is not None and not heads.keys() - {SYSTEM}:
        return None
    content = {
        "at": now.isoformat(), "previous": last.sha256 if last is not None else "", "entry": newest, "heads": heads
    }  # fmt: skip
    number = len(_of_day(files, day)) + 1
    line = Line(day, number, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    failed: OSError | None = None
    for folder in folders:
        try:
            _append(folder / f"{day}{SUFFIX}", line.text)
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed
    return line


def broken(folder: Path, days: Sequence[str] | None = None) -> Iterator[str]:
    """One Chinese line for each line that does not stand on the one before and each entry that is not as anchored.

    ``days``: only these; the first line of the first of them is then taken as it is.
    """
    previous: str | None = "" if days is None else None
    for path in files_in(folder):
        day = path.name.removesuffix(SUFFIX)
        if days is not None and day not in days:
            continue
        try:
            lines = read(path)
            contents = [json.loads(line.text) for line in lines]
            heads = [(key, int(seq), str(sha)) for each in contents for key, (seq, sha) in each["heads"].items()]
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            yield f"锚定文件 {path.name} 无法读取"
            previous = None
            continue
        for line, content in zip(lines, contents, strict=True):
            if previous is not None and content.get("previous") != previous:
                yield f"锚定文件 {path.name} 第 {line.number} 行与前一行接不上"
            previous = line.sha256
        yield from compare(day, heads)


def apart(folder: Path, other: Path) -> Iterator[str]:
    """One Chinese line for each file of lines that is not the same in both places."""
    for name in sorted({path.name for place in (folder, other) for path in files_in(place)}):
        here, there = (place / name for place in (folder, other))
        if not (here.exists() and there.exists()):
            yield f"锚定文件 {name} 在两处之一缺失"
        elif here.read_bytes() != there.read_bytes():
            yield f"锚定文件 {name} 在两处不一样"


def unseen(folder: Path, observed: Sequence[str]) -> Iterator[str]:
    """One Chinese line for each digest that an observer was told and no line has any more."""
    there = {line.sha256 for path in files_in(folder) for line in read(path)}
    for digest in observed:
        if digest not in there:
            yield f"外面的观察者见过的锚定 {digest[:12]}… 已不在：锚定文件被改写或截断"


def _of_day(files: Sequence[Path], day: str) -> list[Line]:
    return [line for path in files if path.name == f"{day}{SUFFIX}" for line in read(path)]


def _append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("ab") as file:
        file.write((b"\n" if cut else b"") + text.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def digest_of(folder: Path) -> dict[str, Any] | None:
    """The newest line as an observer is told it: when it was written, and its digest. None without one."""
    for path in reversed(files_in(folder)):
        if lines := read(path):
            return {"at": json.loads(lines[-1].text)["at"], "sha256": lines[-1].sha256}
    return None
