"""Pictures: opened, turned as the camera held them, shrunk, and made anew, so that nothing but the picture is kept.

What hides in a picture's file (a page, a programme, a place) does not survive this. Memory is bounded by the number of
pixels and of pictures at a time, not by what a file claims.
"""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

from PIL import Image

from anlan.apps.files.accepted.exif import written
from anlan.apps.files.accepted.found import AT_ONCE, Found, Unfit
from anlan.apps.files.models import Media

LONG_SIDE = 2560
QUALITY = 85
SMALL = 320
MOST_PIXELS, MOST_LOSSLESS = 50_000_000, 20_000_000
"""Of a JPEG, which is decoded at a fraction of its size (190 MB), and of a PNG or WebP, which cannot be (190 and 300).
Phones make twelve by default and fifty in their common large mode; screens have eight."""
MOST_SCANS = 50
"""Passes over one JPEG; encoders make a dozen, and each may cost as much as the whole picture."""
_SCAN = b"\xff\xda"
_FORMATS = ("JPEG", "PNG", "WEBP")
"""Of Pillow's decoders, the ones that strangers may reach."""
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# of each line that it leaves out of what a camera wrote Pillow tells standard error; here that is no news
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def remade(file: BinaryIO) -> Found:
    """The picture as it is kept: PNG stays PNG, all else becomes JPEG (but PNG where something is transparent).

    Raises `Unfit` for a picture that is broken, moves, or has too many pixels. Call under `AT_ONCE`.
    """
    image = _opened(file)
    if image.format not in ("PNG", "WEBP") and _scans(file) > MOST_SCANS:
        raise Unfit("图片的编码不寻常，请重新拍照或另存后再交")
    most = MOST_LOSSLESS if image.format in ("PNG", "WEBP") else MOST_PIXELS
    if image.width * image.height > most:
        raise Unfit(f"图片有 {image.width}×{image.height} 像素，{image.format} 不超过 {most // 10_000} 万")
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise Unfit("这是动图，只收静止的图片")
    camera, kept_as = written(image), Media.PNG if image.format == "PNG" else Media.JPEG
    try:
        plain = _plain(image)
    except Exception as error:
        raise Unfit("图片打不开或不完整") from error
    if camera.orientation in _TURNED:
        plain = plain.transpose(_TURNED[camera.orientation])
    if plain.mode in ("RGBA", "LA"):
        kept_as = Media.PNG
    body = _encoded(plain, kept_as)
    return Found(kept_as, body, plain.width, plain.height, camera.taken_at, camera.longitude, camera.latitude)


def small(body: bytes, media: str) -> bytes:
    """The same picture for a gallery, at most `SMALL` pixels on a side. Raises OSError for what is no picture."""
    with AT_ONCE:
        image = Image.open(io.BytesIO(body), formats=_FORMATS)
        image.thumbnail((SMALL, SMALL))
        return _encoded(image, Media(media))


def _opened(file: BinaryIO) -> Image.Image:
    try:
        return Image.open(file, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unfit(f"图片的像素太多，超过 {MOST_PIXELS // 10_000} 万") from error
    except Exception as error:
        raise Unfit("图片打不开或不完整") from error


def _scans(file: BinaryIO) -> int:
    """How often a JPEG's file begins a pass; in the data of a picture this mark does not occur."""
    file.seek(0)
    return file.read().count(_SCAN)


def _plain(image: Image.Image) -> Image.Image:
    """The pixels alone, shrunk, in a mode that both encoders know; nothing else of the file goes along."""
    image.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a large JPEG is decoded at a half or a quarter
    image.load()
    if image.mode.startswith("I"):  # sixteen bits a pixel
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode == "1":
        image = image.convert("L")
    elif "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode not in ("L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB")
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    image.info = {}
    return image


def _encoded(image: Image.Image, media: Media) -> bytes:
    body = io.BytesIO()
    if media == Media.PNG:
        image.save(body, "PNG", optimize=True)
    else:
        image.save(body, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return body.getvalue()
