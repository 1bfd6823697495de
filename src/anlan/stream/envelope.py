"""What the log carries: many packets of one partition in one compressed message.

Small messages cost the broker more than the engine spends on decoding them, so the intake bundles. The layout is
stored data: a four-byte mark with a version, the crc32 of the rest, one zstd frame around a msgpack array of records.
What a gateway sent compressed stands there as it came: to compress it again would cost the intake more than all else.
Anything else is refused; nothing here may guess.
"""

from __future__ import annotations

import threading
import zlib
from hashlib import blake2b

import msgspec
import zstandard
from msgspec.structs import force_setattr

MARK = b"ANE\x01"
BUNDLE_MARK = b"ANB\x01"
MAX_UNPACKED = 64 * 1024 * 1024
MAX_SWELLING = 16
"""A packed record may become so many times as large; a packet of 500 samples becomes nine times as large."""


class EnvelopeError(Exception):
    """The bytes are not an envelope of a known version, or were damaged."""


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One packet as it was accepted: who sent it (authenticated), its id, when it came (epoch µs), its bytes.

    ``form`` names how the bytes carry their content (`packet.Form`; empty: national samples); ``seq`` and ``boot`` are
    the gateway's own numbering (None: it numbers nothing). ``packed``: the bytes are one zstd frame, as
    the gateway sent it, which `unpack` opens. Records of logs written before end with the bytes, or with ``boot``.
    """

    enterprise: str
    gateway: str
    packet_id: str
    received_at_us: int
    body: bytes
    form: str = ""
    seq: int | None = None
    boot: str = ""
    packed: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Record]).decode
_decode_parts = msgspec.msgpack.Decoder(list[tuple[int, bytes]]).decode
_own = threading.local()


def pack(records: list[Record]) -> bytes:
    """Bundle records, in order, into one message. Deterministic: the same records give the same bytes."""
    frame = _compressor().compress(_encode(records))
    return MARK + zlib.crc32(frame).to_bytes(4, "big") + frame


def unpack(envelope: bytes) -> list[Record]:
    """The records of a message, in the order they were packed, with plain bytes; of a bundle, those of all its parts.

    A packed record whose bytes cannot be opened keeps them, for whoever reads it to refuse: its neighbours land.
    Raises `EnvelopeError` for foreign, damaged, unknown-version or absurdly large input.
    """
    if envelope[:4] == BUNDLE_MARK:
        return [record for _, part in parts_of(envelope) for record in _unpack(part)]
    return _unpack(envelope)


def _unpack(envelope: bytes) -> list[Record]:
    if envelope[:4] != MARK:
        raise EnvelopeError("not an envelope of a known version")
    frame = memoryview(envelope)[8:]
    if zlib.crc32(frame).to_bytes(4, "big") != envelope[4:8]:
        raise EnvelopeError("checksum does not match")
    try:
        size = zstandard.frame_content_size(frame)
        if not 0 <= size <= MAX_UNPACKED:
            raise EnvelopeError(f"declared size {size} is not acceptable")
        records = _decode(_decompressor().decompress(frame))
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnvelopeError(str(error)) from error
    left = MAX_UNPACKED
    for record in records:
        if record.packed:
            left -= _open(record, left)
    return records


def fits_as_sent(frame: bytes, plain: bytes) -> bool:
    """Whether a record may carry ``frame``, one zstd frame that says its size, for ``plain``: not when it swells so
    much that an envelope full of such could not be opened."""
    return len(plain) <= MAX_SWELLING * len(frame)


def _open(record: Record, most: int) -> int:
    """Replace the packed bytes of a record, which nobody else has yet, by the plain ones; returns how many."""
    force_setattr(record, "packed", False)
    try:
        size = zstandard.frame_content_size(record.body)
        if size > most:
            raise EnvelopeError("the records are larger than is acceptable")
        if size > 0:
            force_setattr(record, "body", _decompressor().decompress(record.body, allow_extra_data=False))
        return max(size, 0)
    except zstandard.ZstdError:
        return 0


def bundle(parts: list[tuple[int, bytes]]) -> bytes:
    """Envelopes of several partitions as one message; whoever reads some of the partitions unpacks those alone."""
    return BUNDLE_MARK + _encode(parts)


def parts_of(message: bytes) -> list[tuple[int, bytes]]:
    """Partition and envelope of each part, in order. Raises `EnvelopeError`; the envelopes are not looked into."""
    if message[:4] != BUNDLE_MARK:
        raise EnvelopeError("not a bundle of a known version")
    try:
        return _decode_parts(memoryview(message)[4:])
    except msgspec.MsgspecError as error:
        raise EnvelopeError(str(error)) from error


def message_id(records: list[Record]) -> str:
    """Id of a message from the ids of its records: the broker drops a second copy of the same bundle."""
    digest = blake2b(digest_size=16)
    for record in records:
        for part in (record.gateway, record.packet_id):
            data = part.encode("utf-8")
            digest.update(len(data).to_bytes(4, "big"))
            digest.update(data)
    return digest.hexdigest()


def _compressor() -> zstandard.ZstdCompressor:
    # a zstd context must not be shared by threads
    found: zstandard.ZstdCompressor | None = getattr(_own, "compressor", None)
    if found is None:
        found = _own.compressor = zstandard.ZstdCompressor(level=1)
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    found: zstandard.ZstdDecompressor | None = getattr(_own, "decompressor", None)
    if found is None:
        found = _own.decompressor = zstandard.ZstdDecompressor()
    return found
