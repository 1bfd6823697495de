"""The names of files as people gave them, made safe for screens, headers and other people's disks."""

from __future__ import annotations

import re

from anlan.apps.files.models import Media
from anlan.plain import one_line

LONGEST = 120
ENDINGS: dict[Media, tuple[str, ...]] = {
    Media.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    Media.PNG: ("png",),
    Media.PDF: ("pdf",),
    Media.XLSX: ("xlsx",),
    Media.DOCX: ("docx",),
    Media.TEXT: ("txt", "text", "log"),
    Media.CSV: ("csv",),
}
"""How names of each end; the first is given to names that end otherwise."""
_PICTURES = (*ENDINGS[Media.JPEG], *ENDINGS[Media.PNG], "webp")
_FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
"""What some file system takes for something else than a letter."""
_ENDING = re.compile(r"\.([a-z][a-z0-9]{1,4})$", re.IGNORECASE)


def clean(name: str) -> str:
    """The last part of a path as a name on one line, bounded, with its ending; 附件 where nothing is left."""
    last = re.split(r"[/\\]", one_line(name))[-1]
    kept = _FORBIDDEN.sub("_", last).strip(" .")
    return _bounded(kept) or "附件"


def ending(name: str) -> str:
    """The ending in small letters, without the dot; empty where the name has none that looks like one."""
    found = _ENDING.search(name)
    return found[1].lower() if found else ""


def fits(name: str, media: Media) -> bool:
    """Whether a name says nothing else than the content: it ends as such files do, or without an ending.

    A picture may bear the ending of another sort of picture: cameras and screens do so, and it is given its own.
    """
    said = ending(name)
    return not said or said in (_PICTURES if media in (Media.JPEG, Media.PNG) else ENDINGS[media])


def ends_as(name: str, media: Media) -> str:
    """The name with an ending that fits the content."""
    said = ending(name)
    if said in ENDINGS[media]:
        return name
    stem = name[: -len(said) - 1] if said else name
    return _bounded(f"{stem or '附件'}.{ENDINGS[media][0]}")


def _bounded(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    said = ending(name)
    tail = f".{said}" if said else ""
    return name[: LONGEST - len(tail)].rstrip(" .") + tail
