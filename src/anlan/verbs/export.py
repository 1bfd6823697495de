"""``anlan export history``: history as Parquet files for analysts, one folder a day. Only reads."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from anlan import config as settings
from anlan.verbs.present import absent


def main(arguments: list[str]) -> int:
    """0: written; 1: some stretches are damaged and left out; 2: it could not be done, and why."""
    parser = argparse.ArgumentParser(
        prog="anlan export", description="把历史导出成 Parquet，每天一个文件夹，每家企业一个文件"
    )
    parser.add_argument("what", choices=["history"], help="导出什么")
    parser.add_argument("folder", type=Path, help="写到哪个文件夹")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="首日，如 2026-03-01")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="末日，含")
    parser.add_argument("--enterprise", default="", help="只导出这家企业（编码），默认全部")
    given = parser.parse_args(arguments)
    if given.first > given.last:
        sys.stderr.write("首日不应晚于末日\n")
        return 2
    from django.db import DatabaseError

    try:
        if words := absent(settings.load()):
            sys.stderr.write(words)
            return 2
    except (settings.ConfigError, DatabaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    from anlan.apps.history.services.export import ExportUnavailable, export
    from anlan.apps.registry.models import Enterprise, Point

    try:
        rows = Enterprise.objects.by_the_machine().order_by("code")
        rows = rows.filter(code=given.enterprise) if given.enterprise else rows
        codes = list(rows.values_list("code", flat=True))
        if given.enterprise and not codes:
            sys.stderr.write(f"没有编码为“{given.enterprise}”的企业\n")
            return 2
        damaged = 0
        for code in codes:
            gateways: dict[str, list[str]] = {}
            points = Point.objects.by_the_machine().filter(enterprise__code=code)
            for gateway, point in points.values_list("gateway__code", "code"):
                gateways.setdefault(gateway, []).append(point)
            for done in export(code, gateways, given.first, given.last, given.folder):
                damaged += done.damaged
                note = f"，{done.damaged} 段损坏未导出" if done.damaged else ""
                sys.stdout.write(f"{done.path}  {done.samples} 个样本{note}\n")
    except ExportUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (DatabaseError, OSError) as error:
        sys.stderr.write(f"没有导完，已写好的文件是完整的：{error}\n")
        return 2
    return 1 if damaged else 0
