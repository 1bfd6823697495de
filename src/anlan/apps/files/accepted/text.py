"""Plain text and CSV: letters and lines in an encoding that everybody here reads, and no page."""

from __future__ import annotations

import re
from typing import BinaryIO

from anlan.apps.files.accepted.found import Found, Unfit
from anlan.apps.files.models import Media

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_PAGE = re.compile(r"<(!doctype|html|head|body|script|iframe|svg|object|embed|\?xml|\?php)", re.IGNORECASE)


def proved(file: BinaryIO, media: Media) -> Found:
    """Text as it came. Raises `Unfit` for what is none, and for a page or a programme in disguise."""
    body = file.read()
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unfit("文本是 UTF-16 编码，请另存为 UTF-8")
    words = _decoded(body)
    if words is None or _CONTROL.search(words):
        raise Unfit("不是可以交的文件")
    if _PAGE.search(words) or words.startswith("#!"):
        raise Unfit("文本里有网页或脚本的代码")
    return Found(media)


def _decoded(body: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
