"""Notices, their recipients and their readings beside the acts that say what was told to whom and who read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.models import WAITING, Delivery, DeliveryState, Message, Notice
from anlan.apps.delivery.services.outcome import LETTER
from anlan.apps.delivery.services.receipts import MESSAGES_READ
from anlan.apps.journal.models import Entry
from anlan.roles.auditor.acts.baseline import Since
from anlan.roles.auditor.acts.domain import apart
from anlan.roles.auditor.acts.states import kept


def compare(
    rows: Sequence[Notice], messages: dict[int, list[Message]], acts: Sequence[Entry], from_when: Since | None
) -> Iterator[str]:
    """Every difference of the notices about one subject. Those of before comparing began have no acts to compare."""
    facts = {fact["key"]: fact for act in acts for fact in _after(act).get("notices", [])}
    there = {row.key: row for row in rows}
    for key in facts.keys() - there.keys():
        yield f"通知 {key} 已不在"
    for key, row in there.items():
        fact = facts.get(key)
        if fact is None:
            if from_when is not None and row.pk > from_when.notice:
                yield f"通知 {key} 没有发出的记录"
            continue
        if delivery.fingerprint(row) != fact["sha256"]:
            yield f"通知 {key} 的内容与发出时不符"
        told = sorted(message.recipient for message in messages[row.pk] if not message.acting_for)
        if told != sorted(fact["to"]):
            yield f"通知 {key} 的对象现有 {len(told)} 个，与发出时的 {len(fact['to'])} 个不符"
    yield from _readings([message for row in rows for message in messages[row.pk]], acts, from_when)


def _readings(messages: Sequence[Message], acts: Sequence[Entry], from_when: Since | None) -> Iterator[str]:
    read: dict[int, Any] = {}
    for act in acts:
        if act.act == MESSAGES_READ:
            for pk in _after(act)["messages"]:
                read.setdefault(pk, (act.at, _after(act)["by"]))
    there = {message.pk: message for message in messages}
    for pk in read.keys() - there.keys():
        yield f"已读的通知对象（第 {pk} 号）已不在"
    for pk, message in there.items():
        who = f"{message.recipient_name}的阅读"
        if pk in read:
            for what, is_, should in zip(("时间", "人"), (message.read_at, message.read_by), read[pk], strict=True):
                if is_ != should:
                    yield apart(f"{who}{what}", is_, should)
        elif message.read_at is not None and from_when is not None and from_when.covers(pk, message.read_at):
            yield apart(f"{who}时间", message.read_at, None)


def letters(deliveries: Sequence[Delivery], acts: Sequence[Entry], from_when: Since | None) -> Iterator[str]:
    """Every difference of what became of the letters about one subject."""
    last: dict[int, Any] = {}
    for act in acts:
        if act.act == LETTER:
            last[act.said["delivery"]] = act.said["is"]
    there = {row.pk: row for row in deliveries}
    for pk in last.keys() - there.keys():
        yield f"投递（第 {pk} 号）已不在，记录中有它的结果"
    known = {row.message_id for row in deliveries if row.pk in last}
    for pk, row in there.items():
        is_ = last.get(pk)
        if is_ is not None:
            yield from (f"投递（第 {pk} 号）{words}" for words in kept(row, is_))
        elif row.state == DeliveryState.REPLACED:
            if row.message_id not in known:
                yield f"投递（第 {pk} 号）记为“{row.get_state_display()}”，没有别的渠道送出"
        elif row.state not in WAITING and from_when is not None and row.message_id > from_when.message:
            yield f"投递（第 {pk} 号）记为“{row.get_state_display()}”，没有这一结果的记录"


def _after(act: Entry) -> dict[str, Any]:
    return act.after if isinstance(act.after, dict) else {}
