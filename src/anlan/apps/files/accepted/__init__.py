"""What may be handed in, told by the content alone: a short table of first bytes, and for each sort the proof of it.

No library guesses here: each sort is proved by what opens it, and what nothing proves is refused in words.
"""

from __future__ import annotations

from typing import BinaryIO

from django.conf import settings

from anlan.apps.files.accepted import office, pdf, pictures, text
from anlan.apps.files.accepted.found import AT_ONCE, Found, Unfit
from anlan.apps.files.models import Media
from anlan.apps.files.names import ending, fits
from anlan.refused import Refused

__all__ = ["Found", "judge"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif")


def judge(file: BinaryIO, name: str) -> Found:
    """What the file is, and what is to be kept of it. Raises `Refused` in words for everything else."""
    try:
        with AT_ONCE:
            found = _told(file, name)
        if not fits(name, found.media):
            raise Unfit(f"名字说是 .{ending(name)}，内容却是{Media(found.media).label}")
    except Unfit as unfit:
        most = f"{settings.CONFIG.file_max_mib:g}"
        may = f"可以交 JPEG、PNG、WebP 图片，PDF，xlsx、docx，文本与 CSV，每个不超过 {most} MB"
        raise Refused(f"“{name}”没有收下：{unfit}。{may}") from unfit
    return found


def _told(file: BinaryIO, name: str) -> Found:
    head = file.read(64)
    file.seek(0)
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return pictures.remade(file)
    if head.startswith(b"%PDF-"):
        return pdf.proved(file)
    if head.startswith(b"PK\x03\x04"):
        return office.proved(file)
    if head.startswith(_OLE):
        raise Unfit("这是旧的 doc、xls，或加了密码的文件；请去掉密码、另存为 docx、xlsx")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        raise Unfit("这是 HEIC 照片；请在手机的相机设置里选“兼容性最佳”（JPEG）重拍，或转成 JPEG")
    return text.proved(file, Media.CSV if ending(name) == "csv" else Media.TEXT)
