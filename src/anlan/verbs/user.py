"""``anlan user``: the first log-in of an installation, and a new password for one who forgot theirs."""

from __future__ import annotations

import argparse
import getpass
import sys

from anlan import now as clock
from anlan.process import django


def main(arguments: list[str]) -> int:
    """Add an operator's log-in, or set a password. Exit 0 when done, 2 when refused; nothing is changed then."""
    parser = argparse.ArgumentParser(prog="anlan user", description="登录名：建立系统管理员，重设密码")
    parser.add_argument("verb", choices=("add", "password"), help="add 建立系统管理员；password 重设密码")
    parser.add_argument("name", metavar="登录名")
    parser.add_argument("--generate", action="store_true", help="生成密码并打印（只这一次），不询问")
    options = parser.parse_args(arguments)
    django.start()
    from anlan.process.migrating import migrate

    migrate(without_history=True)
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from anlan.apps.accounts import services
    from anlan.apps.accounts.selectors import user_with
    from anlan.apps.org.actor import operator

    user = user_with(options.name)
    if (user is None) != (options.verb == "add"):
        return _refuse(f"登录名 {options.name} {'已存在' if user else '不存在'}")
    password = services.first_password() if options.generate else _asked()
    try:
        validate_password(password, user)
        if user is None:
            services.add_operator(options.name, password, by=operator("command"), at=clock.now())
        else:
            services.set_password(user, password, by=operator("command"), at=clock.now(), first=options.generate)
    except ValidationError as error:
        return _refuse("；".join(error.messages))
    done = "已建立系统管理员" if user is None else "已重设密码"
    print(f"{done} {options.name}" + (f"，密码（只显示这一次）：{password}" if options.generate else ""))
    return 0


def _asked() -> str:
    """The password as typed twice on a terminal, or one line of the standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first, second = getpass.getpass("密码："), getpass.getpass("再输一遍：")
    return first if first == second else ""


def _refuse(why: str) -> int:
    print(f"{why}；没有改动", file=sys.stderr)
    return 2
