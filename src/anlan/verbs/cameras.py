"""``anlan cameras``: states of cameras from a CSV file, for enterprises whose system reports none."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import datetime
from pathlib import Path

from anlan import now as clock
from anlan.rules.calendar import CIVIL_ZONE

COLUMNS = ("code", "state", "at")


def main(argv: list[str]) -> int:
    """Keep them: 0 all taken, 1 lines refused (printed with their numbers), 2 no readable file or no database."""
    parser = argparse.ArgumentParser(prog="anlan cameras", description="摄像头状态：从 CSV 文件手工录入")
    columns = "列：code,state,at；state 为 online、offline 或 fault"
    parser.add_argument("file", type=Path, metavar="FILE.csv", help=columns)
    options = parser.parse_args(argv)
    try:
        with options.file.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise ValueError(f"第一行应为 {','.join(COLUMNS)}")
            lines = [(rows.line_num, row) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        print(f"读不了 {options.file}：{error}", file=sys.stderr)
        return 2
    from anlan.process.django import start

    start()
    from django.db import DatabaseError

    from anlan.apps.gateways.services.cameras import Report, record_cameras

    reports, refused, numbers = [], [], []
    for number, row in lines:
        try:
            at = datetime.fromisoformat((row["at"] or "").strip())
        except ValueError:
            refused.append((number, f"“{row['at']}”不是时间（应为 2026-03-01 08:00 的样子）"))
            continue
        civil = at if at.tzinfo is not None else at.replace(tzinfo=CIVIL_ZONE)
        reports.append(Report((row["code"] or "").strip(), (row["state"] or "").strip(), civil))
        numbers.append(number)
    try:
        answers = record_cameras(reports, clock.now()) if reports else []
    except DatabaseError as error:
        print(f"没有写入：{error}", file=sys.stderr)
        return 2
    refused += [(number, why) for number, why in zip(numbers, answers, strict=True) if why]
    for number, why in sorted(refused):
        print(f"第 {number} 行：{why}", file=sys.stderr)
    print(f"写入 {len(lines) - len(refused)} 条，退回 {len(refused)} 条")
    return 1 if refused else 0
