"""The gateway process: one local log server, and for each gateway a driver, a writer and an uplink.

Order of start: log server, streams, writer, driver, uplink; at a stop the driver ends first and what it read is
written before the process goes. A part that fails by a mistake of ours ends the process with an error: its supervisor
starts it again, and the log on disk still holds everything.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import nats
from nats.aio.client import Client

from anlan import logs, metrics
from anlan.edge.buffer import Buffer
from anlan.edge.config import EdgeConfig, GatewayConfig, load
from anlan.edge.drivers import open_driver
from anlan.edge.losses import Losses
from anlan.edge.status import Parts, Status, write_whole
from anlan.edge.table import ConfigError
from anlan.edge.uplink import Uplink
from anlan.edge.writer import Writer
from anlan.now import Clock, SystemClock
from anlan.stream.natsd import NatsError, NatsServer
from anlan.stream.tasks import end, finish

logger = logging.getLogger(__name__)
_DRAIN_SECONDS = 1.5
_SERVER_LOOK_SECONDS = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """``gateway --config gateway.toml [--check]``. Exit 0 after a stop by signal, 2 when the configuration is wrong,
    3 when the store is in use by another gateway."""
    parser = argparse.ArgumentParser(prog="anlan gateway", description="企业侧网关：采集、本机缓存、上传")
    parser.add_argument("--config", type=Path, required=True, help="网关配置文件 gateway.toml")
    parser.add_argument("--check", action="store_true", help="只检查配置，不启动")
    options = parser.parse_args(argv)
    try:
        config = load(options.config)
        logs.start(config.local.log_format, "gateway")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        for gateway in config.gateways:
            open_driver(gateway, SystemClock())
        if options.check:
            sys.stdout.write(f"配置正确：{len(config.gateways)} 个网关\n")
            return 0
        run_gateway(config)
    except ConfigError as error:
        sys.stderr.write(f"配置有误：{error}\n")
        return 2
    except NatsError as error:
        sys.stderr.write(f"本机缓存无法启动：{error}\n")
        return 3
    return 0


def run_gateway(config: EdgeConfig, clock: Clock | None = None) -> None:
    """Run all gateways of a configuration until SIGTERM or SIGINT. Call it from the main thread: the local log server
    dies with the thread that starts it. Raises `NatsError` when the store is in use, `ConfigError` for a driver."""
    config.local.store_dir.mkdir(parents=True, exist_ok=True)
    server = NatsServer(config.local.store_dir / "log", name="anlan-edge")
    server.start()
    try:
        server.wait_ready()
        asyncio.run(finish(_run(config, server, clock or SystemClock())))
    finally:
        server.stop()


async def _run(config: EdgeConfig, server: NatsServer, clock: Clock) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    client = await nats.connect(
        server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.2, allow_reconnect=True, error_cb=_ignore_logged
    )
    try:
        parts = [await _open(gateway, config, client, clock) for gateway in config.gateways]
        logger.info("网关已启动：%s", "、".join(part.code for part in parts))
        await _serve(config, parts, server, clock, stop)
    finally:
        with suppress(nats.errors.Error, TimeoutError):
            await asyncio.wait_for(client.close(), 1.0)


async def _open(gateway: GatewayConfig, config: EdgeConfig, client: Client, clock: Clock) -> Parts:
    driver = open_driver(gateway, clock)
    losses = Losses(config.local.store_dir / "gaps.jsonl", gateway.code)
    buffer = Buffer(client, gateway.code, config.local.buffer_bytes, losses.record)
    await buffer.ensure()
    writer = Writer(gateway, buffer, losses, driver.decimals)
    uplink = Uplink(gateway, config.intake, buffer, losses, clock)
    return Parts(gateway.code, driver, buffer, losses, writer, uplink)


async def _serve(config: EdgeConfig, parts: list[Parts], server: NatsServer, clock: Clock, stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait())
    drivers = [asyncio.create_task(part.driver.run(part.writer.offer, stop)) for part in parts]
    others = [asyncio.create_task(part.writer.run()) for part in parts]
    others += [asyncio.create_task(part.uplink.run()) for part in parts]
    others.append(asyncio.create_task(_keep_server(server)))
    others.append(asyncio.create_task(_keep_status(config, parts, clock)))
    try:
        await asyncio.wait([stopping, *drivers, *others], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await asyncio.wait(drivers, timeout=2.0)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*(part.writer.drain() for part in parts)), _DRAIN_SECONDS)
    finally:
        errors = await end([stopping, *drivers, *others])
    for error in errors:
        raise error


async def _keep_server(server: NatsServer) -> None:
    """Start the local log server again, on its port, when it is gone; clients reconnect by themselves."""
    while True:
        await asyncio.sleep(_SERVER_LOOK_SECONDS)
        if server.pid is None:
            logger.error("本机日志服务意外退出，正在重启")
            try:
                server.start()  # in the loop's own thread, which lives as long as the process
            except NatsError as error:
                logger.error("本机日志服务重启失败: %s", error)


async def _keep_status(config: EdgeConfig, parts: list[Parts], clock: Clock) -> None:
    status, folder = Status(parts), config.local.store_dir
    address = metrics.serve("gateway", status.figures, status.is_ready, config.local.metrics_port)
    targets = metrics.targets({"gateway": address}, "role")
    told = False
    while True:
        await status.look(clock.now())
        try:
            write_whole(folder / "status.json", status.document)
            if not told:
                write_whole(folder / "metrics.json", targets)
                told = True
        except OSError as error:
            logger.error("写不了状态文件 %s: %s", folder / "status.json", os.strerror(error.errno or 0))
        await asyncio.sleep(config.local.status_seconds)


async def _ignore_logged(error: Exception) -> None:
    logger.debug("local log connection: %s", error)
