"""``anlan import`` and ``anlan export-register``: the register as a workbook, from a command line, by the operator."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from anlan import now as clock
from anlan.process import django


def bring_in(arguments: list[str]) -> int:
    """Bring a register workbook in. Exit 0 when every row is kept, 1 when rows were refused, 2 for an unreadable file.

    Good rows are kept beside refused ones; with ``--check`` nothing is. Rows whose empty cells take a limit, a number
    or a holder away are refused without ``--remove``. The same file again changes nothing.
    """
    parser = argparse.ArgumentParser(prog="anlan import", description="导入登记表（xlsx），逐行说明新增、修改、退回")
    parser.add_argument("file", type=Path, metavar="登记表")
    parser.add_argument("--check", action="store_true", help="只预览，不写入")
    parser.add_argument("--remove", action="store_true", help="空白格也照办：去掉已有的限值、手机、责任人")
    options = parser.parse_args(arguments)
    try:
        content = options.file.read_bytes()
    except OSError as error:
        print(f"读不到 {options.file}：{error.strerror}", file=sys.stderr)
        return 2
    _start()
    from anlan.apps.enrolment import services
    from anlan.apps.org.actor import operator
    from anlan.apps.org.scope import EVERYTHING

    try:
        if options.check:
            found = services.preview(content, EVERYTHING, by=operator("command"), at=clock.now()).plain()
            keys: dict[str, str] = {}
            passwords: dict[str, str] = {}
        else:
            removing = options.remove
            done = services.bring_in(content, EVERYTHING, by=operator("command"), at=clock.now(), removing=removing)
            found, keys, passwords = done.report.plain(), done.keys, done.passwords
    except services.Unreadable as unreadable:
        print(f"{options.file}：{unreadable}；没有写入任何内容", file=sys.stderr)
        return 2
    _tell(found, "（只预览，没有写入）" if options.check else "")
    for title, pairs in (("新网关的密钥", keys), ("新账号的初始密码", passwords)):
        if pairs:
            print(f"\n{title}（只显示这一次）：")
            for name, secret in pairs.items():
                print(f"  {name}  {secret}")
    return 1 if found["totals"]["refused"] else 0


def export(arguments: list[str]) -> int:
    """Write the whole register into a workbook that `bring_in` takes again. Exit 0, or 2 when it cannot be written."""
    parser = argparse.ArgumentParser(prog="anlan export-register", description="把现有登记写成登记表（xlsx）")
    parser.add_argument("file", type=Path, metavar="登记表")
    parser.add_argument("--template", action="store_true", help="只写空白模板")
    options = parser.parse_args(arguments)
    _start()
    from anlan.apps.enrolment.workbook import write
    from anlan.apps.org.scope import EVERYTHING, NOTHING

    try:
        options.file.write_bytes(write(NOTHING if options.template else EVERYTHING))
    except OSError as error:
        print(f"写不了 {options.file}：{error.strerror}", file=sys.stderr)
        return 2
    print(f"已写入 {options.file}")
    return 0


def _start() -> None:
    django.start()
    from anlan.process.migrating import migrate

    migrate(without_history=True)


def _tell(found: dict[str, Any], remark: str) -> None:
    from anlan.apps.enrolment.report import WORDS

    for note in found["notes"]:
        print(note)
    for row in found["rows"]:
        details = [
            f"{each['cell']} {each['column']}：{each['reason']}"
            if each.get("reason")
            else each.get("removed") or f"{each['column']} {each['old']}→{each['new']}"
            for each in row["details"]
        ]
        print(
            f"{WORDS[row['state']]}  {row['sheet']} 第 {row['line']} 行  {row['name']}  {'；'.join(details)}".rstrip()
        )
    if found["more"]:
        print(f"……另有 {found['more']} 行")
    removed = f"，去掉 {found['removed']} 项" if found["removed"] else ""
    print("，".join(f"{words} {found['totals'][state]} 行" for state, words in WORDS.items()) + removed + remark)
