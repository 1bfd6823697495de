"""Unpacks a request's body without trusting what it claims to be."""

from __future__ import annotations

import contextlib
import zlib
from io import BytesIO

import zstandard

from anlan.process.bodies import BodyError

MAX_UNPACKED = 32 * 1024 * 1024
_whole = zstandard.ZstdDecompressor()


def unpack(body: bytes, encoding: str, *, limit: int = MAX_UNPACKED) -> tuple[bytes, bool]:
    """The body decoded, and whether it came as one zstd frame that says its size: that can be kept as it is.

    Never makes more than ``limit`` bytes of it, whatever it claims.
    Raises BodyError: 415 unknown encoding, 413 too large once unpacked, 400 damaged.
    """
    if encoding in ("", "identity"):
        return body, False
    if encoding in ("gzip", "x-gzip"):
        return _gunzip(body, limit), False
    if encoding == "zstd":
        return _unzstd(body, limit)
    raise BodyError(415, f"不支持的 Content-Encoding：{encoding[:40]}，可用 identity、gzip、zstd")


def _gunzip(body: bytes, limit: int) -> bytes:
    made: list[bytes] = []
    size = 0
    try:
        while body:
            member = zlib.decompressobj(wbits=31)
            part = member.decompress(body, limit - size + 1)
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            if not member.eof:
                raise BodyError(400, "gzip 数据不完整")
            made.append(part)
            body = member.unused_data
    except zlib.error as error:
        raise BodyError(400, "gzip 数据损坏") from error
    return b"".join(made)


def _unzstd(body: bytes, limit: int) -> tuple[bytes, bool]:
    try:
        declared = zstandard.frame_content_size(body)
        if declared > limit:
            raise _too_large(limit)
        if declared > 0:
            # several frames after each other, or damage: the slower reader below tells which
            with contextlib.suppress(zstandard.ZstdError):
                return _whole.decompress(body, allow_extra_data=False), True
        reader = zstandard.ZstdDecompressor(max_window_size=limit).stream_reader(BytesIO(body), read_across_frames=True)
        made = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise BodyError(400, "zstd 数据损坏") from error
    if len(made) > limit:
        raise _too_large(limit)
    if declared >= 0 and len(made) < declared:
        raise BodyError(400, "zstd 数据不完整")
    return made, False


def _too_large(limit: int) -> BodyError:
    return BodyError(413, f"解压后最大 {limit // 1024 // 1024} MiB")
