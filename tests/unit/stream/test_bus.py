"""Hints and questions between processes, for code that cannot wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from queue import Queue

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
