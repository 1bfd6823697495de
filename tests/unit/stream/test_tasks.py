"""A task ends even when a library loses a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from anlan.stream.tasks import end, finish


async def test_a_task_that_loses_its_first_cancellations_still_ends():
    lost = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost.append(1)
                if len(lost) == 3:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    assert await end([task]) == []
    assert len(lost) == 3


async def test_the_errors_of_tasks_are_told():
    async def failing() -> None:
        raise ValueError("ours")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    assert [str(error) for error in await end([task])] == ["ours"]


def test_a_loop_ends_although_what_its_work_left_running_loses_cancellations():
    lost, left = [], []

    async def stubborn() -> None:
        while len(lost) < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost.append(1)

    async def work() -> str:
        left.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        return "done"

    with asyncio.Runner() as runner:
        runner.get_loop().call_later(30, lost.extend, [1, 1, 1])  # a broken `finish` fails here instead of hanging
        assert runner.run(finish(work())) == "done"
        assert len(lost) == 3


async def test_what_a_failed_work_left_running_is_ended_and_its_error_told():
    left = []

    async def work() -> None:
        left.append(asyncio.create_task(asyncio.sleep(60)))
        await asyncio.sleep(0)
        raise ValueError("ours")

    def whole() -> None:
        with asyncio.Runner() as runner:
            runner.run(finish(work()))

    with pytest.raises(ValueError, match="ours"):
        await asyncio.to_thread(whole)
    assert left[0].cancelled()
