"""The history part of ``anlan check``: every row is read and compared; what is damaged is named and flagged.

It is the one part that writes: a damaged block is kept and left out of every reading from then on, a damaged roll-up
is made anew from its block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from anlan.rules.calendar import civil

if TYPE_CHECKING:
    from anlan.roles.auditor.audit import Part

NAMED = 20
"""Damaged rows that are named one by one; the rest are counted."""


def history() -> Part:
    """Every block and roll-up: checksum, form, order, counts, extremes. Takes as long as there is history."""
    from anlan.apps.history.selectors.storage import storage
    from anlan.apps.history.selectors.stored import instant
    from anlan.apps.history.services import damaged, quarantine
    from anlan.roles.auditor.audit import Part

    part, found = Part(), 0
    for fault in damaged():
        quarantine(fault)
        found += 1
        if found <= NAMED:
            where = f"{fault.gateway} {civil(instant(fault.start_us)):%Y-%m-%d %H:%M}"
            words = _("历史块损坏，已留存并标出") if fault.kind == "block" else _("分钟汇总损坏，已由历史块重做")
            part.wrong("history_damaged", words, f"{where} {fault.reason}")
    if found > NAMED:
        part.wrong("history_damaged", _("另有 %(n)s 处损坏") % {"n": found - NAMED})
    held = storage()
    part.figures |= {
        "history_blocks": held.blocks,
        "history_samples": held.samples,
        "history_bytes": held.bytes,
        "history_flagged": held.damaged,
        "history_removed": held.removed,
        "history_holds": held.holds,
        "history_late": held.late,
    }
    return part
