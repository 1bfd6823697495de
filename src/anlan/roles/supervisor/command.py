"""``anlan serve``: the supervisor on the command line."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from pathlib import Path

from anlan import config as settings
from anlan.process.life import begin
from anlan.roles.supervisor.lock import AlreadyRunning
from anlan.roles.supervisor.supervisor import ROLES, Supervisor, SupervisorError

logger = logging.getLogger(__name__)


def parse(arguments: list[str]) -> tuple[settings.Config, list[str]]:
    """The settings after the command line, and the roles to start."""
    parser = argparse.ArgumentParser(prog="anlan serve", description="在本机启动全部角色", add_help=True)
    parser.add_argument("--data-dir", type=Path, help="数据目录")
    parser.add_argument("--host", help="监听地址")
    parser.add_argument("--web-port", type=int, help="网页端口，0 为任选空闲端口")
    parser.add_argument("--intake-port", type=int, help="接入端口，0 为任选空闲端口")
    parser.add_argument("--roles", help=f"只启动这些角色，逗号分隔；全部为 {','.join(ROLES)}")
    given = parser.parse_args(arguments)
    changes = {
        name: settings.given(name, value)
        for name in ("data_dir", "host", "web_port", "intake_port")
        if (value := getattr(given, name)) is not None
    }
    roles = [part.strip() for part in given.roles.split(",")] if given.roles else list(ROLES)
    return dataclasses.replace(settings.load(), **changes), roles


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT. Exit code 2: the settings are wrong or another instance runs; 1: a failure."""
    try:
        config, roles = parse(arguments)
        supervisor = Supervisor(config, roles)
    except (settings.ConfigError, SupervisorError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    leaving = begin("supervisor")
    try:
        supervisor.start()
    except AlreadyRunning as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except SupervisorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        place = error.filename or supervisor.config.data_dir
        sys.stderr.write(f"数据目录 {place} 不能使用（{error.strerror}）；请检查它的路径、权限与所在磁盘\n")
        return 2
    try:
        logger.info("安澜 网页 %s 接入 %s", supervisor.web_url, supervisor.intake_url)
        waiting: list[str] | None = None
        while not leaving.wait(0.5):
            if waiting != [] and supervisor.waiting != waiting:
                waiting = supervisor.waiting
                logger.info("waiting for: %s", ", ".join(waiting) or "nothing, everything is ready")
            if supervisor.failed:
                sys.stderr.write(f"{supervisor.failed}\n")
                return 1
    finally:
        supervisor.stop()
    return 0
