"""The log's end on its way into a backup and out of it, whether the installation runs or rests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from anlan.config import Config
from anlan.process.log import layout
from anlan.process.places import known_log
from anlan.roles.supervisor.lock import AlreadyRunning, DirectoryLock
from anlan.stream.connection import LogUnavailable
from anlan.stream.natsd import NatsError, NatsServer
from anlan.stream.tail import ForeignLog, Tail, TailCopy, put_back
from anlan.verbs.backup.manifest import BackupError

FILE = "log.tail.zst"


@contextlib.contextmanager
def reached(config: Config) -> Iterator[str]:
    """The log's address: the one in use, else that of a server started for the while on the resting store.

    Empty when there is no log at all yet. Raises `BackupError` when the store is in use and the log cannot be found.
    """
    url = known_log(config)
    if url or not (config.data_dir / "nats").exists():
        yield url
        return
    lock = DirectoryLock(config.data_dir)
    try:
        lock.acquire()
    except AlreadyRunning as error:
        raise BackupError("安澜正在启动或停止，日志暂不可读；请稍后再试") from error
    try:
        with served(config.data_dir / "nats", config) as own:
            yield own
    finally:
        lock.release()


@contextlib.contextmanager
def served(store: Path, config: Config) -> Iterator[str]:
    """A log server on ``store`` for the while; yields its address."""
    server = NatsServer(store, max_store_bytes=int(config.log_max_gib * 1024**3))
    try:
        server.start()
        server.wait_ready(60)
        yield server.url
    except NatsError as error:
        raise BackupError(str(error)) from error
    finally:
        server.stop()


def follow(copy: TailCopy, url: str) -> None:
    """Copy what has come since the last call. Raises `BackupError` when the log does not answer."""
    if not url:
        return
    try:
        asyncio.run(copy.follow(url, done))
    except LogUnavailable as error:
        raise BackupError(f"日志没有应答（{error}）；应答过而尚未入库的数据只在日志里，不带它就不完整") from error


def done(log: str) -> int:
    """Says up to which number engine and historian have the log in their databases; 0 when they do not say."""
    from anlan.process.worker import close_all
    from anlan.roles.engine.store import read_by_both

    with ThreadPoolExecutor(1) as aside:  # Django asks the database in no thread that runs an event loop
        try:
            readers = aside.submit(read_by_both, log).result()
            return min((read.seq for reads in readers for read in reads.values()), default=0)
        finally:
            aside.submit(close_all).result()


def put(config: Config, url: str, file: Path, tail: Tail) -> int:
    """Bring the log to where its readers find what they lack; returns how many records were added."""
    try:
        return asyncio.run(put_back(url, layout(config), file, tail))
    except ForeignLog as error:
        raise BackupError("那里的日志不是备份时的日志，且有记录；请换一个空的日志再恢复") from error
    except (LogUnavailable, ValueError) as error:
        raise BackupError(f"日志没有恢复：{error}") from error


def new_copy(config: Config, folder: Path) -> TailCopy:
    """The file that the end of the log is written to."""
    return TailCopy(folder / FILE, layout(config))
