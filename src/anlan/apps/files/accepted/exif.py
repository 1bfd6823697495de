"""What a camera wrote beside a picture: which side is up, when it was taken, and where. Anything may stand there."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from anlan import border
from anlan.rules.calendar import CIVIL_ZONE

_UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError, SyntaxError, struct.error)
"""What Pillow raises at a block that says nonsense: it is then as if the camera had written none."""
_OFFSET = 36881
"""OffsetTimeOriginal, which older tables of Pillow do not name."""


@dataclass(frozen=True)
class Written:
    """What could be read."""

    orientation: int = 1
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None


def written(image: Image.Image) -> Written:
    """What the camera wrote beside the picture; never raises, and leaves out what cannot be."""
    try:
        block = image.getexif()
        orientation = block.get(Base.Orientation, 1)
        inner, where = dict(block.get_ifd(IFD.Exif)), dict(block.get_ifd(IFD.GPSInfo))
    except _UNREADABLE:
        return Written()
    latitude = _degrees(where.get(GPS.GPSLatitude), where.get(GPS.GPSLatitudeRef), "NS", 90.0)
    longitude = _degrees(where.get(GPS.GPSLongitude), where.get(GPS.GPSLongitudeRef), "EW", 180.0)
    if latitude is None or longitude is None or latitude == longitude == 0.0:  # no fix is written as zeros
        latitude = longitude = None
    taken_at = _instant(inner.get(Base.DateTimeOriginal), inner.get(_OFFSET))
    return Written(orientation if orientation in range(1, 9) else 1, taken_at, longitude, latitude)


def _instant(text: Any, offset: Any) -> datetime | None:
    """``2024:03:01 08:30:00`` with ``+08:00`` or in the civil clock; None for anything else."""
    try:
        civil = datetime.strptime(str(text).strip("\x00 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=CIVIL_ZONE)
        border.within(civil)
    except ValueError:
        return None
    try:
        return border.instant(f"{civil:%Y-%m-%dT%H:%M:%S}{str(offset).strip(chr(0) + ' ')}")
    except ValueError:
        return civil


def _degrees(parts: Any, side: Any, sides: str, most: float) -> float | None:
    """Degrees, minutes and seconds on one of two sides as one number; None for anything else."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except _UNREADABLE:
        return None
    found = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(found) or not 0 <= found <= most or side not in tuple(sides):
        return None
    return round(-found if side == sides[1] else found, 7)
