"""An uplink in a process of its own, to be killed: ``edge_uplink_child.py NATS_URL INTAKE_URL GATEWAY``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import nats

from anlan.edge.backoff import Backoff
from anlan.edge.buffer import Buffer
from anlan.edge.config import GatewayConfig, IntakeConfig
from anlan.edge.losses import Losses
from anlan.edge.uplink import Uplink
from anlan.now import SystemClock


async def main(nats_url: str, intake_url: str, code: str) -> None:
    gateway = GatewayConfig(code, "540170007", "secret-key", 1.0, "replay", {}, Path())
    losses = Losses(Path("never-written.jsonl"), code)
    buffer = Buffer(await nats.connect(nats_url), code, 1 << 26, losses.record)
    intake = IntakeConfig(intake_url, timeout_seconds=1.0, batch_packets=7)
    await Uplink(gateway, intake, buffer, losses, SystemClock(), retry=Backoff(0.01, 0.05)).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
