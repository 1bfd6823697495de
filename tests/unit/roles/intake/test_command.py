"""The intake as a process: what works beside the server belongs to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from anlan.config import Config
from anlan.process.http_limits import listen
from anlan.process.life import Leaving
from anlan.roles.intake import command


async def test_an_intake_whose_way_to_the_log_fails_ends_so_that_it_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would answer every gateway that the log is away, for as long as it lives, and nobody would start it anew."""

    async def broken(*_: Any) -> None:
        raise OSError("示例：没有办法")

    monkeypatch.setattr(command, "open_log", broken)
    config = Config(data_dir=tmp_path, nats_url="nats://127.0.0.1:9")
    async with asyncio.timeout(120):
        with pytest.raises(OSError, match="没有办法"):
            await command.serve(config, Leaving(), listen("127.0.0.1", 0))


async def test_an_intake_that_is_asked_to_leave_ends_without_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving = Leaving()

    async def never(*_: Any) -> None:
        try:
            leaving.ask()
            await asyncio.Event().wait()
        finally:
            raise OSError("示例：没有办法")

    monkeypatch.setattr(command, "open_log", never)
    config = Config(data_dir=tmp_path, nats_url="nats://127.0.0.1:9")
    async with asyncio.timeout(120):
        await command.serve(config, leaving, listen("127.0.0.1", 0))
