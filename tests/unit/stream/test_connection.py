"""Connecting ends when its time is up or its caller goes, and leaves nothing behind that tries on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from anlan.stream.connection import LogUnavailable, connect


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody answers: the port is taken and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"nats://127.0.0.1:{taken.getsockname()[1]}"


async def test_connecting_to_nobody_ends_in_time_and_leaves_nothing_running(nobody: str) -> None:
    before = asyncio.all_tasks()
    with pytest.raises(LogUnavailable, match=nobody):
        await connect(nobody, "test", timeout=0.5)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_caller_that_goes_takes_the_attempt_with_it(nobody: str) -> None:
    before = asyncio.all_tasks()
    attempt = asyncio.create_task(connect(nobody, "test", timeout=60))
    await asyncio.sleep(0.3)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_an_address_that_is_none_is_a_mistake_and_no_outage() -> None:
    with pytest.raises(Exception) as told:
        await connect("nats://127.0.0.1:not-a-port", "test", timeout=2)
    assert not isinstance(told.value, LogUnavailable)
