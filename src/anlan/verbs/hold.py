"""``anlan hold``: keeps a stretch of an enterprise's history beyond its time of keeping (证据保全), and ends that."""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta

from anlan import config as settings
from anlan import now as clock
from anlan.verbs.present import absent


def main(arguments: list[str]) -> int:
    """0: done; 2: refused, with the reason. Every placing and releasing stands in the enterprise's chain."""
    parser = argparse.ArgumentParser(prog="anlan hold", description="证据保全：所列时段的历史不因过期而删除")
    acts = parser.add_subparsers(dest="act", required=True)
    place = acts.add_parser("place", help="保全一家企业的一段历史")
    place.add_argument("enterprise", help="企业编码")
    place.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="首日")
    place.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="末日，含")
    place.add_argument("--reason", required=True, help="事由")
    release = acts.add_parser("release", help="解除一项保全")
    release.add_argument("number", type=int, help="保全的编号")
    for each in (place, release):
        each.add_argument("--by", required=True, help="经办人")
    acts.add_parser("list", help="列出现有的保全")
    given = parser.parse_args(arguments)
    if given.act != "list" and not given.by.strip():
        sys.stderr.write("应写明经办人\n")
        return 2
    from django.db import DatabaseError

    try:
        if words := absent(settings.load()):
            sys.stderr.write(words)
            return 2
    except (settings.ConfigError, DatabaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    from anlan.apps.history.models import Hold
    from anlan.apps.history.selectors.stored import instant, micros
    from anlan.apps.history.services import retention
    from anlan.apps.journal import services as journal
    from anlan.apps.org.actor import operator
    from anlan.apps.registry.models import Enterprise
    from anlan.rules.calendar import civil_day, midnight

    now, by = clock.now(), operator(given.by.strip() if given.act != "list" else "list")

    def write_down(act: str, hold: Hold) -> None:
        journal.record(
            f"enterprise:{hold.enterprise}", act, at=now, actor=by.id,
            subject=f"hold:{hold.pk}",
            after={"from": instant(hold.from_us), "until": instant(hold.to_us), "reason": hold.reason},
        )  # fmt: skip

    if given.act == "list":
        for hold in Hold.objects.filter(released_us=None).order_by("pk"):
            last = civil_day(instant(hold.to_us) - timedelta(microseconds=1))
            days = f"{civil_day(instant(hold.from_us))} 至 {last}"
            sys.stdout.write(f"{hold.pk}  {hold.enterprise}  {days}  {hold.reason}（{hold.placed_by}）\n")
        return 0
    if given.act == "release":
        if not retention.release_hold(given.number, by, micros(now)):
            sys.stderr.write("没有这项保全，或者它已解除\n")
            return 2
        write_down("history_hold_released", Hold.objects.get(pk=given.number))
        sys.stdout.write("已解除\n")
        return 0
    if not Enterprise.objects.by_the_machine().filter(code=given.enterprise).exists():
        sys.stderr.write(f"没有编码为“{given.enterprise}”的企业\n")
        return 2
    start, end = micros(midnight(given.first)), micros(midnight(given.last + timedelta(days=1)))
    try:
        hold = retention.place_hold(given.enterprise, start, end, given.reason, by, micros(now))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    write_down("history_held", hold)
    sys.stdout.write(f"已保全，编号 {hold.pk}\n")
    return 0
