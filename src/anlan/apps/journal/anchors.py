"""Anchors the heads of all chains outside the database, once a day (SEC-02).

Who can write the database can rewrite a whole chain so that it proves itself. A file of the day names the heads as they
were; it carries the fingerprint of the file before it, and the journal carries the file's. Kept on another machine, on
a medium written once, or printed, it shows what was rewritten. Must never overwrite a file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from django.db.models import Max, Q

from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Chain, Entry

SYSTEM = "system"
ANCHORED = "anchored"
OVERLAP = 10_000
"""Entries before the last anchored one that are looked at again: of two transactions the later may end first."""
_AT_ONCE = 100


def anchor(folder: Path, day: str, now: datetime) -> Path | None:
    """Write the file of ``day`` (``2026-11-22``) with the heads that changed since the file before; None: it is there.

    Killed after the file and before the journal entry, the next call journals the file as it is. Raises OSError when
    the folder cannot be written.
    """
    path = folder / f"{day}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, _content(folder, day, now))
    elif Entry.objects.filter(chain__key=SYSTEM, act=ANCHORED, subject=f"anchor:{day}").exists():
        return None
    after = {"day": day, "sha256": _sha256(path), "chains": len(_read(path)["heads"])}
    journal.record(SYSTEM, ANCHORED, at=now, subject=f"anchor:{day}", after=after)
    return path


def broken(folder: Path, day: str | None = None) -> Iterator[str]:
    """One Chinese line for each file that is missing or altered and each entry that is not as it was anchored.

    ``day``: the entries of this one file only, for the auditor's rounds; that each file stands on the one before is
    looked at all the same.
    """
    previous = ""
    files = files_in(folder)
    for path in files:
        try:
            content = _read(path)
            heads = [(key, int(seq), str(digest)) for key, (seq, digest) in content["heads"].items()]
        except (OSError, ValueError, KeyError, AttributeError):
            yield f"锚定文件 {path.name} 无法读取"
            previous = ""
            continue
        if content.get("previous") != previous:
            yield f"锚定文件 {path.name} 与前一个文件接不上"
        previous = _sha256(path)
        for name, digest in content.get("lines", {}).items():
            if not (folder / name).exists() or _sha256(folder / name) != digest:
                yield f"锚定文件 {name} 缺失或已被改动"
        if day in (None, path.stem):
            yield from compare(path.stem, heads)
    if day is not None:
        return  # which files there must be is asked at the command: auditors of several hosts each have their own
    there = {path.stem: _sha256(path) for path in files}
    for entry in Entry.objects.filter(chain__key=SYSTEM, act=ANCHORED).order_by("seq"):
        if there.get(entry.said["day"]) != entry.said["sha256"]:
            yield f"锚定文件 {entry.said['day']}.json 缺失或已被改动"


def files_in(folder: Path) -> list[Path]:
    """The anchor files, oldest first."""
    return sorted(folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].json"))


def compare(day: str, heads: list[tuple[str, int, str]]) -> Iterator[str]:
    """One Chinese line for each entry that is not as it was anchored."""
    for start in range(0, len(heads), _AT_ONCE):
        part = heads[start : start + _AT_ONCE]
        chains = dict(Chain.objects.filter(key__in={key for key, *_ in part}).values_list("key", "pk"))
        places = [Q(chain=chains[key], seq=seq) for key, seq, _digest in part if key in chains]
        rows = Entry.objects.filter(reduce(or_, places)) if places else Entry.objects.none()
        there = set(rows.values_list("chain__key", "seq", "hash"))
        for key, seq, digest in part:
            if seq and (key, seq, digest) not in there:
                yield f"{key}：第 {seq} 条与 {day} 的锚定不符"


def _content(folder: Path, day: str, now: datetime) -> dict[str, Any]:
    files = files_in(folder)
    last = _read(files[-1]) if files else {}
    newest = Entry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    chains = Chain.objects.order_by("key")
    if files:
        recent = Entry.objects.filter(pk__gt=int(last.get("entry", 0)) - OVERLAP).values("chain")
        chains = chains.filter(pk__in=recent)
    heads = {chain.key: [chain.length, chain.head] for chain in chains.iterator()}
    previous = _sha256(files[-1]) if files else ""
    named = {name for path in files for name in _read(path).get("lines", {})}
    lines = {path.name: _sha256(path) for path in _lines_before(folder, day) if path.name not in named}
    return {"day": day, "at": now.isoformat(), "previous": previous, "entry": newest, "heads": heads, "lines": lines}


def _lines_before(folder: Path, day: str) -> list[Path]:
    """The files of lines (`anlan.apps.journal.lines`) of days that are over: from now on they never change."""
    return [path for path in sorted(folder.glob("*.lines")) if path.name < day]


def _write(path: Path, content: dict[str, Any]) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=0)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(0o444)
    fresh.rename(path)


def _read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no anchor")
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
