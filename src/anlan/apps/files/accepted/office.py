"""xlsx and docx: a zip whose parts are what they say, whole, within bounds, with no macros and nothing put inside."""

from __future__ import annotations

import os
import re
import zipfile
from typing import BinaryIO

from anlan.apps.files.accepted.found import Found, Unfit
from anlan.apps.files.models import Media

MOST_PARTS = 5000
UNPACKED_BYTES = 200 << 20
RATIO = 200
"""Times its packed size; spreadsheets reach fifty. Only asked beyond `SMALL_BYTES`, where it costs anything."""
SMALL_BYTES = 10 << 20
NAMED_BYTES = 1 << 20
"""Of a part that is searched for words; those of real documents have a hundredth."""
_END = 22
"""Bytes of a zip's last record, where nothing follows it."""
_MAIN = {"xl/workbook.xml": Media.XLSX, "word/document.xml": Media.DOCX}
_HIDDEN = re.compile(
    r"(vba\w*\.(bin|xml)|/(activex|macrosheets)/|/embeddings/[^/]*(?<!\.xlsx)$|\.(exe|dll|com|bat|cmd|js|vbs|ps1|jar|hta|lnk|scr|html?)$)",
    re.IGNORECASE,
)
_OUTER = re.compile(rb"<Relationship\b[^<>]*>", re.IGNORECASE)
_FETCHED = re.compile(rb"/(attachedTemplate|oleObject|frame|subDocument)[\"']", re.IGNORECASE)
_MACROS = re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)


def proved(file: BinaryIO) -> Found:
    """A workbook or a document as it came. Raises `Unfit` for anything else that is a zip, and for a broken one."""
    try:
        file.seek(-_END, os.SEEK_END)
        if file.read(4) != b"PK\x05\x06":
            raise Unfit("文件的后面还有别的内容，或者不完整；请用 Office 或 WPS 打开后另存")
        with zipfile.ZipFile(file) as packed:
            media = _bounded(packed)
            _read_through(packed)
    except Unfit:
        raise
    except Exception as error:
        raise Unfit("压缩的内容已损坏；请用 Office 或 WPS 打开后另存") from error
    return Found(media)


def _bounded(packed: zipfile.ZipFile) -> Media:
    """Which of the two it is, by the names and the sizes of its parts."""
    parts = packed.infolist()
    names = [part.filename for part in parts]
    media = next((media for name, media in _MAIN.items() if name in names), None)
    if media is None or "[Content_Types].xml" not in names:
        raise Unfit("这是压缩包或别的文件，不是 xlsx 或 docx")
    if any(part.flag_bits & 1 for part in parts):
        raise Unfit("文件加了密码，请去掉后再交")
    unpacked = sum(part.file_size for part in parts)
    whole = sum(part.compress_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > UNPACKED_BYTES or (unpacked > SMALL_BYTES and unpacked > whole * RATIO):
        raise Unfit("文件解开后过大")
    if len({name.lower() for name in names}) < len(names):
        raise Unfit("文件里有的部分出现两次，不知以哪个为准")
    if min(part.header_offset for part in parts) or packed.comment or any(".." in name.split("/") for name in names):
        raise Unfit("文件里夹着别的内容；请用 Office 或 WPS 打开后另存")
    if hidden := next((name for name in names if _HIDDEN.search(f"/{name}")), ""):
        raise Unfit(f"文件里有宏、控件或嵌入的文件（{hidden[:60]}）；请去掉后再交")
    return media


def _read_through(packed: zipfile.ZipFile) -> None:
    """Unpacks every part, within its declared size, so that a broken one is found; looks for what is fetched or run."""
    for part in packed.infolist():
        named = part.filename.endswith(".rels") or part.filename == "[Content_Types].xml"
        if named and part.file_size > NAMED_BYTES:
            raise Unfit("文件解开后过大")
        kept = b""
        with packed.open(part) as stream:
            while piece := stream.read(1 << 20):
                kept += piece if named else b""
        if part.filename == "[Content_Types].xml" and _MACROS.search(kept):
            raise Unfit("文件里有宏；请另存为不带宏的 xlsx 或 docx")
        if any(_FETCHED.search(tag) and b"External" in tag for tag in _OUTER.findall(kept)):
            raise Unfit("文件打开时会从别处取内容（模板或对象）；请去掉后再交")
