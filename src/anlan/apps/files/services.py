"""Hands files in and withdraws them. What comes from outside is judged by its content before anything else.

Receiving judges, re-makes pictures and writes the file aside; attaching makes it evidence, in one transaction with the
journal. Between the two nothing is kept: what is refused, and what a caller lets go of, leaves nothing behind.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from anlan.apps.files import store
from anlan.apps.files.accepted import Found, judge
from anlan.apps.files.entitled import may_withdraw
from anlan.apps.files.holders import allow, holder_of, record_of
from anlan.apps.files.models import Attachment
from anlan.apps.files.names import clean, ends_as
from anlan.apps.journal import services as journal
from anlan.apps.org.access import owner_of, require, unit_of
from anlan.apps.org.actor import signed
from anlan.apps.org.models import Agency
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused
from anlan.rules.calendar import civil
from anlan.rules.words import says_something

__all__ = ["Received", "allow", "allowance", "attach", "receive", "withdraw"]

MIB = 1 << 20
ROOM_SHARE = 0.5
"""Of ``disk_soft_mib``: with less room no file is taken, as no back-fill is (docs/how-to/operate.md); the rest is for
alarms, clocks and notices."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """A file that was found good: what it is, and where it lies until it is attached or let go of."""

    name: str
    found: Found
    size: int
    original_sha256: str
    sha256: str
    path: Path


def allowance() -> int:
    """Bytes of the largest file that is taken."""
    return int(settings.CONFIG.file_max_mib * MIB)


@contextmanager
def receive(content: BinaryIO, name: str, *, at: datetime) -> Iterator[Received]:
    """Judges a file by its content and writes it aside, as it will be kept, for the length of the block.

    ``content`` is read once, in pieces. Raises `Refused` in words that say what may be handed in, for a file that is
    too large, empty, none of these, not what its name says, broken, encrypted or with something hidden in it, and when
    there is no room. A kill leaves a file that `store.sweep` removes.
    """
    called = clean(name)
    try:
        _room()
        store.sweep(at)
        with store.fresh() as file:
            path = Path(str(file.name))
            try:
                yield _received(file, path, content, called)
            finally:
                path.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _LOG.error("a file that was handed in cannot be written: %s", error)
        raise Refused("服务器的磁盘现在写不进，文件没有收下；请告知运维，之后再交") from error


def _received(file: BinaryIO, path: Path, content: BinaryIO, name: str) -> Received:
    original = _copy(content, file, name)
    file.seek(0)
    found = judge(file, name)
    sha256 = original
    if found.remade is not None:
        file.seek(0)
        file.truncate()
        file.write(found.remade)
        sha256 = hashlib.sha256(found.remade).hexdigest()
    file.flush()
    os.fsync(file.fileno())
    size = file.seek(0, os.SEEK_END)
    return Received(ends_as(name, found.media), found, size, original, sha256, path)


def _copy(content: BinaryIO, file: BinaryIO, name: str) -> str:
    """Writes the content into the file and returns its fingerprint. Raises `Refused` beyond the bound, and for none."""
    digest, size, most = hashlib.sha256(), 0, allowance()
    while piece := content.read(store.PIECE):
        size += len(piece)
        if size > most:
            raise Refused(f"“{name}”没有收下：每个文件不超过 {settings.CONFIG.file_max_mib:g} MB")
        digest.update(piece)
        file.write(piece)
    if not size:
        raise Refused(f"“{name}”没有收下：文件是空的")
    return digest.hexdigest()


def _room() -> None:
    """Raises `Refused` while the disk has less room than alarms and clocks may need."""
    soft = settings.CONFIG.disk_soft_mib
    here = store.folder().absolute()
    while not here.exists():
        here = here.parent
    if soft and shutil.disk_usage(here).free < soft * MIB * ROOM_SHARE:
        raise Refused("服务器的磁盘快满了，现在不收文件；其余照常。请告知运维，腾出空间后再交")


def attach(subject: str, received: Received, *, by: Stand, at: datetime) -> Attachment:
    """Makes a received file evidence of a record; call inside `receive`, once or inside another act's transaction.

    Handed in again for the same record, the same content is the same row and no second act; one that was withdrawn is
    there again, as an act of its own. Raises `Refused` when the record has as many files as it may or takes none any
    more, PermissionDenied (journaled) for whoever it is not open to, ValueError for a subject that nobody has allowed.
    """
    holder, record = holder_of(subject), record_of(subject)
    if record is None:
        raise ValueError(f"there is no {subject}")
    require(holder.may_attach(by, record), record, by=by)
    if words := holder.shut(record):
        raise Refused(words)
    owner, chain = unit_of(record), owner_of(record)
    with transaction.atomic():
        journal.hold([chain])
        same = Q(original_sha256=received.original_sha256) | Q(sha256=received.sha256)
        there = Attachment.objects.by_the_machine().filter(subject=subject)
        row: Attachment | None = there.filter(same).order_by("pk").first()
        if row is not None:
            return row if row.withdrawn_at is None else _restored(row, by, at)
        if there.count() >= settings.CONFIG.files_per_subject:
            raise Refused(f"每条记录最多 {settings.CONFIG.files_per_subject} 个附件（撤回的也算），不能再加")
        store.place(received.path, received.sha256)
        found = received.found
        row = Attachment.objects.create(
            subject=subject,
            enterprise=owner if isinstance(owner, Enterprise) else None,
            agency=owner if isinstance(owner, Agency) else None,
            name=received.name,
            media=found.media,
            size=received.size,
            original_sha256=received.original_sha256,
            sha256=received.sha256,
            width=found.width,
            height=found.height,
            taken_at=found.taken_at,
            longitude=found.longitude,
            latitude=found.latitude,
            **signed(by.actor),
            at=at,
        )
        _record(row, chain, "attached", by, at)
    return row


def withdraw(attachment: Attachment, *, by: Stand, at: datetime, why: str) -> Attachment:
    """Says that a file should not count, and why; it stays where it is, and the record shows it as withdrawn.

    Raises `Refused` for a blank reason, when it is withdrawn already and when the record takes no change any more;
    PermissionDenied (journaled) for whoever it is not open to.
    """
    require(may_withdraw(by, attachment), attachment, by=by)
    if not says_something(why):
        raise Refused("请写明撤回的原因")
    if words := holder_of(attachment.subject).shut(record_of(attachment.subject)):
        raise Refused(words)
    chain = attachment.chain
    with transaction.atomic():
        journal.hold([chain])
        row: Attachment = Attachment.objects.by_the_machine().get(pk=attachment.pk)
        if row.withdrawn_at is not None:
            raise Refused(f"这个文件已于 {civil(row.withdrawn_at):%Y-%m-%d %H:%M} 撤回")
        row.withdrawn_at, row.withdrawn_why = at, why.strip()[:200]
        row.withdrawn_by, row.withdrawn_by_id = by.actor.name[:80], by.actor.id
        row.save(update_fields=_WITHDRAWN)
        _record(row, chain, "withdrawn", by, at)
    return row


_WITHDRAWN = ["withdrawn_at", "withdrawn_by", "withdrawn_by_id", "withdrawn_why"]


def _restored(row: Attachment, by: Stand, at: datetime) -> Attachment:
    """What was withdrawn and is handed in again counts again; the journal keeps that it was withdrawn."""
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_by_id, row.withdrawn_why = None, "", "", ""
    row.save(update_fields=_WITHDRAWN)
    _record(row, owner_of(row), "restored", by, at)
    return row


def _record(row: Attachment, chain: str, act: str, by: Stand, at: datetime) -> None:
    said = {"subject": row.subject, "name": row.name, "size": row.size, "sha256": row.sha256}
    after = {**said, "by": by.actor.name, "unit": by.actor.unit, "is": journal.state_of(row, row.KEPT)}
    journal.record(chain, f"attachment.{act}", at=at, actor=by.actor.id, subject=row.about, after=after)
