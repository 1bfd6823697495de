"""The block: history of one gateway over a span (a minute when fresh, an hour when compacted) as checked bytes.

Layout, version 1: mark `ANB`, version byte, crc32 of the rest, length of the header, header (zstd of msgpack), body
(zstd of msgpack). The full description is `docs/reference/block-format.md`. A block that does not check is a
`BlockError`, never a wrong number.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from anlan.stream.blocks.matrix import MISSING, UNCERTAIN, Matrix, Series, from_frames, merge
from anlan.stream.blocks.numbers import (
    PackedNumbers,
    pack_full,
    pack_integers,
    pack_numbers,
    pack_runs,
    unpack_integers,
    unpack_numbers,
    unpack_runs,
)
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable

MARK = b"ANB\x01"
_FIXED = 12
_LARGEST = 256 * 1024 * 1024
_encoder = msgspec.msgpack.Encoder()


class BlockError(Exception):
    """Not a block of a known version, or damaged."""


class Block(msgspec.Struct, array_like=True, frozen=True):
    """What can be known of a block without reading its samples. Times epoch µs of the collect times, both inclusive.

    `samples`: cells that hold a sample. `lowest`, `highest`, `last`: per tag over its usable (not bad) samples, as
    packed numbers [tag][1]; see `statistics`. `counts`: usable samples per tag, uint32.
    """

    gateway: str
    codes: list[str]
    frames: int
    first_us: int
    last_us: int
    samples: int
    counts: bytes
    lowest: PackedNumbers
    highest: PackedNumbers
    last: PackedNumbers

    def statistics(self) -> dict[str, tuple[float, float, float, int]]:
        """Per tag with usable samples: lowest, highest, last value, and how many."""
        counts = np.frombuffer(self.counts, np.uint32)
        columns = [unpack_numbers(packed, 1)[:, 0] for packed in (self.lowest, self.highest, self.last)]
        return {
            code: (float(columns[0][row]), float(columns[1][row]), float(columns[2][row]), int(counts[row]))
            for row, code in enumerate(self.codes)
            if counts[row]
        }


class _Body(msgspec.Struct, array_like=True):
    collected: bytes
    ordinal: bytes
    received: bytes
    values: PackedNumbers
    cell_runs: tuple[bytes, bytes]
    offset: bytes


def encode(gateway: str, frames: Sequence[Frame], table: PointTable) -> bytes:
    """Pack frames of one gateway, in any order, repeated or not. Deterministic. Frames without samples add nothing."""
    return encode_counted(gateway, frames, table)[0]


def encode_counted(gateway: str, frames: Sequence[Frame], table: PointTable) -> tuple[bytes, int]:
    """`encode`, and how many samples stand in the block: fewer than came when packets came twice."""
    filled = [frame for frame in frames if len(frame.index)]
    return _write(gateway, from_frames(filled, table))


def compact(blocks: Sequence[bytes]) -> bytes:
    """One block out of several of the same gateway; order and repetition do not matter.

    Raises BlockError when one is damaged or they belong to different gateways (nothing is lost: the inputs stand).
    """
    opened = [_open(block) for block in blocks]
    gateways = {head.gateway for head, _ in opened}
    if len(gateways) != 1:
        raise BlockError("blocks of different gateways do not merge")
    return _write(gateways.pop(), merge([_matrix(head, body) for head, body in opened]))[0]


def header(block: bytes) -> Block:
    """The header of a checked block. Raises BlockError."""
    return _open(block)[0]


def read(
    block: bytes, codes: Collection[str] | None = None, t0_us: int | None = None, t1_us: int | None = None
) -> dict[str, Series]:
    """The samples of `codes` (None: all) with frame times t0 ≤ t < t1; tags that the block does not hold are absent.

    Raises BlockError.
    """
    head, body = _open(block)
    wanted = range(len(head.codes)) if codes is None else [row for row, code in enumerate(head.codes) if code in codes]
    rows = np.fromiter(wanted, np.intp)
    matrix = _matrix(head, body, rows)
    return {code: matrix.series(row, t0_us, t1_us) for row, code in enumerate(matrix.codes)}


def check(block: bytes) -> Block:
    """Decode the whole of a block and prove that its header tells the truth about it; returns the header.

    Raises BlockError, saying what is wrong: checksum, form, order of the frames, counts or extremes.
    """
    head, body = _open(block)
    matrix = _matrix(head, body)
    later, next_ = np.diff(matrix.collected), np.diff(matrix.ordinal)
    if not np.all((later > 0) | ((later == 0) & (next_ > 0))):
        raise BlockError("frames are not in order of time")
    if head.frames and (int(matrix.collected[0]), int(matrix.collected[-1])) != (head.first_us, head.last_us):
        raise BlockError("first or last frame is not the one of the header")
    told = _head(head.gateway, matrix)
    if (told.samples, told.counts) != (head.samples, head.counts):
        raise BlockError("counts do not match the samples")
    if told.statistics() != head.statistics():
        raise BlockError("extremes or last values do not match the samples")
    return head


def _write(gateway: str, matrix: Matrix) -> tuple[bytes, int]:
    full = None if matrix.cells.any() else pack_full(matrix.values, matrix.decimals)
    if full is not None:
        values, *told = full
        offset = matrix.offset
        head = _full_head(gateway, matrix, *told)
    else:
        values = pack_numbers(matrix.values, matrix.cells <= 2, matrix.decimals)
        offset = np.where(matrix.cells != MISSING, matrix.offset, 0)
        head = _head(gateway, matrix)
    body = _Body(
        collected=pack_integers(matrix.collected[None, :]),
        ordinal=pack_integers(matrix.ordinal[None, :]) if matrix.ordinal.any() else b"",
        received=pack_integers((matrix.received - matrix.collected)[None, :]),
        values=values,
        cell_runs=pack_runs(matrix.cells.ravel()),
        offset=pack_integers(offset) if offset.any() else b"",
    )
    compressor = zstandard.ZstdCompressor(level=1)
    head_bytes = compressor.compress(_encoder.encode(head))
    rest = len(head_bytes).to_bytes(4, "big") + head_bytes + compressor.compress(_encoder.encode(body))
    return MARK + zlib.crc32(rest).to_bytes(4, "big") + rest, head.samples


def _full_head(
    gateway: str, matrix: Matrix, lowest: PackedNumbers, highest: PackedNumbers, last: PackedNumbers
) -> Block:
    tags, frames = matrix.cells.shape
    return Block(
        gateway=gateway,
        codes=matrix.codes,
        frames=frames,
        first_us=int(matrix.collected[0]),
        last_us=int(matrix.collected[-1]),
        samples=tags * frames,
        counts=np.full(tags, frames, np.uint32).tobytes(),
        lowest=lowest,
        highest=highest,
        last=last,
    )


def _head(gateway: str, matrix: Matrix) -> Block:
    usable = matrix.cells <= UNCERTAIN
    counts = usable.sum(axis=1).astype(np.uint32)
    frames, tags = len(matrix.collected), len(matrix.codes)
    newest = frames - 1 - np.argmax(usable[:, ::-1], axis=1) if frames else np.zeros(tags, np.intp)
    lowest = np.where(usable, matrix.values, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(usable, matrix.values, -np.inf).max(axis=1, initial=-np.inf)
    last = matrix.values[np.arange(tags), newest] if frames else np.zeros(tags)
    any_usable = counts > 0

    def statistic(column: NDArray[np.float64]) -> PackedNumbers:
        shaped = np.where(any_usable, column, 0.0)[:, None]
        return pack_numbers(shaped, any_usable[:, None], matrix.decimals)

    return Block(
        gateway=gateway,
        codes=matrix.codes,
        frames=frames,
        first_us=int(matrix.collected[0]) if frames else 0,
        last_us=int(matrix.collected[-1]) if frames else 0,
        samples=int((matrix.cells != MISSING).sum()),
        counts=counts.tobytes(),
        lowest=statistic(lowest),
        highest=statistic(highest),
        last=statistic(last),
    )


def _open(block: bytes) -> tuple[Block, bytes]:
    if block[:3] != MARK[:3]:
        raise BlockError("not a history block")
    if block[3:4] != MARK[3:]:
        raise BlockError(f"block version {block[3:4].hex()} is not known here")
    if zlib.crc32(memoryview(block)[8:]).to_bytes(4, "big") != block[4:8]:
        raise BlockError("checksum does not match")
    length = int.from_bytes(block[8:_FIXED], "big")
    try:
        head = msgspec.msgpack.decode(_inflate(block[_FIXED : _FIXED + length]), type=Block)
    except msgspec.MsgspecError as error:
        raise BlockError(str(error)) from error
    return head, block[_FIXED + length :]


def _matrix(head: Block, packed: bytes, rows: NDArray[np.intp] | None = None) -> Matrix:
    tags, frames = len(head.codes), head.frames
    try:
        body = msgspec.msgpack.decode(_inflate(packed), type=_Body)
        collected = unpack_integers(body.collected, 1, frames)[0]
        cells = unpack_runs(*body.cell_runs, tags * frames).reshape(tags, frames)
        count = tags if rows is None else len(rows)
        offset = np.zeros((count, frames), np.int64)
        if body.offset:
            offset = unpack_integers(body.offset, tags, frames, rows)
        decimals = np.frombuffer(body.values.decimals, np.int8)
        return Matrix(
            codes=head.codes if rows is None else [head.codes[row] for row in rows.tolist()],
            decimals=decimals if rows is None else decimals[rows],
            collected=collected,
            ordinal=unpack_integers(body.ordinal, 1, frames)[0] if body.ordinal else np.zeros(frames, np.int64),
            received=unpack_integers(body.received, 1, frames)[0] + collected,
            values=unpack_numbers(body.values, frames, rows),
            cells=cells if rows is None else cells[rows],
            offset=offset,
        )
    except (msgspec.MsgspecError, ValueError, IndexError) as error:
        raise BlockError(str(error)) from error


def _inflate(data: bytes) -> bytes:
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= _LARGEST:
            raise BlockError(f"declared size {size} is not acceptable")
        return zstandard.ZstdDecompressor().decompress(data)
    except zstandard.ZstdError as error:
        raise BlockError(str(error)) from error
