"""``anlan drill FILE|NAME [--json] [--beside]``: plays a scenario on a database of its own and prints the timeline.

Must never see the installation's settings or database: everything is set to throw-away places before Django starts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from anlan import lessons
from anlan.drill.scenario import Scenario, ScenarioError, read

MEMORY = 2 << 30
"""Bytes that a limited drill may take."""
FILE_SIZE = 256 << 20
"""Bytes that a limited drill may write into one file, its database included."""


def main(arguments: list[str]) -> int:
    """Play one file. Exit 0 when it ran, 2 when the file is wrong (the message says where), 1 when a step failed."""
    parser = argparse.ArgumentParser(prog="anlan drill", description="按剧本推演预警处置，打印时间线")
    parser.add_argument("file", nargs="?", metavar="剧本", help="剧本文件（YAML），或自带剧本的名字（--list 列出）")
    parser.add_argument("--json", action="store_true", help="每行一个 JSON 对象")
    parser.add_argument("--beside", action="store_true", help="与规定的要求逐行对照（加 --json 为一个 JSON 对象）")
    parser.add_argument("--check", action="store_true", help="只检查剧本，不推演")
    parser.add_argument("--only", metavar="种类,种类", help="只打印这些种类的行，如 committed,reminded")
    parser.add_argument("--list", action="store_true", help="列出自带的教学剧本")
    parser.add_argument("--limit", type=int, default=0, metavar="秒", help="到时即停，并限制内存与磁盘")
    options = parser.parse_args(arguments)
    if options.list:
        for each in lessons.shipped():
            print(f"{each.key:<28} {each.title}")
        return 0
    if options.file is None:
        parser.error("请写明剧本文件或自带剧本的名字")
    only = [each.strip() for each in (options.only or "").split(",") if each.strip()]
    if unknown := [each for each in only if each not in lessons.KINDS]:
        parser.error(f"没有这样的种类：{'、'.join(unknown)}；有的是 {'、'.join(lessons.KINDS)}")
    _limit(options.limit)
    try:
        scenario = read(_path(options.file))
        played = None if options.check else _in_a_folder(scenario, options.beside)
    except ScenarioError as error:
        sys.stderr.write(f"{options.file}：{error}\n")
        return 2
    if options.check:
        head = {"name": scenario.name, "story": scenario.story, "points": scenario.points}
        head["question"] = scenario.question
        print(json.dumps(head, ensure_ascii=False) if options.json else f"剧本可用：{scenario.name}")
        return 0
    if only and played is not None and not options.beside:
        played = [line for line in played if line["kind"] in only]
    if not options.json:
        sys.stdout.write(f"推演：{scenario.name}\n")
    _show(played, options.beside, options.json)
    return 0


def _path(written: str) -> Path:
    """The file of that path, else the teaching drill of that name."""
    path = Path(written)
    shipped = lessons.named(written)
    return shipped.path if shipped is not None and not path.exists() else path


def _limit(seconds: int) -> None:
    """Tie this process down: the kernel ends it after so many seconds, also when its parent is gone."""
    if seconds > 0:
        signal.alarm(seconds)
        for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, FILE_SIZE)):
            resource.setrlimit(kind, (most, most))


def _show(played: Any, compared: bool, as_json: bool) -> None:
    from anlan.drill.lines import text

    if compared and as_json:
        print(json.dumps(played, ensure_ascii=False))
    elif compared:
        for row in played["rows"]:
            print(_compared(row))
    else:
        for line in played:
            sys.stdout.write((json.dumps(line, ensure_ascii=False) if as_json else text(line)) + "\n")


def _compared(row: dict[str, Any]) -> str:
    """One row of the comparison for a reader: demanded, sent, article, how they agree."""
    step = f" 第{row['step']}次" if row["step"] else ""
    should = f"{row['should_at'][5:19].replace('T', ' ')} → {'、'.join(row['should_to'])}" if row["should_at"] else "—"
    sent = f"{row['at'][5:19].replace('T', ' ')} → {'、'.join(row['to'])}" if row["at"] else "—"
    title = f"{lessons.KINDS[row['kind']]}{step}  {row['source']}"
    return f"[{lessons.MARKS[row['mark']]}] {title}  应 {should}  实 {sent}  {row['article']}".rstrip()


def _in_a_folder(scenario: Scenario, compared: bool) -> Any:
    with tempfile.TemporaryDirectory(prefix="anlan-drill-") as folder:
        return _play(scenario, Path(folder), compared)


def _play(scenario: Scenario, folder: Path, compared: bool) -> Any:
    for name in [name for name in os.environ if name.startswith("ANLAN_")]:
        del os.environ[name]
    empty = folder / "anlan.toml"
    empty.touch()
    os.environ |= {
        "ANLAN_CONFIG": str(empty),
        "ANLAN_DATA_DIR": str(folder),
        "ANLAN_SECRET_KEY": "drill",
        "DJANGO_SETTINGS_MODULE": "anlan.site.settings",
    }
    from django.conf import settings

    # Nothing here outlives the command: no durability, and tables straight from the models.
    settings.DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOGGING["root"]["level"] = "WARNING"
    import django

    django.setup()
    from anlan.drill.schema import make_tables

    make_tables()
    from anlan.drill.play import play, play_beside

    return play_beside(scenario) if compared else play(scenario)
