"""What declared starts, stops and overhauls say of a promise (COM-05), and propose for one (PTW-12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from anlan.apps.commitments.selectors import item_of_form
from anlan.apps.commitments.services import Contradiction, Proposal
from anlan.apps.registry.models import Enterprise
from anlan.apps.unitstates.models import Change, ChangeState, UnitState
from anlan.apps.unitstates.selectors import changes_of
from anlan.rules.calendar import civil, civil_day
from anlan.rules.commitment import belongs

STARTING = "in_start_or_stop"
_COUNTED = {Change.START: "starting", Change.STOP: "stopping", Change.OVERHAUL: "in_repair"}


def witness(
    enterprise: Enterprise, day: date, values: Mapping[str, Any], promised_at: datetime
) -> Iterator[Contradiction]:
    """Every item that promises less than was declared, and that nothing starts or stops while something does."""
    rows = [
        row for row in changes_of(enterprise, day) if belongs(row.begins_at, row.declared_at, promised_at)
    ]  # fmt: skip
    for item, mine in _by_item(rows, day).items():
        if len(mine) > values[item]:
            yield Contradiction(
                item, f"承诺{item_of_form(item).title} {values[item]} 套，当日申报的有 {len(mine)} 套：{_told(mine)}",
                {"unit_states": [_record(row) for row in mine]},
            )  # fmt: skip
    moving = [row for row in rows if row.change != Change.OVERHAUL]
    if moving and not values[STARTING]:
        text = f"承诺未处于开停车状态，当日申报的有 {len(moving)} 次：{_told(moving)}"
        yield Contradiction(STARTING, text, {"unit_states": [_record(row) for row in moving]})


def propose(enterprise: Enterprise, day: date) -> dict[str, Proposal]:
    """What the declared changes of a day come to, where there are any."""
    rows = changes_of(enterprise, day)
    found = {
        item: Proposal(str(len(mine)), f"申报的有 {len(mine)} 套：{_told(mine)}")
        for item, mine in _by_item(rows, day).items()
    }
    if moving := [row for row in rows if row.change != Change.OVERHAUL]:
        found[STARTING] = Proposal("是", f"申报的开停车：{_told(moving)}")
    return found


def _by_item(rows: Iterable[UnitState], day: date) -> dict[str, list[UnitState]]:
    """Starts and stops that begin on the day, and overhauls that go on."""
    found: dict[str, list[UnitState]] = {}
    for row in rows:
        if row.change == Change.OVERHAUL or civil_day(row.begins_at) == day:
            found.setdefault(_COUNTED[Change(row.change)], []).append(row)
    return found


def _told(rows: list[UnitState]) -> str:
    return "、".join(f"{row} {civil(row.begins_at):%m-%d %H:%M}" for row in rows)


def _record(row: UnitState) -> dict[str, Any]:
    return {
        "subject": row.about, "unit": row.unit_name, "change": str(Change(row.change).label),
        "begins_at": civil(row.begins_at).isoformat(), "declared_at": civil(row.declared_at).isoformat(),
        "state": str(ChangeState(row.state).label),
    }  # fmt: skip
