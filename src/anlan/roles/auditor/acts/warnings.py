"""A warning, its level episodes, who was told, what people did: each beside the acts that say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.apps.delivery.models import Delivery, Message, Notice
from anlan.apps.delivery.services.addressing import COPY_LABEL
from anlan.apps.journal.models import Entry
from anlan.apps.obligations.models import Obligation
from anlan.apps.warnings.models import (
    Act,
    ActKind,
    Confirmation,
    DisposalReport,
    LevelEpisode,
    Origin,
    SiteOrder,
    Told,
    Warning,
    kept_by,
)
from anlan.roles.auditor.acts import duties, notices
from anlan.roles.auditor.acts.baseline import Since, since
from anlan.roles.auditor.acts.domain import Difference, acts_of, apart, chain_of, milli, newest_of, readable
from anlan.roles.auditor.acts.states import kept
from anlan.rules.level import Level
from anlan.rules.slots import SLOT_LABELS, Slot
from anlan.rules.warning_handling import report_owed


@dataclass
class Said:
    """What the acts of one warning say that its row and its episodes are."""

    is_: dict[str, Any] = field(default_factory=dict)
    episodes: list[tuple[str, datetime, datetime | None, str]] = field(default_factory=list)


class Warnings:
    """Warnings with all that hangs on them."""

    name = "warning"
    at_once = 50

    def newest(self) -> int:
        return newest_of(Warning, "warning")

    def compare(self, first: int, last: int) -> Iterator[Difference]:
        numbers = range(first, last + 1)
        acts, from_when = acts_of([f"warning:{number}" for number in numbers]), since()
        rows = {row.pk: row for row in Warning._base_manager.filter(pk__in=numbers).select_related("enterprise")}
        hanging = _Hanging(list(rows))
        for number in numbers:
            mine, row = acts[f"warning:{number}"], rows.get(number)
            if row is None:
                if mine:
                    yield Difference(number, chain_of(mine, ""), f"预警（第 {number} 号）已不在，记录中有它的经过")
                continue
            chain = f"enterprise:{row.enterprise.code}"
            for words in readable(_differences(row, mine, hanging, from_when)):
                yield Difference(number, chain, f"预警 {row.number}：{words}")


class _Hanging:
    """The rows of a stretch of warnings, by warning."""

    def __init__(self, warnings: Sequence[int]) -> None:
        def by_warning(model: Any, *order: str, **more: Any) -> dict[int, list[Any]]:
            found: dict[int, list[Any]] = defaultdict(list)
            for row in model._base_manager.filter(warning__in=warnings).order_by(*order or ("pk",)):
                found[row.warning_id].append(row)
            return found

        self.episodes = by_warning(LevelEpisode, "started_at", "pk")
        self.told = by_warning(Told)
        self.acts = by_warning(Act)
        self.reports = by_warning(DisposalReport)
        self.confirmations: dict[int, list[Any]] = defaultdict(list)
        rows = Confirmation._base_manager.filter(warning__in=warnings).select_related("person").order_by("pk")
        for row in rows:
            self.confirmations[row.warning_id].append(row)
        self.orders: dict[int, list[Any]] = defaultdict(list)
        for order in SiteOrder._base_manager.filter(warning__in=warnings).select_related("tracker", "episode"):
            self.orders[order.warning_id].append(order)
        subjects = [f"warning:{pk}" for pk in warnings]
        self.notices: dict[str, list[Notice]] = defaultdict(list)
        for notice in Notice._base_manager.filter(subject__in=subjects).order_by("pk"):
            self.notices[notice.subject].append(notice)
        self.messages: dict[int, list[Message]] = defaultdict(list)
        for message in Message._base_manager.filter(notice__subject__in=subjects).order_by("pk"):
            self.messages[message.notice_id].append(message)
        self.letters: dict[int, list[Delivery]] = defaultdict(list)
        for letter in Delivery.objects.filter(message__notice__subject__in=subjects).order_by("pk"):
            self.letters[letter.message_id].append(letter)
        self.due: dict[str, list[Obligation]] = defaultdict(list)
        for due in Obligation._base_manager.filter(subject__in=subjects).order_by("pk"):
            self.due[due.subject].append(due)


def _differences(row: Warning, acts: list[Entry], hanging: _Hanging, from_when: Since | None) -> Iterator[str]:
    if not any(act.act == "level_set" for act in acts):
        yield "没有定级的记录"
        return
    expected = _expected(acts)
    for column, words in COLUMNS.items():
        if getattr(row, column) != expected.is_[column]:
            yield apart(words, getattr(row, column), expected.is_[column])
    pk = row.pk
    episodes = hanging.episodes[pk]
    yield from _episodes(episodes, expected)
    yield from _confirmations(hanging.confirmations[pk], acts)
    yield from _what_was_done(hanging.acts[pk], acts)
    yield from _report(hanging.reports[pk], acts)
    yield from _orders(hanging.orders[pk], acts)
    mine = hanging.notices[row.subject]
    messages = {notice.pk: hanging.messages[notice.pk] for notice in mine}
    yield from notices.compare(mine, messages, acts, from_when)
    letters = [letter for message in messages.values() for each in message for letter in hanging.letters[each.pk]]
    yield from notices.letters(letters, acts, from_when)
    yield from _told(hanging.told[pk], mine, messages)
    yield from duties.compare(row, episodes, hanging.orders[pk], hanging.due[row.subject], acts)


COLUMNS = {
    "level": "当前级别",
    "rank": "级别次序",
    "highest": "最高级别",
    "origin": "来源",
    "issuer": "发布人",
    "manual_level": "人工级别",
    "manual_by": "各人的人工级别",
    "opened_at": "发生时间",
    "level_since": "当前级别起",
    "confirmed_at": "首次确认",
    "cleared_at": "消警时间",
    "closed_at": "办结时间",
}


def _expected(acts: Iterable[Entry]) -> Said:
    """What level changes, confirmations, the clearing, the report and the answers make of a warning."""
    said = Said()
    is_ = said.is_
    is_ |= dict.fromkeys(("confirmed_at", "cleared_at", "closed_at"))
    highest, reported, unanswered = Level.NONE, False, 0
    for act in acts:
        after = act.after or {}
        match act.act:
            case "level_set":
                to = Level(after["level"])
                if not said.episodes:
                    is_ |= {"opened_at": act.at, "origin": after["origin"], "issuer": after["issuer"]}
                    is_ |= {"manual_level": str(Level.NONE), "manual_by": {}}
                else:
                    level, started, _, _ = said.episodes[-1]
                    said.episodes[-1] = (level, started, act.at, str(to))
                if to is not Level.NONE:
                    said.episodes.append((str(to), act.at, None, ""))
                    highest = max(highest, to)
                    is_ |= {"level": str(to), "rank": to.rank, "level_since": act.at, "highest": str(highest)}
                    if "by_hand" in after:
                        is_ |= _by_hand(after)
                    elif after["origin"] != Origin.GRADING:  # written before several could keep a level
                        is_ |= {"manual_level": str(to), "issuer": after["issuer"]}
            case "level":
                if "by_hand" in after:
                    is_ |= _by_hand(after)
                else:
                    is_ |= {"manual_level": is_["level"], "issuer": act.actor[:60]}
            case "confirmed":
                is_["confirmed_at"] = is_["confirmed_at"] or act.at
            case "cleared":
                is_ |= {"cleared_at": act.at, "manual_level": str(Level.NONE), "manual_by": {}}
                if not report_owed(highest):
                    is_["closed_at"] = act.at
            case "site_order_issued":
                unanswered += 1
            case "site_order_answered":
                unanswered -= 1
            case "reported":
                reported = True
        if act.act in ("site_order_answered", "reported") and is_["closed_at"] is None:
            over = is_["cleared_at"] is not None and not unanswered and (reported or not report_owed(highest))
            is_["closed_at"] = act.at if over else None
    return said


def _by_hand(after: dict[str, Any]) -> dict[str, Any]:
    held = after["by_hand"]
    gravest = max((Level(each.level) for each in kept_by(held).values()), default=Level.NONE)
    return {"manual_by": held, "manual_level": str(gravest), "issuer": after["named"]}


def _episodes(rows: Sequence[LevelEpisode], expected: Said) -> Iterator[str]:
    there = [(row.level, row.started_at, row.ended_at, row.ended_to) for row in rows]
    if len(there) != len(expected.episodes):
        yield f"级别段现有 {len(there)} 段，按记录应有 {len(expected.episodes)} 段"
        return
    words = ("级别", "起", "止", "止于")
    for number, (is_, should) in enumerate(zip(there, expected.episodes, strict=True), 1):
        for what, one, other in zip(words, is_, should, strict=True):
            if one != other:
                yield f"第 {number} 个级别段" + apart(what, one, other)


def _confirmations(rows: Sequence[Confirmation], acts: Iterable[Entry]) -> Iterator[str]:
    there = [
        (row.at, row.text, row.post, row.automatic, f"person:{row.person.code}" if row.person else "") for row in rows
    ]
    should = []
    for act in acts:
        if act.act == "confirmed":
            after = act.after or {}
            automatic = bool(after.get("automatic"))
            post = "" if automatic else str(SLOT_LABELS[Slot(after["post"])])
            who = "" if automatic else act.actor
            should.append((act.at, (after.get("text") or "")[:300], post, automatic, who))
    yield from _lists("确认", there, should)


def _what_was_done(rows: Sequence[Act], acts: Iterable[Entry]) -> Iterator[str]:
    kinds = set(ActKind.values)
    should = [
        (act.act, act.at, *_who(act), act.said["unit"][:80], act.said["text"][:500])
        for act in acts
        if act.act in kinds and act.after and "unit" in act.after
    ]
    yield from _lists(
        "处置经过", [(row.kind, row.at, row.actor_id, row.actor_name, row.unit, row.text) for row in rows], should
    )


def _who(act: Entry) -> tuple[str, str]:
    """The id and the name that the row of an act has; acts of older versions knew a name alone."""
    return (act.actor, act.said["by"][:80]) if "by" in act.said else ("", act.actor[:60])


def _report(rows: Sequence[DisposalReport], acts: Iterable[Entry]) -> Iterator[str]:
    should = [
        (act.at, milli(act.said["due"]), act.said["result"], act.said["cause"], act.said["measures"])
        for act in acts
        if act.act == "reported" and act.after
    ]
    there = [(row.submitted_at, milli(row.due_at), row.result, row.cause, row.measures) for row in rows]
    yield from _lists("处置报告", there, should)


def _orders(rows: Sequence[SiteOrder], acts: Sequence[Entry]) -> Iterator[str]:
    issued = [act for act in acts if act.act == "site_order_issued"]
    should = [(act.at, milli(act.said["due"]), (act.said["to"] or [""])[0]) for act in issued]
    there = [(row.issued_at, milli(row.due_at), f"agency:{row.tracker.code}" if row.tracker else "") for row in rows]
    yield from _lists("督办", sorted(there, key=str), sorted(should, key=str))
    said = [act for act in acts if act.act in ("site_order_answered", "site_order_delegated")]
    if any("is" not in act.said for act in said):
        return  # written before acts kept what a row says; its answer is sealed when the warning is closed
    last = {act.said["order"]: act.said["is"] for act in said}
    blank = {
        "executor_id": None, "delegated_at": None, "arrived_at": None, "answered_at": None, "answered_by": "",
        "persons": "", "findings": "", "measures": "", "result": "",
    }  # fmt: skip
    for row in rows:
        yield from (f"督办{words}" for words in kept(row, last.get(row.pk, blank)))


def _told(rows: Sequence[Told], mine: Sequence[Notice], messages: dict[int, list[Message]]) -> Iterator[str]:
    slots = {row.recipient: str(SLOT_LABELS[Slot(row.slot)])[:20] for row in rows}
    should = [
        (
            message.recipient,
            message.recipient_name,
            slots.get(message.recipient, "") if message.slot == COPY_LABEL else message.slot,
            notice.sent_at,
        )
        for notice in mine
        if notice.kind == "informed"
        for message in messages[notice.pk]
        if not message.acting_for
    ]
    there = [(row.recipient, row.name, str(SLOT_LABELS[Slot(row.slot)])[:20], row.at) for row in rows]
    yield from _lists("告知对象", sorted(there, key=str), sorted(should, key=str))


def _lists(what: str, there: Sequence[Any], should: Sequence[Any]) -> Iterator[str]:
    if len(there) != len(should):
        yield f"{what}现有 {len(there)} 条，按记录应有 {len(should)} 条"
    elif list(there) != list(should):
        number = next(place for place, pair in enumerate(zip(there, should, strict=True), 1) if pair[0] != pair[1])
        yield f"{what}第 {number} 条与记录不符"
