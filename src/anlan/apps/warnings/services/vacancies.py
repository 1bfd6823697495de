"""Slots that nobody fills: found when a level tells them, closed when they are filled (WRN-03)."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.findings import selectors as open_findings
from anlan.apps.findings import services as findings
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.rules.level import Level
from anlan.rules.routing import Gap, gaps, resolve_slot
from anlan.rules.slots import SLOT_LABELS, Slot


def find_gaps(place: Surroundings, level: Level, at: datetime) -> None:
    """A finding for every slot of this level that nobody fills; the others are told all the same."""
    for gap in gaps(level, place.context, place.settings, place.rules):
        _find(place, gap, at)


def close_filled(place: Surroundings, at: datetime) -> None:
    """Close what an earlier look at this source found empty and is filled now. One query when there is nothing."""
    subjects = {f"source:{place.source.code}:{slot}": slot for slot in Slot}
    for row in open_findings.open_among(kinds.SLOT_EMPTY, subjects):
        if resolve_slot(subjects[row.subject], place.context, place.settings):
            code = place.enterprise.code
            findings.closed(kinds.SLOT_EMPTY, subject=row.subject, enterprise_code=code, at=at)


def close_all_filled(at: datetime) -> None:
    """As `close_filled` for every source with such a finding: once a day, also where no warning is open."""
    found = {subject.split(":")[1] for _enterprise, subject in open_findings.open_subjects(kinds.SLOT_EMPTY)}
    for place in registry.surroundings(registry.sources_named(found), at, holders=False).values():
        close_filled(place, at)


def _find(place: Surroundings, gap: Gap, at: datetime) -> None:
    kind = kinds.HOLDER_MISSING if gap.is_post else kinds.SLOT_EMPTY
    words = "包保责任人缺失" if gap.is_post else "应告知单位未配置"
    findings.found(
        kind,
        enterprise=place.enterprise,
        subject=f"source:{place.source.code}:{gap.slot}",
        text=f"{words}：{place.source.name} {SLOT_LABELS[gap.slot]}",
        at=at,
        source_id=place.source.pk,
    )
