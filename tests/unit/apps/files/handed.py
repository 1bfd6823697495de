"""Files as people hand them in, and as nobody should."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

TYPES = b'<Types><Override ContentType="application/vnd.openxmlformats-officedocument.x+xml"/></Types>'
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


def picture(
    size: tuple[int, int] = (64, 48), kind: str = "JPEG", *, mode: str = "RGB", colour: Any = None,
    exif: Image.Exif | None = None, **more: Any,
) -> bytes:  # fmt: skip
    """A picture of one colour, its left third black so that one sees how it was turned."""
    image = Image.new(mode, size, colour if colour is not None else {"RGB": (200, 30, 30)}.get(mode))
    if mode == "RGB":
        image.paste((0, 0, 0), (0, 0, size[0] // 3, size[1]))
    body = io.BytesIO()
    if exif is not None:
        more["exif"] = exif
    image.save(body, kind, **more)
    return body.getvalue()


def camera(orientation: int = 1, taken: str = "2024:03:01 08:30:00", offset: str = "", **where: Any) -> Image.Exif:
    """What a camera writes: the side that is up, the instant, and ``at`` = (latitude, longitude) in degrees."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Make] = "示例相机".encode().decode("latin-1")
    inner = exif.get_ifd(IFD.Exif)
    inner[Base.DateTimeOriginal] = taken
    if offset:
        inner[36881] = offset
    if "at" in where:
        latitude, longitude = where["at"]
        exif.get_ifd(IFD.GPSInfo).update({
            GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: _parts(latitude),
            GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: _parts(longitude),
        })  # fmt: skip
    return exif


def _parts(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = (degrees - whole) * 60
    return float(whole), float(int(minutes)), round((minutes - int(minutes)) * 60, 3)


def office(main: str = "xl/workbook.xml", types: bytes = TYPES, **parts: bytes) -> bytes:
    """A workbook (or a document) with further parts, by their names with ``__`` for a slash."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", types)
        packed.writestr(main, b"<workbook/>")
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/"), content)
    return body.getvalue()
