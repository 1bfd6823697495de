"""A load of national packets for benchmarks: gateways over keep-alive connections, in one lean process of its own.

Run by `national`: reads its orders as one JSON line from standard input, says ``ready``, and then for every further
line (``{"seconds": …, "rate": …}``, packets a second; rate 0: as fast as answers come) sends and answers with what was
accepted. Bodies are prepared; only collect time and id are written anew, and every packet is compressed as it is sent:
the sender takes as little of the machine as it can.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import sys
import time
from collections import deque
from typing import Any

import uvloop
import zstandard

from anlan.testing.sites import Site, sites

TICK_S = 0.004


def bodies_of(site: Site, count: int, tops: list[float], dice: random.Random) -> list[bytes]:
    """Prepared `datas`: mean-reverting walks of two or three decimals inside the limits, a quarter standing still."""
    high = [tops[n % len(tops)] for n in range(len(site.points))]
    values = [dice.uniform(0.35, 0.65) for _ in site.points]
    moving = [dice.random() > 0.25 for _ in site.points]
    digits = [2 if dice.random() < 0.6 else 3 for _ in site.points]
    made = []
    for _ in range(count):
        values = [v + (0.5 - v) * 0.02 + dice.gauss(0, 0.004) if m else v for v, m in zip(values, moving, strict=True)]
        row = [
            f'{{"quotaId":"{code}","value":"{value * top:.{places}f}"}}'
            for code, value, top, places in zip(site.points, values, high, digits, strict=True)
        ]
        made.append(("[" + ",".join(row) + "]").encode())
    return made


class Source:
    """One gateway: what its packets are made of. ``packet`` writes the next one."""

    __slots__ = ("bodies", "head", "middle", "request", "turn")

    def __init__(self, site: Site, bodies: list[bytes]) -> None:
        token = base64.b64encode(f"{site.gateway}:{site.key}".encode()).decode()
        self.request = (
            f"POST /api/v1/packets HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {token}\r\n"
            "Content-Encoding: zstd\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self.head = (
            f'{{"enterpriseId":"{site.enterprise}","report":{{"reportType":"report","enterpriseId":"{site.enterprise}",'
            f'"gatewayId":"{site.gateway}","collectTime":"'
        ).encode()
        self.middle = f'","isConnectDataSource":"true","dataType":"energy_data","dataId":"{site.gateway}-'.encode()
        self.bodies = bodies
        self.turn = 0

    def packet(self, at: float) -> bytes:
        """One packet; milliseconds in the collect time make it unique."""
        whole = int(at)
        civil = (time.strftime("%Y%m%d%H%M%S", time.gmtime(whole + 8 * 3600)) + f"{int(at * 1000) % 1000:03d}").encode()
        self.turn += 1
        datas = self.bodies[self.turn % len(self.bodies)]
        return b"".join((self.head, civil, self.middle, civil, b'","datas":', datas, b"}}"))


class Connection(asyncio.Protocol):
    """One keep-alive connection: a packet at a time; what is due meanwhile waits in line."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: deque[Source] = deque()
        self._sent_at = 0.0
        self._samples = 0
        self._got = b""
        self.busy = self.lost = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.busy:
            self._load.broken += 1
            self._load.open -= 1

    def send(self, source: Source) -> None:
        load = self._load
        if self.lost:
            load.broken += 1
            return
        if self.busy:
            self._waiting.append(source)
            return
        content = source.packet(time.time())
        body = load.compressor.compress(content)
        load.bytes_plain += len(content)
        load.bytes_sent += len(body)
        self.busy = True
        load.open += 1
        self._sent_at = time.perf_counter()
        self._transport.write(b"%s%d\r\n\r\n%s" % (source.request, len(body), body))

    def data_received(self, data: bytes) -> None:
        got = self._got + data if self._got else data
        end = got.find(b"\r\n\r\n")
        if end < 0:
            self._got = got
            return
        at = got.lower().find(b"content-length:")
        length = int(got[at + 15 : got.index(b"\r\n", at)])
        if len(got) < end + 4 + length:
            self._got = got
            return
        self._got = b""
        self._load.answered(int(got[9:12]), got[end + 4 :], time.perf_counter() - self._sent_at)
        self.busy = False
        if self._waiting:
            self.send(self._waiting.popleft())
        elif self._load.flat_out:
            self._load.send_next()


