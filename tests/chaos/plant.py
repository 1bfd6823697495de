"""The gateways of the enterprise: they measure, send, keep what was not acknowledged, and write down what was."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import httpx
from tests.chaos.register import ENTERPRISE, HIGH, HIGH_HIGH, POINTS

BEIJING = timezone(timedelta(hours=8))
PERIOD_S = 0.5


@dataclass
class Packet:
    """One packet as it goes over the line; ``at`` in whole milliseconds since 1970."""

    number: str
    at: int
    values: dict[str, float]
    body: bytes


@dataclass
class Ledger:
    """What was acknowledged: point → instant → value. Written before anything else learns of the answer."""

    samples: dict[str, dict[int, float]] = field(default_factory=lambda: {point.code: {} for point in POINTS})
    packets: int = 0
    repeats: int = 0
    refusals: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self, packet: Packet) -> None:
        with self.lock:
            self.packets += 1
            for code, value in packet.values.items():
                self.samples[code][packet.at] = value

    def count(self) -> int:
        with self.lock:
            return sum(len(each) for each in self.samples.values())


class GatewayBox(threading.Thread):
    """One gateway: a frame every half second, sent in order, each until it is acknowledged, now and then once more."""

    def __init__(self, code: str, key: str, intake: str, ledger: Ledger, seed: int, end: threading.Event) -> None:
        super().__init__(name=f"gateway {code}", daemon=True)
        self._code, self._key, self._intake, self._ledger, self._end = code, key, intake, ledger, end
        self._random = random.Random(seed)
        self._levels = {point.code: 50.0 for point in POINTS if point.gateway == code}
        self._buffer: deque[Packet] = deque()
        self._sent: deque[Packet] = deque(maxlen=50)
        self._number = 0
        self._line = httpx.Client(timeout=20)
        self._held = threading.Event()
        self._busy = threading.Lock()
        self.failure = ""

    @property
    def waiting(self) -> int:
        return len(self._buffer)

    @property
    def is_still(self) -> bool:
        """Held, with nothing left to send."""
        return self._held.is_set() and not self._buffer and not self._busy.locked()

    def hold(self, still: bool) -> None:
        """Measure nothing for a while; what was measured is still sent."""
        self._held.set() if still else self._held.clear()

    def run(self) -> None:
        try:
            due = time.monotonic()
            while not self._end.is_set():
                due = max(due, time.monotonic()) + PERIOD_S  # never two frames at once, however late
                with self._busy:
                    if not self._held.is_set():
                        self._buffer.append(self._measure())
                    self._send(lambda due=due: time.monotonic() < due)
                self._end.wait(max(0.0, due - time.monotonic()))
            self._send(lambda: True)
        except Exception as error:  # noqa: BLE001  # told by whoever waits for this thread
            self.failure = repr(error)
        finally:
            self._line.close()

    def _measure(self) -> Packet:
        self._number += 1
        at = time.time_ns() // 1_000_000
        for code, level in self._levels.items():
            if self._random.random() < 0.03:  # away from the limits or beyond them, never a rounding apart from one
                level = self._random.choice([50.0, 50.0, HIGH + 5, HIGH_HIGH + 5])
            self._levels[code] = level
        values = {code: round(level + self._random.uniform(-2, 2), 2) for code, level in self._levels.items()}
        moment = datetime.fromtimestamp(at / 1000, BEIJING)
        report = {
            "reportType": "report", "enterpriseId": ENTERPRISE, "gatewayId": self._code,
            "collectTime": f"{moment:%Y%m%d%H%M%S}{at % 1000:03d}", "isConnectDataSource": "true",
            "dataType": "energy_data", "dataId": f"{self._code}-{self._number}",
            "datas": [{"quotaId": code, "value": str(value)} for code, value in values.items()],
        }  # fmt: skip
        body = json.dumps({"enterpriseId": ENTERPRISE, "report": report}).encode()
        return Packet(report["dataId"], at, values, body)

    def _send(self, may_go_on: Callable[[], bool]) -> None:
        while self._buffer and may_go_on():
            if self._sent and self._random.random() < 0.1:
                self._post(self._random.choice(self._sent))
            packet = self._buffer[0]
            if not self._post(packet):
                if not self._end.wait(0.2):
                    continue
                time.sleep(0.2)
                continue
            self._buffer.popleft()
            self._sent.append(packet)

    def _post(self, packet: Packet) -> bool:
        """Whether it was acknowledged; anything but that is sent again."""
        try:
            answer = self._line.post(
                f"{self._intake}/api/v1/packets", content=packet.body, auth=(self._code, self._key)
            )
        except httpx.HTTPError:
            return False
        if answer.status_code != 200:
            if answer.status_code not in (429, 503):
                self._ledger.refusals.append(f"{packet.number}: {answer.status_code} {answer.text[:200]}")
            return False
        told = answer.json()
        if told["refused"]:
            self._ledger.refusals.append(f"{packet.number}: {told['refused']}")
            return False
        self._ledger.repeats += told["duplicates"]
        self._ledger.acknowledged(packet)
        return True
