"""``python -m anlan.testing.plant``: serve plants, tell where, run until stopped.

Prints one JSON object when all servers answer: ``{"plants": [{"enterprise", "gateway", "url", "browse", "points"}]}``;
the same goes to ``--port-file``, renamed into place. Exit 2 when the world or the script cannot be used.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from anlan.now import SystemClock
from anlan.testing.plant.incidents import ScriptError, faster, read_script
from anlan.testing.plant.server import PlantServers, quiet
from anlan.testing.plant.spec import WorldFileError, demo_plants, read_plants


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m anlan.testing.plant", description="模拟工厂（OPC UA）")
    parser.add_argument("--world", type=Path, help="工厂清单 JSON；缺省为示例世界")
    parser.add_argument("--script", type=Path, help="异常脚本 TOML")
    parser.add_argument("--script-speed", type=float, default=1.0, help="异常脚本加快的倍数")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--period", type=float, default=1.0, help="刷新周期（秒）")
    parser.add_argument("--speed", type=float, default=1.0, help="工厂时间与真实时间之比")
    parser.add_argument("--warm-up", type=float, default=0.0, help="供数前工厂已运行的秒数")
    parser.add_argument("--port-file", type=Path, help="就绪后写入各服务器地址的文件")
    parser.add_argument("--with-parent", action="store_true", help="父进程退出时一同退出")
    options = parser.parse_args(argv)
    quiet()
    try:
        specs = read_plants(options.world) if options.world else demo_plants()
        incidents = faster(read_script(options.script), options.script_speed) if options.script else []
        servers = PlantServers(
            specs, SystemClock(), seed=options.seed, incidents=incidents, period_s=options.period,
            speed=options.speed, warm_up_s=options.warm_up,
        )  # fmt: skip
    except (WorldFileError, ScriptError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    asyncio.run(_run(servers, options.port_file, with_parent=options.with_parent))
    return 0


async def _run(servers: PlantServers, port_file: Path | None, *, with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with servers:
        text = msgspec.json.encode({"plants": servers.endpoints}).decode()
        if port_file is not None:
            draft = port_file.with_suffix(".draft")
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, port_file)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        waiting = [asyncio.create_task(servers.wait()), asyncio.create_task(stop.wait())]
        if with_parent:
            waiting.append(asyncio.create_task(_orphaned(os.getppid())))
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        with suppress(asyncio.CancelledError):
            for task in done:
                task.result()


async def _orphaned(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