class Load:
    """All gateways of one run."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.host, self.port = orders["host"], orders["port"]
        dice = random.Random(7)
        made = list(sites(orders["enterprises"], orders["points"]))
        tops = orders.get("tops") or [100.0]
        self.sources = [Source(site, bodies_of(site, orders["bodies"], tops, dice)) for site in made]
        self.points = orders["points"]
        self.count = min(orders["connections"] or len(made), len(made))
        self.connections: list[Connection] = []
        self.compressor = zstandard.ZstdCompressor(level=1)
        self.place = 0
        self._begin_counting()

    def _begin_counting(self) -> None:
        self.accepted = self.refused = self.unavailable = self.broken = self.bytes_plain = self.bytes_sent = 0
        self.open = 0
        self.flat_out = False
        self.latencies: list[float] = []

    async def connect(self) -> None:
        """Open the connections, some at a time; anew those that were closed meanwhile."""
        loop = asyncio.get_running_loop()
        for place, each in enumerate(self.connections):
            if each.lost:
                _, self.connections[place] = await loop.create_connection(
                    lambda: Connection(self), self.host, self.port
                )
        while len(self.connections) < self.count:
            some = min(100, self.count - len(self.connections))
            made = [loop.create_connection(lambda: Connection(self), self.host, self.port) for _ in range(some)]
            self.connections += [connection for _, connection in await asyncio.gather(*made)]

    def send_next(self) -> None:
        """Let the next gateway in turn send."""
        source = self.sources[self.place % len(self.sources)]
        connection = self.connections[self.place % len(self.sources) % len(self.connections)]
        self.place += 1
        connection.send(source)

    def answered(self, status: int, body: bytes, took: float) -> None:
        self.open -= 1
        self.latencies.append(took)
        if status == 200:
            self.accepted += json.loads(body)["accepted"]
        elif status in (429, 503):
            self.unavailable += 1
        else:
            self.refused += 1
            sys.stderr.write(f"{status} {body[:300]!r}\n")

    async def run(self, seconds: float, rate: float) -> dict[str, Any]:
        """Send for so long at so many packets a second, then wait for the last answers."""
        await self.connect()
        self._begin_counting()
        begin, busy = time.perf_counter(), time.process_time()
        sent = 0
        if not rate:
            self.flat_out = True
            for _ in self.connections:
                self.send_next()
        while (passed := time.perf_counter() - begin) < seconds:
            due = int(passed * rate)
            while sent < due:
                self.send_next()
                sent += 1
            await asyncio.sleep(TICK_S)
        self.flat_out = False
        took, cpu = time.perf_counter() - begin, time.process_time() - busy
        deadline = time.perf_counter() + 30
        while self.open > 0 and time.perf_counter() < deadline:  # noqa: ASYNC110 - answers are counted, not awaited
            await asyncio.sleep(0.02)
        self.latencies.sort()
        count = len(self.latencies) or 1
        return {
            "accepted": self.accepted,
            "refused": self.refused,
            "unavailable": self.unavailable,
            "unanswered": max(0, self.open) + self.broken,
            "seconds": took,
            "cpu_seconds": cpu,
            "bytes_plain": self.bytes_plain,
            "bytes_sent": self.bytes_sent,
            "ack_p50_ms": 1000 * self.latencies[count // 2] if self.latencies else 0.0,
            "ack_p99_ms": 1000 * self.latencies[int(count * 0.99)] if self.latencies else 0.0,
        }


async def serve(load: Load) -> None:
    """Obey orders until standard input ends."""
    loop = asyncio.get_running_loop()
    await load.connect()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        orders = json.loads(line)
        sys.stdout.write(json.dumps(await load.run(orders["seconds"], orders["rate"])) + "\n")
        sys.stdout.flush()


def main() -> None:
    load = Load(json.loads(sys.stdin.readline()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(load))


if __name__ == "__main__":
    main()
