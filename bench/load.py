"""A load of national packets for benchmarks: many gateways over few keep-alive connections, in one lean process.

Run by `pipeline` as a process of its own: reads its orders as JSON from standard input, answers in JSON. Packets are
made from prepared bodies; only the collect time is written anew, so that the sender takes as little of the machine as
it can.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import sys
import time
from collections.abc import Iterator

import uvloop
import zstandard

from anlan.testing.sites import Site, sites

BODIES = 24


def bodies_of(site: Site, dice: random.Random) -> list[bytes]:
    """Prepared `datas`: mean-reverting walks of two or three decimals, a quarter of the signals standing still."""
    values = [dice.uniform(35, 65) for _ in site.points]
    moving = [dice.random() > 0.25 for _ in site.points]
    digits = [2 if dice.random() < 0.6 else 3 for _ in site.points]
    made = []
    for _ in range(BODIES):
        values = [v + (50 - v) * 0.02 + dice.gauss(0, 0.4) if m else v for v, m in zip(values, moving, strict=True)]
        row = [
            f'{{"quotaId":"{code}","value":"{value:.{places}f}"}}'
            for code, value, places in zip(site.points, values, digits, strict=True)
        ]
        made.append(("[" + ",".join(row) + "]").encode())
    return made


def packet(site: Site, at: float, datas: bytes) -> bytes:
    """One packet as bytes; milliseconds in the collect time make it unique."""
    civil = time.strftime("%Y%m%d%H%M%S", time.gmtime(at + 8 * 3600)) + f"{int(at * 1000) % 1000:03d}"
    head = (
        f'{{"enterpriseId":"{site.enterprise}","report":{{"reportType":"report","enterpriseId":"{site.enterprise}",'
        f'"gatewayId":"{site.gateway}","collectTime":"{civil}","isConnectDataSource":"true",'
        f'"dataType":"energy_data","dataId":"{site.gateway}-{civil}","datas":'
    )
    return head.encode() + datas + b"}}"


class Load:
    """Sends at a rate (packets a second; 0: as fast as answers come) over a number of connections."""

    def __init__(self, orders: dict[str, object]) -> None:
        self.host, self.port = str(orders["host"]), int(str(orders["port"]))
        self.rate, self.seconds = float(str(orders["rate"])), float(str(orders["seconds"]))
        self.connections = int(str(orders["connections"]))
        self.sites = list(sites(int(str(orders["enterprises"])), int(str(orders["points"]))))
        dice = random.Random(7)
        self.bodies = {site.gateway: bodies_of(site, dice) for site in self.sites}
        token = {s.gateway: base64.b64encode(f"{s.gateway}:{s.key}".encode()).decode() for s in self.sites}
        self.heads = {
            s.gateway: (
                f"POST /api/v1/packets HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {token[s.gateway]}\r\n"
                "Content-Encoding: zstd\r\nContent-Type: application/json\r\nContent-Length: "
            ).encode()
            for s in self.sites
        }
        self.accepted = self.refused = self.unavailable = self.bytes_plain = self.bytes_sent = 0
        self.latencies: list[float] = []

    async def run(self) -> dict[str, object]:
        self.begin = time.perf_counter()
        self.turns = self._turns()
        await asyncio.gather(*(self._connection(number) for number in range(self.connections)))
        took = time.perf_counter() - self.begin
        self.latencies.sort()
        return {
            "accepted": self.accepted,
            "refused": self.refused,
            "unavailable": self.unavailable,
            "seconds": took,
            "bytes_plain": self.bytes_plain,
            "bytes_sent": self.bytes_sent,
            "ack_p50_ms": 1000 * self.latencies[len(self.latencies) // 2],
            "ack_p99_ms": 1000 * self.latencies[int(len(self.latencies) * 0.99)],
            "cpu_seconds": time.process_time(),
        }

    def _turns(self) -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    async def _connection(self, number: int) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        compressor = zstandard.ZstdCompressor(level=1)
        mine = self.sites[number :: self.connections]
        turn = 0
        while True:
            moment = time.perf_counter() - self.begin
            if moment >= self.seconds:
                break
            if self.rate:
                due = (turn * self.connections + number) / self.rate
                if due >= self.seconds:
                    break
                if due > moment:
                    await asyncio.sleep(due - moment)
            site = mine[turn % len(mine)]
            content = packet(site, time.time(), self.bodies[site.gateway][turn % BODIES])
            body = compressor.compress(content)
            sent = time.perf_counter()
            writer.write(self.heads[site.gateway] + str(len(body)).encode() + b"\r\n\r\n" + body)
            status, answer = await self._answer(reader)
            self.latencies.append(time.perf_counter() - sent)
            if status == 200:
                self.accepted += json.loads(answer)["accepted"]
            elif status in (429, 503):
                self.unavailable += 1
            else:
                self.refused += 1
                sys.stderr.write(f"{status} {answer[:300]!r}\n")
            self.bytes_plain += len(content)
            self.bytes_sent += len(body)
            turn += 1
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(head[9:12]), await reader.readexactly(length)


def main() -> None:
    load = Load(json.loads(sys.stdin.readline()))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load.run())))


if __name__ == "__main__":
    main()
