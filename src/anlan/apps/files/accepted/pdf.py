"""PDF: whole, not encrypted, and with nothing in it that acts by itself."""

from __future__ import annotations

import re
from typing import BinaryIO

from anlan.apps.files.accepted.found import Found, Unfit
from anlan.apps.files.models import Media

_TAIL = 2048
"""Within so many bytes of the end stands the mark of the end; some programmes write a line behind it."""
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTS = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA)(?![A-Za-z0-9])")
_LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_PAGE = re.compile(rb"<\s*(script|html|iframe|svg)[\s>]", re.IGNORECASE)


def proved(file: BinaryIO) -> Found:
    """A PDF as it came. Raises `Unfit` for one that ends early, is locked, or acts, and for one that is a page as well.

    What stands in packed streams is not looked into; browsers show PDF apart from pages, and the answer says so too.
    """
    body = file.read()
    end = body.rfind(b"%%EOF")
    if end < 0 or b"startxref" not in body:
        raise Unfit("PDF 不完整，请重新导出")
    if len(body) - end > _TAIL:
        raise Unfit("PDF 的后面还有别的内容，请重新导出")
    told = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), _outside_streams(body))
    if _LOCKED.search(told):
        raise Unfit("PDF 加了密码或限制，请去掉后再交")
    if _ACTS.search(told):
        raise Unfit("PDF 里有脚本、附件或会自己动作的内容，请打印成普通的 PDF 再交")
    if _PAGE.search(told) or _PAGE.search(body[:1024]):
        raise Unfit("PDF 里夹着网页的代码，请重新导出")
    return Found(Media.PDF)


def _outside_streams(body: bytes) -> bytes:
    """What stands between packed streams; the last one may have no end."""
    parts, at = [], 0
    while (begin := body.find(b"stream", at)) >= 0:
        parts.append(body[at:begin])
        end = body.find(b"endstream", begin + 6)
        if end < 0:
            return b" ".join([*parts, body[begin:]])
        at = end + 9
    return b" ".join([*parts, body[at:]])
