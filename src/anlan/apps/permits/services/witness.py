"""What special work on record says of a promise (COM-05), and proposes for one (PTW-12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from anlan.apps.commitments.selectors import item_of_form
from anlan.apps.commitments.services import Contradiction, Proposal
from anlan.apps.permits.models import SpecialWork
from anlan.apps.permits.selectors import contractors_of, counts_of, report_of, works_of
from anlan.apps.registry.models import Enterprise
from anlan.rules.calendar import civil
from anlan.rules.commitment import belongs
from anlan.rules.special_work import ITEMS, SPECIAL_ITEMS


def witness(
    enterprise: Enterprise, day: date, values: Mapping[str, Any], promised_at: datetime
) -> Iterator[Contradiction]:
    """Every item that promises less than was on record: more may still be meant to come."""
    works = [
        work for work in works_of(enterprise, day) if belongs(work.begins_at, work.reported_at, promised_at)
    ]  # fmt: skip
    counted = counts_of(works)
    for item in ITEMS:
        if counted[item] > values[item]:
            yield _contradiction(item, values[item], counted[item], [work for work in works if work.item == item])
    contractors = contractors_of(works)
    if len(contractors) > values["contractors"]:
        theirs = [work for work in works if work.contractor]
        yield _contradiction("contractors", values["contractors"], len(contractors), theirs)


def _contradiction(item: str, said: int, number: int, works: list[SpecialWork]) -> Contradiction:
    field = item_of_form(item)
    text = f"承诺{field.title} {said} {field.unit}，当日登记的作业有 {number} {field.unit}：{_told(works)}"
    return Contradiction(item, text, {"works": [_record(work) for work in works]})


def _record(work: SpecialWork) -> dict[str, Any]:
    """A work as it is now, as far as a reader of the suspicion has to know it."""
    return {
        "subject": work.about, "number": work.number, "work": work.title, "place": work.place,
        "content": work.content, "contractor": work.contractor, "begins_at": civil(work.begins_at).isoformat(),
        "until": civil(work.until).isoformat(), "reported_at": civil(work.reported_at).isoformat(),
    }  # fmt: skip


def propose(enterprise: Enterprise, day: date) -> dict[str, Proposal]:
    """The counts of a day by item. Once the day is reported, no work of a special kind is zero; before that, and of
    other works, only what is on record is proposed."""
    works = works_of(enterprise, day)
    counted = counts_of(works)
    is_reported = report_of(enterprise, day) is not None
    found = {}
    for item in ITEMS:
        if counted[item]:
            mine = [work for work in works if work.item == item]
            found[item] = Proposal(str(counted[item]), f"登记的作业 {counted[item]} 项：{_told(mine)}")
        elif is_reported and item in SPECIAL_ITEMS:
            found[item] = Proposal("0", "当日报告中没有")
    if contractors := contractors_of(works):
        says = f"登记的作业中有 {len(contractors)} 家：{'、'.join(contractors)}"
        found["contractors"] = Proposal(str(len(contractors)), says)
        found["has_contractors"] = Proposal("是", says)
    return found


def _told(works: list[SpecialWork]) -> str:
    """The first of them by place; more are counted."""
    named = "、".join(f"{work.number} {work.place}" for work in works[:2])
    return f"{named} 等" if len(works) > 2 else named
