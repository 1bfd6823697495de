"""Turns a verb of `./run` into the right environment and the right program.

Standard library only: it runs before anything is installed, under any Python from 3.11 on. It must never hold logic
of the product; what a verb does lives in `anlan`, in the test suite, or in the neighbouring file named after it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import bench
import checks
import conformance
import environment
import frontend
import lock
import suite

ROOT = Path(__file__).resolve().parent.parent

HELP = """\
用法 / usage: ./run VERB [参数]

  demo [--once]    建环境、起全部进程、装演示数据，打印网址与登录名
                   the demo: environment, processes, demo world, plant; prints address and log-ins
  test [--all] …   快测（SQLite；有 PostgreSQL 时再跑一遍）；--all 加上慢测；其余参数交给 pytest
                   the fast suite on both databases; --all adds the slow set; the rest goes to pytest
  check            静态检查：格式、类型、依赖方向、房规
                   style, types, import walls, house rules
  conformance      需求矩阵每一行的测试与结果 [--group WRN,GEN] [--json] [--database URL]
                   every requirement row with its tests and results
  bench NAME       性能测量，打印比值 / benchmarks that print ratios
  serve …          启动全部进程 / all processes
  manage …         Django 管理命令 / Django management commands
  anlan …          产品自己的命令行 / the product's own command line
  setup [--full|--dev]
                   只建环境；--full 加上 numba 与 pyarrow，--dev 再加上测试用的
                   only make the environment; --full adds numba and pyarrow, --dev what tests need
  lock             重算锁文件（联网）/ recompute the lock files
"""


def become(command: list[str], extra: dict[str, str] | None = None) -> NoReturn:
    """Replace this process by ``command`` so that signals and the exit code pass through untouched."""
    env = environment.variables() | (extra or {})
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvpe(command[0], command, env)


def product(arguments: list[str]) -> int:
    """One verb of `anlan`, with the runtime environment and the front-end files in place."""
    environment.ensure("runtime")
    frontend.ensure()
    become([environment.program("python"), "-m", "anlan.cli", *arguments])


def setup(arguments: list[str]) -> int:
    kinds = {"": "runtime", "--full": "full", "--dev": "dev"}
    if (word := " ".join(arguments)) not in kinds:
        print(f"./run setup 不认得 / does not know: {word}\n\n{HELP}", file=sys.stderr, end="")
        return 2
    environment.ensure(kinds[word])
    frontend.ensure(tests=word == "--dev")
    return 0


def main(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    os.chdir(ROOT)
    match verb:
        case "demo" | "serve" | "manage":
            return product([verb, *rest])
        case "anlan":
            return product(rest)
        case "test":
            return suite.run(rest)
        case "check":
            return checks.run(rest)
        case "conformance":
            return conformance.run(rest)
        case "bench":
            return bench.run(rest)
        case "lock":
            return lock.run()
        case "setup":
            return setup(rest)
        case "help" | "-h" | "--help":
            print(HELP, end="")
            return 0
    print(f"没有这个动词 / no such verb: {verb}\n\n{HELP}", file=sys.stderr, end="")
    return 2


if __name__ == "__main__":
    # `./run conformance | head` ends quietly, as every other command does
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except environment.SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(1)
