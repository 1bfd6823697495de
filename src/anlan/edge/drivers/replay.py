"""Replay driver: a recording as if it happened now, at its true rate or faster.

Row times are shifted so that the first row is now, and pressed together by the speed; nothing else about the values
changes. A cell that is empty, not a number, or the recording's sign for "missing" becomes a bad sample, never a guess.
When the file is away or at its end the source counts as lost, as it would be with any other driver.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Mapping
from pathlib import Path

from anlan.edge.config import GatewayConfig
from anlan.edge.drivers.base import Emit
from anlan.edge.drivers.notes import Notes
from anlan.edge.drivers.recording import Layout, Recording, RecordingError, Row, layout
from anlan.edge.scan import Quality, Sample, Scan
from anlan.edge.table import Table
from anlan.now import Clock

logger = logging.getLogger(__name__)


def from_options(options: Table, gateway: GatewayConfig, clock: Clock) -> ReplayDriver:
    """Read the section ``[gateway.driver]`` of a replaying gateway; raises `ConfigError`."""
    path = gateway.base_dir / options.text("file")
    speed = options.number("speed", 1.0, least=0.001)
    loop = options.flag("loop", False)
    default = int(options.number("decimals", 0, least=0)) if options.has("decimals") else None
    return ReplayDriver(gateway, path, layout(options), speed, clock, loop=loop, decimals=default)


class ReplayDriver:
    """One recording as the source of one gateway. Built by `from_options`."""

    def __init__(
        self, gateway: GatewayConfig, path: Path, columns: Layout, speed: float, clock: Clock,
        *, loop: bool, decimals: int | None,
    ) -> None:  # fmt: skip
        self._gateway = gateway
        self._path = path
        self._layout = columns
        self._speed = speed
        self._clock = clock
        self._loop = loop
        self._decimals = dict.fromkeys(columns.codes, decimals)
        self._notes = Notes(gateway.code)
        self._state: dict[str, object] = {
            "driver": "replay", "file": path.name, "connected": False, "since": clock.now().isoformat(),
            "rows": 0, "passes": 0, "last_error": "",
        }  # fmt: skip

    @property
    def decimals(self) -> Mapping[str, int | None]:
        return self._decimals

    def diagnostics(self) -> Mapping[str, object]:
        return {**self._state, "points": len(self._layout.codes)}

    async def run(self, emit: Emit, stop: asyncio.Event) -> None:
        played = False
        while not stop.is_set():
            if played and not self._loop:
                self._lost("录制已播放完毕")
            else:
                try:
                    # Reading a large file must not hold up the other gateways of this process.
                    recording = await asyncio.to_thread(Recording.read, self._path, self._layout)
                except RecordingError as error:
                    self._lost(str(error))
                else:
                    await self._play(recording, emit, stop)
                    played = True
                    continue
            emit(self._silence())
            await _pause(self._gateway.period_seconds, stop)

    async def _play(self, recording: Recording, emit: Emit, stop: asyncio.Event) -> None:
        start_us = self._now_us()
        self._notes.tell("clock", _set_back(recording))
        self._state.update(connected=True, since=self._clock.now().isoformat(), last_error=str(self._notes))
        for row in recording.rows:
            at_us = start_us + round(row.offset_seconds / self._speed * 1e6)
            await _pause((at_us - self._now_us()) / 1e6, stop)
            if stop.is_set():
                return
            emit(Scan(at_us, True, self._samples(row, at_us)))
            self._state["rows"] = int(str(self._state["rows"])) + 1
        # The last row stands for one step like every other, before the next pass or the end.
        await _pause(recording.last_step_seconds / self._speed, stop)
        self._state["passes"] = int(str(self._state["passes"])) + 1

    def _samples(self, row: Row, at_us: int) -> dict[str, Sample]:
        return {
            code: Sample(value, Quality.GOOD, at_us) if math.isfinite(value) else Sample(None, Quality.BAD, at_us)
            for code, value in zip(self._layout.codes, row.values, strict=True)
        }

    def _silence(self) -> Scan:
        at_us = self._now_us()
        return Scan(at_us, False, {code: Sample(None, Quality.BAD, at_us) for code in self._layout.codes})

    def _lost(self, error: str) -> None:
        if self._state["last_error"] != error:
            logger.warning("网关 %s 的录制 %s 不可用: %s", self._gateway.code, self._path.name, error)
            self._state.update(connected=False, since=self._clock.now().isoformat(), last_error=error)

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1e6)


def _set_back(recording: Recording) -> str:
    if not recording.set_back:
        return ""
    line, seconds = recording.set_back[0]
    places = f"共 {len(recording.set_back)} 处，" if len(recording.set_back) > 1 else ""
    return f"录制第 {line} 行的时间比上一行早 {seconds:g} 秒（时钟被拨回），{places}按文件里的先后接着播放"


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait, but not beyond a stop. Rows already due still give other tasks their turn."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
