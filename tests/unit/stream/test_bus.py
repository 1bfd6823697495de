"""Hints and questions between processes, for code that cannot wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest

from anlan.stream.bus import Bus, BusTimeout
from anlan.stream.log import Log
from anlan.stream.natsd import NatsServer


@pytest.fixture
def bus(server: NatsServer) -> Iterator[Bus]:
    made = Bus(server.url)
    assert made.wait_connected(10)
    yield made
    made.close()


def test_a_hint_reaches_who_listens(bus: Bus) -> None:
    heard: Queue[tuple[str, bytes]] = Queue()
    bus.subscribe("ui.>", lambda subject, payload: heard.put((subject, payload)))
    bus.publish("ui.alarm.540170007", {"id": 7, "kind": "raised"})
    bus.publish("ui.warning.540170007", b"raw")
    assert heard.get(timeout=5) == ("ui.alarm.540170007", b'{"id":7,"kind":"raised"}')
    assert heard.get(timeout=5) == ("ui.warning.540170007", b"raw")
    assert bus.failures == 0


def test_a_question_gets_its_answer(server: NatsServer, bus: Bus) -> None:
    ready, done = threading.Event(), threading.Event()

    async def engine() -> None:
        log = await Log.connect(server.url)

        async def handler(payload: bytes) -> bytes:
            return b'{"echo":' + payload + b"}"

        await log.answer("live.get", handler)
        ready.set()
        await asyncio.to_thread(done.wait, 10)
        await log.close()

    thread = threading.Thread(target=asyncio.run, args=(engine(),))
    thread.start()
    assert ready.wait(10)
    try:
        assert bus.request("live.get", {"points": ["a"]}, timeout=5) == {"echo": {"points": ["a"]}}
    finally:
        done.set()
        thread.join(10)


@contextmanager
def answering(server: NatsServer, *answers: bytes) -> Iterator[None]:
    """Engines that each give one of the answers to ``live.get``, each on a connection of its own."""
    ready, done = threading.Event(), threading.Event()

    async def engines() -> None:
        logs = [await Log.connect(server.url) for _ in answers]
        for log, answer in zip(logs, answers, strict=True):

            async def handler(payload: bytes, answer: bytes = answer) -> bytes:
                return answer

            await log.answer("live.get", handler)
        ready.set()
        await asyncio.to_thread(done.wait, 60)
        for log in logs:
            await log.close()

    thread = threading.Thread(target=asyncio.run, args=(engines(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join(30)


def test_all_who_listen_answer_until_it_is_enough(server: NatsServer, bus: Bus) -> None:
    heard: list[int] = []

    def enough(answer: dict[str, Any]) -> bool:
        heard.append(answer["part"])
        return len(heard) == 2

    with answering(server, b'{"part":1}', b'{"part":2}'):
        bus.gather("live.get", {}, enough, timeout=30)
    assert sorted(heard) == [1, 2]


def test_too_few_answers_are_kept_and_none_at_all_is_a_timeout(server: NatsServer, bus: Bus) -> None:
    heard: list[dict[str, Any]] = []
    with answering(server, b'{"part":1}', b"no JSON"):
        bus.gather("live.get", {}, lambda answer: bool(heard.append(answer)), timeout=2)
    assert heard == [{"part": 1}]
    with pytest.raises(BusTimeout):
        bus.gather("live.get", {}, lambda answer: True, timeout=30)


def test_nobody_there_to_answer_is_a_timeout(bus: Bus) -> None:
    with pytest.raises(BusTimeout):
        bus.request("live.get", {}, timeout=0.3)


def test_without_a_server_hints_are_counted_and_questions_time_out() -> None:
    bus = Bus("nats://127.0.0.1:9")
    bus.publish("ui.alarm.e", {"id": 1})
    assert bus.failures == 1
    with pytest.raises(BusTimeout):
        bus.request("live.get", {}, timeout=0.2)
    bus.close()
    bus.publish("ui.alarm.e", {"id": 2})
    assert bus.failures == 2
    bus.close()


def test_the_bus_comes_back_with_its_server(server: NatsServer, bus: Bus) -> None:
    heard: Queue[bytes] = Queue()
    bus.subscribe("ui.>", lambda _, payload: heard.put(payload))
    server.stop()
    server.start()
    server.wait_ready()
    assert bus.wait_connected(10)
    for _ in range(100):
        # a hint may pass before the subscription is made again: hints are only hints
        bus.publish("ui.alarm.e", b"again")
        if not heard.empty() or _heard_within(heard, 0.1):
            return
    raise AssertionError("no hint came through after the restart")


def _heard_within(heard: Queue[bytes], seconds: float) -> bool:
    deadline = threading.Event()
    deadline.wait(seconds)
    return not heard.empty()
