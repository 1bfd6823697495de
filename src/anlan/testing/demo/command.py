"""``anlan demo``: a chemical district on one machine, from an empty folder to running clocks within a minute."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from anlan import config, now
from anlan.edge.table import ConfigError as GatewayError
from anlan.roles.supervisor import AlreadyRunning, SupervisorError
from anlan.testing.demo.running import Demo, DemoError, chosen_ports

ONCE_SPEED = 3.0
"""How much faster incidents come in ``--once``; intervals of the regulation keep their length."""


def main(arguments: list[str]) -> int:
    """Run the demonstration until Ctrl-C, or ``--once``. Exit 0; 1 when ``--once`` did not see everything in time;
    2 when it could not start."""
    parser = argparse.ArgumentParser(prog="anlan demo", description="示例世界：模拟工厂、网关与全部角色")
    parser.add_argument(
        "--once", action="store_true", help="自检：等到实时值、报警、预警、通报各出现一次，打印数字后停止"
    )
    parser.add_argument("--timeout", type=float, default=150.0, help="--once：多少秒没有新的进展就放弃")
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="示例数据所在目录")
    parser.add_argument("--keep", action="store_true", help="接着上次的示例数据运行，不重新装入")
    options = parser.parse_args(arguments)
    started = now.monotonic()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        if options.once:
            with tempfile.TemporaryDirectory(prefix="anlan-demo-") as folder:
                return _once(Path(folder), started, options.timeout)
        return _run(options.folder, options.keep, started)
    except (AlreadyRunning, SupervisorError, DemoError, GatewayError, config.ConfigError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 0


def _leave(number: int, frame: Any) -> None:
    """End once; a second signal must not interrupt the ending, which takes seconds at most."""
    for every in (signal.SIGTERM, signal.SIGINT):
        signal.signal(every, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(folder: Path, keep: bool, started: float) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    demo = Demo(folder, chosen_ports(config.load()), keep=keep, tell=steps(started, sys.stdout))
    try:
        demo.start()
        _tell(demo)
        demo.fill_the_past()
        pause = threading.Event()
        while not pause.wait(1.0):
            demo.tend()
            if demo.supervisor is not None and demo.supervisor.failed:
                raise SupervisorError(demo.supervisor.failed)
    finally:
        sys.stdout.write("\n正在停止……\n")
        demo.stop()
        sys.stdout.write("已停止。\n")
    return 0


def steps(started: float, out: TextIO) -> Callable[[str], None]:
    """Returns what writes each step of a start with the seconds since ``started``, so that nobody waits in silence."""

    def tell(step: str) -> None:
        out.write(f"  [{now.monotonic() - started:5.1f} 秒] {step}\n")
        out.flush()

    return tell


def _tell(demo: Demo) -> None:
    lines = [
        "",
        "安澜 · 示例世界已运行",
        f"  地址    {demo.web_url}",
        f"  大屏    {demo.web_url}wall/",
        f"  手机    {demo.web_url}demo/phone/（登录后看；短信会是这样，不发到任何号码）",
        f"  口令    {demo.password}（全部示例账号相同）",
        "  账号    用途",
    ]
    lines += [f"  {name:<18}{purpose}" for name, purpose in demo.logins]
    lines += [
        "",
        "  自己送一个报文（教程：docs/tutorial/first-packet.md），先把这几行贴进另一个终端：",
        *(f"  export {name}={value}" for name, value in demo.tutorial.items()),
        "",
        "  前三分钟内会依次出现蓝、橙、红色预警；已装入的红、橙、黄预警一分钟内各到期一次通报。Ctrl-C 停止。",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _once(folder: Path, started: float, timeout: float) -> int:
    from anlan.testing.demo.measure import watch

    free = chosen_ports(config.Config(data_dir=folder / "data", web_port=0, intake_port=0))
    tell = steps(started, sys.stderr)  # standard output is for the one JSON object
    demo = Demo(folder, free, script_speed=ONCE_SPEED, tell=tell)
    since = now.now()
    try:
        demo.start()
        figures = watch(started, since, timeout, tell)
    finally:
        demo.stop()
    sys.stdout.write(json.dumps(figures.as_json(), ensure_ascii=False) + "\n")
    if figures.lacking:
        sys.stderr.write(f"{timeout:.0f} 秒没有新的进展，还没有看到：{'、'.join(figures.lacking)}\n")
        return 1
    return 0
