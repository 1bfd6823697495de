"""``anlan log-users``: the users of a log that we do not run ourselves, for its servers and for our roles.

The child server of one machine makes its own at its first start; a cluster of NATS is started by the system, so its
users are made here once and copied to all hosts. Existing passwords are never changed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anlan import credentials

SERVER_FILE = "users.conf"


def main(argv: list[str] | None = None) -> int:
    """``log-users FOLDER``. Exit 0 when both files are there, 1 when they cannot be written."""
    parser = argparse.ArgumentParser(prog="anlan log-users", description="建立日志服务（NATS）的用户与口令")
    parser.add_argument("folder", type=Path, help="放在哪个文件夹，如 /etc/anlan/nats")
    folder: Path = parser.parse_args(argv).folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        passwords = credentials.ensure(folder / credentials.FILE)
        credentials.write_private(folder / SERVER_FILE, credentials.server_text(passwords))
    except OSError as error:
        sys.stderr.write(f"写不了 {folder}: {error.strerror or error}\n")
        return 1
    sys.stdout.write(
        f"{folder / SERVER_FILE}：nats.conf 里 include 它\n"
        f"{folder / credentials.FILE}：设置 nats_credentials 指向它\n"
        "两份文件原样复制到各主机同一位置；属主是运行 NATS 与安澜的账号\n"
    )
    return 0
