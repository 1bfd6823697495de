"""``anlan rules``: the numbers in force at a place on a day, as a table or as JSON. Reads only; starts nothing."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date

from anlan import now as clock
from anlan.rules import calendar


def main(argv: list[str]) -> int:
    """Print the rules; 2 with a Chinese message for a day or a locality that cannot be."""
    parser = argparse.ArgumentParser(prog="anlan rules", description="规则库：某地某日有效的各数、条文与性质")
    parser.add_argument("--on", default="", metavar="DATE", help="所查日期，如 2024-03-01；默认今天")
    parser.add_argument("--locality", default="", metavar="CODE", help="机构代号；默认随系统提供的数")
    parser.add_argument("--json", action="store_true", help="输出 JSON，字段同接口 /api/v1/rules")
    options = parser.parse_args(argv)
    today = calendar.civil_day(clock.now())
    try:
        day = date.fromisoformat(options.on) if options.on else today
    except ValueError:
        print(f"“{options.on}”不是日期（应为 2024-03-01 的样子）", file=sys.stderr)
        return 2
    from anlan.process.django import start

    start()
    from django.db import DatabaseError

    from anlan.api.rules import as_dict
    from anlan.apps.org.scope import EVERYTHING
    from anlan.pages.rulebook.reading import Place, RulesAsked, place_named, rows

    try:
        place = place_named(EVERYTHING, options.locality) if options.locality else Place(None)
    except DatabaseError as error:
        print(f"读不到数据库：{error}。新装的先运行 anlan manage migrate", file=sys.stderr)
        return 2
    if place.code != options.locality:
        print(f"没有代号为“{options.locality}”的机构", file=sys.stderr)
        return 2
    asked = RulesAsked(place, day, today)
    found = rows(asked)
    if options.json:
        print(json.dumps(as_dict(asked, found), ensure_ascii=False, indent=1, default=str))
        return 0
    print(f"{place.name} · {day} 有效 · 共 {len(found)} 项")
    for row in found:
        print(f"{row.entry.flag}  {row.entry.key}  {row.entry.title}：{row.entry.value_text}（{row.entry.source}）")
    return 0
