"""``anlan repair``: does what a check has found to be needed. The check itself never changes anything."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import datetime

from anlan import config as settings
from anlan import now as clock
from anlan.verbs.history_check import HISTORY, NAMED, where
from anlan.verbs.present import absent

REPAIRED = "history_repaired"
DONE = {
    "block": "标出 {n} 个损坏的块（原样留存，不再读取）",
    "rollup": "由历史块重做 {n} 个分钟汇总",
    "count": "改正 {n} 行的样本数",
    "owner": "改正 {n} 行的企业",
    "withheld": "取回 {n} 个无损的块",
}


def main(arguments: list[str]) -> int:
    """``anlan repair history|agencies``: 0 when nothing is left to do, 2 when it could not be done. A repeat changes
    nothing.

    What is done to an enterprise's history stands in its chain first, what is done to agencies in the installation's.
    May run beside everything else.
    """
    parser = argparse.ArgumentParser(prog="anlan repair", description="按检查的结果修复；检查本身从不改动数据")
    about = "history：重建损坏的索引，标出损坏的历史块，重做损坏的分钟汇总，取回曾被误标的块，改正行内样本数与归属"
    about += "；agencies：按登记的上级重排各机构的位置"
    parser.add_argument("what", choices=["history", "agencies"], help=about)
    what = parser.parse_args(arguments).what
    from django.db import DatabaseError

    try:
        if words := absent(settings.load()):
            sys.stderr.write(words)
            return 2
        if what == "agencies":
            return _agencies(clock.now())
        rebuilt = _rebuild()
        done = _repair(clock.now())
    except (settings.ConfigError, DatabaseError) as error:
        sys.stderr.write(f"没有修复完：{error}\n")
        return 2
    said = [*rebuilt, *(words.format(n=done[kind]) for kind, words in DONE.items() if done[kind])]
    sys.stdout.write("".join(f"{line}\n" for line in said) or "历史没有要修复的\n")
    return 0


def _agencies(now: datetime) -> int:
    from anlan.apps.org.actor import operator
    from anlan.apps.org.services import set_paths

    codes = set_paths(by=operator("command"), at=now)
    words = f"按登记的上级重排了 {len(codes)} 个机构的位置：{'、'.join(codes)}\n"
    sys.stdout.write(words if codes else "机构没有要修复的\n")
    return 0


def _rebuild() -> list[str]:
    """Make the indexes of history anew when they do not agree with the rows; says so, and what is left."""
    from django.db import connections

    from anlan.process.worker import structure

    if not structure(HISTORY):
        return []
    with connections[HISTORY].cursor() as cursor:
        cursor.execute("REINDEX")
    left = structure(HISTORY)
    return ["历史库的索引已重建"] + [f"历史库的文件仍有损坏，请恢复备份：{line}" for line in left[:NAMED]]


def _repair(now: datetime) -> Counter[str]:
    from anlan.apps.history.services import damaged, repair, withheld
    from anlan.apps.journal import services as journal
    from anlan.apps.org.actor import operator

    # what was hidden comes first: its hours are then judged whole
    done: Counter[str] = Counter()
    for find in (withheld, damaged):
        faults = [fault for fault in find() if fault.kind != "lone"]  # nothing can be done about these
        for enterprise in sorted({fault.enterprise for fault in faults}):
            kinds = Counter(fault.kind for fault in faults if fault.enterprise == enterprise)
            journal.record(
                f"enterprise:{enterprise}",
                REPAIRED,
                at=now,
                actor=operator("command").id,
                subject="history",
                after=dict(kinds),
            )
        for number, fault in enumerate(faults):
            repair(fault)
            done[fault.kind] += 1
            if number < NAMED:
                sys.stdout.write(f"{where(fault.gateway, fault.start_us)} {fault.reason}\n")
    return done
