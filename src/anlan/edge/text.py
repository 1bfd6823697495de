"""Text files as people have them: UTF-8, UTF-16 with its mark, and what a Chinese Excel saves as "CSV" (GB 18030)."""

from __future__ import annotations

import codecs
from pathlib import Path


class TextError(Exception):
    """The file cannot be read as text; Chinese, with what to do."""


def read_text(path: Path) -> str:
    """The whole file; raises `TextError`.

    A file that is not UTF-8 is taken for GB 18030, which contains GBK and GB 2312; only bytes that are neither refuse.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TextError(error.strerror or str(error)) from error
    utf_16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf_16 else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TextError(
        "既不是 UTF-8 也不是 GBK 编码；请在 Excel 里另存为“CSV UTF-8（逗号分隔）”，或在记事本里另存为 UTF-8"
    )
