"""Turns what the services wrote into the lines of a drill, for machines and for readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.apps.delivery.models import Notice
from anlan.apps.warnings.models import Confirmation
from anlan.drill.days import Days
from anlan.drill.world import Drilled
from anlan.lessons import KINDS as TITLES
from anlan.rules.calendar import civil
from anlan.rules.level import Level

KINDS = tuple(TITLES)
"""Lines of one instant are printed in this order."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was asked for and not done."""

    at: datetime
    source_id: int
    level: str
    reason: str


def lines(world: Drilled, refused: Sequence[Refusal], days: Days | None = None) -> list[dict[str, Any]]:
    """Every telling, step, order, confirmation, report and refusal, in order of time, then of the kinds; with ``days``
    also what whole days tell."""
    found: list[tuple[datetime, int, int, dict[str, Any]]] = []

    def add(at: datetime, kind: str, source_id: int, line: dict[str, Any]) -> None:
        found.append((at, KINDS.index(kind), world.order[source_id], line))

    for notice in Notice.objects.by_the_machine().prefetch_related("messages").order_by("sent_at", "pk"):
        to = sorted(world.shown[message.recipient] for message in notice.messages.all())
        if to and notice.source_id is not None:  # a step whose slot nobody fills was recorded, and sent to nobody
            add(notice.sent_at, notice.kind, notice.source_id, _of_notice(notice, world, to))
    for confirmation in Confirmation.objects.by_the_machine().select_related("warning").order_by("at", "pk"):
        source_id = confirmation.warning.source_id
        level = _level_at(confirmation)
        line = _line(confirmation.at, "confirmed", level, world.source_ids[source_id], [], confirmation.at)
        line |= {"automatic": True} if confirmation.automatic else {"by": confirmation.name}
        add(confirmation.at, "confirmed", source_id, line)
    for item in refused:
        line = _line(item.at, "refused", item.level, world.source_ids[item.source_id], [], item.at)
        add(item.at, "refused", item.source_id, line | {"reason": item.reason})
    for place, line in days.lines() if days is not None else ():
        found.append((datetime.fromisoformat(line["at"]), KINDS.index(line["kind"]), place, line))
    found.sort(key=lambda entry: entry[:3])
    return _joined([line for *_, line in found])


def text(line: dict[str, Any]) -> str:
    """One line for a reader."""
    at = datetime.fromisoformat(line["at"])
    if "source" not in line:
        said = "  ".join(f"{key}={_plain(value)}" for key, value in line.items() if key not in ("at", "kind"))
        return f"{at:%m-%d %H:%M:%S}  {TITLES[line['kind']]}  {said}"
    level = Level(line["level"]).colour
    parts = [f"{at:%m-%d %H:%M:%S}", TITLES[line["kind"]], f"{level}", line["source"]]
    if line["step"]:
        parts.append(f"第{line['step']}次")
    if line["to"]:
        parts.append("→ " + "、".join(line["to"]))
    if line["kind"] == "report_due":
        parts.append(f"（不晚于 {datetime.fromisoformat(line['due']):%m-%d %H:%M:%S}）")
    if line["late"]:
        parts.append(f"（应于 {datetime.fromisoformat(line['due']):%m-%d %H:%M:%S}，晚发）")
    if line["missed"]:
        times = "、".join(f"{datetime.fromisoformat(due):%H:%M}" for due in line["missed"])
        parts.append(f"（合并 {times}）")
    if line.get("automatic"):
        parts.append("（自动确认）")
    parts += [f"（{line[key]}）" for key in ("by", "reason") if line.get(key)]
    return "  ".join(parts)


def _plain(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _of_notice(notice: Notice, world: Drilled, to: list[str]) -> dict[str, Any]:
    assert notice.source_id is not None
    source = world.source_ids[notice.source_id]
    line = _line(notice.sent_at, notice.kind, notice.level, source, to, notice.due_at)
    line["step"] = notice.step
    line["missed"] = [stamp(datetime.fromisoformat(due)) for due in notice.missed]
    return line


def _line(at: datetime, kind: str, level: str, source: str, to: list[str], due: datetime) -> dict[str, Any]:
    return {
        "at": stamp(at),
        "kind": str(kind),
        "level": str(level),
        "source": source,
        "step": None,
        "to": to,
        "due": stamp(due),
        "late": at > due,
        "missed": [],
    }


def _joined(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What one instant tells of one source for the first time is one line, also when two changes caused it."""
    joined: list[dict[str, Any]] = []
    for line in found:
        last = joined[-1] if joined else None
        same = last is not None and all(last.get(key) == line.get(key) for key in ("at", "kind", "source", "level"))
        if last is not None and same and line["kind"] == "informed":
            last["to"] = sorted({*last["to"], *line["to"]})
        else:
            joined.append(line)
    return joined


def _level_at(confirmation: Confirmation) -> str:
    """The level in force when it was confirmed; at clearing the last one before."""
    level = confirmation.warning.level
    for episode in confirmation.warning.episodes.order_by("started_at", "pk"):
        if episode.started_at <= confirmation.at:
            level = episode.level
    return str(level)


def stamp(instant: datetime) -> str:
    """An instant on the civil clock, as drills print it."""
    return civil(instant).isoformat()
