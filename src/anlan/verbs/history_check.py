"""The history part of ``anlan check``: every row is read and compared, and nothing is changed, whatever is found.

What is to be done about it people order with ``anlan repair history`` (`anlan.verbs.repair`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from anlan.rules.calendar import civil

if TYPE_CHECKING:
    from anlan.roles.auditor.audit import Part

HISTORY = "history"
WORDS = {
    "block": "历史块损坏，读取时略去",
    "rollup": "分钟汇总与历史块不符",
    "owner": "历史块记在别的企业名下，不在本企业的导出里，也不按本企业的保存期保留",
    "lone": "分钟汇总损坏，读取时略去",
}
NAMED = 20
"""Damaged rows that are named one by one; the rest are counted."""


def history() -> Part:
    """The database itself, then every block and roll-up: checksum, form, order, counts, extremes. Takes as long as
    there is history."""
    from anlan.apps.history.selectors.storage import storage
    from anlan.apps.history.services import damaged, withheld
    from anlan.process.worker import structure
    from anlan.roles.auditor.audit import Part

    part, found, miscounted = Part(), 0, 0
    for line in (broken := structure(HISTORY))[:NAMED]:
        part.wrong("history_damaged", _("历史库的文件或索引损坏，完好的行也可能读不到"), line)
    if broken:
        words = _("请运行 anlan repair history 重建索引；重建之后仍这样说的，请恢复备份里的 history.sqlite3")
        part.wrong("history_damaged", words)
    lone = 0
    for fault in damaged():
        if fault.kind == "count":
            miscounted += 1
            continue
        found += 1
        lone += fault.kind == "lone"
        if found <= NAMED:
            part.wrong("history_damaged", WORDS[fault.kind], f"{where(fault.gateway, fault.start_us)} {fault.reason}")
    if found > NAMED:
        part.wrong("history_damaged", _("另有 %(n)s 处损坏") % {"n": found - NAMED})
    if found > lone:
        part.wrong("history_damaged", _("检查没有改动任何数据；要标出损坏的块、重做汇总，请运行 anlan repair history"))
    if lone:
        part.wrong("history_damaged", _("样本已过保存期或已损坏的分钟汇总无从重做，只能恢复备份"))
    if held_back := sum(1 for _fault in withheld()):
        words = _("%(n)s 个标出的块核对无损，仍被略去；请运行 anlan repair history 取回") % {"n": held_back}
        part.wrong("history_withheld", words)
    held = storage()
    part.figures |= {
        "history_blocks": held.blocks,
        "history_samples": held.samples,
        "history_bytes": held.bytes,
        "history_flagged": held.damaged,
        "history_miscounted": miscounted,
        "history_removed": held.removed,
        "history_holds": held.holds,
        "history_late": held.late,
    }
    return part


def where(gateway: str, start_us: int) -> str:
    """Gateway and civil time of a row, for people."""
    from anlan.apps.history.selectors.stored import instant

    return f"{gateway} {civil(instant(start_us)):%Y-%m-%d %H:%M}"
