"""The end of the log in a file: a backup takes along what was acknowledged and is not yet in any database.

A record is copied whole, whatever it holds. Put back into a new log it gets a number behind all earlier ones, so that
nothing new ever bears the number of something old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import nats.js.errors
import zstandard
from nats.js import JetStreamContext

from anlan.stream.connection import FAULTS, LogUnavailable, close, connect
from anlan.stream.log import StreamLayout, identity_of

_AT_ONCE = 64
_SIZE = 4


class ForeignLog(Exception):
    """The log there is another one and holds records: numbers of the two would mean different things."""


class TailRecord(msgspec.Struct, array_like=True, frozen=True):
    """One message of the log."""

    seq: int
    partition: int
    data: bytes


class Tail(msgspec.Struct, frozen=True):
    """What was copied: from which log, up to which number, how many, and how many were gone before they were read."""

    log: str = ""
    last: int = 0
    records: int = 0
    missing: int = 0


class TailCopy:
    """Writes the file. `follow` copies all that the log has gained since the last call; `close` ends the file."""

    def __init__(self, path: Path, layout: StreamLayout) -> None:
        self._layout, self._file = layout, path.open("wb")
        self._out = zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(self._file)
        self.tail = Tail()

    async def follow(self, url: str, done: Callable[[str], int]) -> None:
        """Copy what not all readers have in their databases, up to the newest. Raises LogUnavailable.

        ``done(log)``: up to which number of the log of that name everything is in the databases that are copied; asked
        once, before they are.
        """
        client = await connect(url, "backup")
        try:
            js = client.jetstream(timeout=10)
            try:
                info = await js.stream_info(self._layout.name)
            except nats.js.errors.NotFoundError:
                return
            start = self.tail.last + 1 if self.tail.last else max(info.state.first_seq, done(identity_of(info)) + 1)
            for begin in range(start, info.state.last_seq + 1, _AT_ONCE):
                numbers = range(begin, min(begin + _AT_ONCE, info.state.last_seq + 1))
                self._write(await asyncio.gather(*(self._get(js, number) for number in numbers)))
            last = max(self.tail.last, info.state.last_seq)
            self.tail = msgspec.structs.replace(self.tail, log=identity_of(info), last=last)
        except FAULTS as error:
            raise LogUnavailable(str(error) or "no answer in time") from error
        finally:
            await close(client)

    async def _get(self, js: JetStreamContext, seq: int) -> TailRecord | None:
        try:
            message = await js.get_msg(self._layout.name, seq)
        except nats.js.errors.NotFoundError:
            return None  # every reader is done with it: it was removed after we asked for the state
        return TailRecord(seq, int(str(message.subject).rsplit(".", 1)[1]), message.data or b"")

    def _write(self, found: list[TailRecord | None]) -> None:
        for record in found:
            if record is None:
                self.tail = msgspec.structs.replace(self.tail, missing=self.tail.missing + 1)
                continue
            packed = msgspec.msgpack.encode(record)
            self._out.write(len(packed).to_bytes(_SIZE, "big") + packed)
            self.tail = msgspec.structs.replace(self.tail, records=self.tail.records + 1)

    def close(self) -> None:
        """Write the end; the file can be read from now on. Safe to call twice."""
        if not self._file.closed:
            self._out.close()  # type: ignore[no-untyped-call]
            self._file.close()


def records(path: Path) -> Iterator[TailRecord]:
    """Everything in a file that was closed. Raises ValueError when it is cut off or damaged."""
    decode = msgspec.msgpack.Decoder(TailRecord).decode
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            while size := stream.read(_SIZE):
                data = stream.read(int.from_bytes(size, "big"))
                yield decode(data)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise ValueError(f"{path.name}: {error}") from error


async def put_back(url: str, layout: StreamLayout, path: Path, tail: Tail) -> int:
    """Bring a log to where its readers find all that their databases lack; returns how many records were added.

    In the very log that was copied only what it has lost since is added: how far its readers are stands in their
    databases. Repeating that is harmless, since a record that comes twice is absorbed by who reads it.
    A new or empty log gets everything. Raises `ForeignLog` for any other, LogUnavailable.
    """
    client = await connect(url, "restore")
    try:
        js = client.jetstream(timeout=10)
        kept_from = await _ready(js, layout, tail)
        added = 0
        for record in records(path):
            if kept_from is None or record.seq < kept_from:
                subject = f"{layout.prefix}.{record.partition}"
                await js.publish(subject, record.data, stream=layout.name, timeout=10)
                added += 1
        return added
    except FAULTS as error:
        raise LogUnavailable(str(error) or "no answer in time") from error
    finally:
        await close(client)


async def _ready(js: JetStreamContext, layout: StreamLayout, tail: Tail) -> int | None:
    """Make the log ready; the first number that it still has when it is the log of the tail, None when it is new."""
    info: Any = None
    try:
        info = await js.stream_info(layout.name)
    except nats.js.errors.NotFoundError:
        kept_from = None
    else:
        kept_from = info.state.first_seq if identity_of(info) == tail.log else None
        if kept_from is None:
            if info.state.messages:
                raise ForeignLog(layout.name)
            await js.delete_stream(layout.name)
    if kept_from is None:
        await js.add_stream(layout.config().evolve(first_seq=tail.last + 1))
        return None
    return int(kept_from)
