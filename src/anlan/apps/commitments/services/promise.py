"""The two acts of the day: somebody enters the items, the principal promises. Corrections are further versions.

Each is one transaction under the lock of the enterprise: the row, its version, the duty, the watch list, suspicions,
the journal and the live hint. A repeat of a promise that stands is refused where the editor's ``seen`` says so; after a
crash either all of it stands or nothing. What arrives counts by the instant at which it was received whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.commitments import kinds, selectors
from anlan.apps.commitments.entitled import may_commit, may_enter, principal_of
from anlan.apps.commitments.form import SCHEMA, read
from anlan.apps.commitments.models import Commitment, CommitmentState, CommitmentVersion
from anlan.apps.commitments.services.daily import subject_of
from anlan.apps.commitments.services.doubts import compare
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.services.duties import key_of
from anlan.apps.org.access import require
from anlan.apps.org.actor import signed
from anlan.apps.org.models import Person
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.apps.watchlist.services import Reason, watch
from anlan.refused import Refused
from anlan.rules.calendar import civil_day
from anlan.rules.commitment import HIGH, disagreements

Typed = Mapping[str, Any]
NOT_PRINCIPAL, INCOMPLETE, MEANWHILE = "not_principal", "incomplete", "changed_meanwhile"
"""Reasons of a refusal, for programs and drills."""


def enter(enterprise: Enterprise, typed: Typed, *, by: Stand, at: datetime, seen: int | None = None) -> Commitment:
    """Enters today's items as far as they are known; what is empty stays open until the promise.

    Raises `Refused` with a reason for every item that is wrong (nothing is kept then), or when somebody else changed
    them since ``seen``; PermissionDenied (journaled) for whoever does not work there. Nothing changed is no step.
    """
    require(may_enter(by), enterprise, by=by)
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        row = selectors.of_day(enterprise, civil_day(at))
        _unchanged(row, seen)
        if _fill(row, typed):
            _note_entry(row, by, at)
    return row


def commit(
    enterprise: Enterprise, *, by: Stand, at: datetime, typed: Typed | None = None, seen: int | None = None,
    knows: Collection[int] = (), taken_at: datetime | None = None,
) -> CommitmentVersion:  # fmt: skip
    """The principal, or who acts for them, promises what is entered (``typed``: entered in the same act).

    ``knows``: keys of the workshops without an assessment that they were shown and acknowledge; ``taken_at``: when the
    act was taken on a phone without a line. Raises `Refused`: ``not_principal`` first, then ``incomplete`` with a
    reason for every item that is empty, wrong or does not add up, then a workshop that is not acknowledged.
    """
    principal = principal_of(enterprise, at)
    if not may_commit(by, principal):
        journal.record(
            f"enterprise:{enterprise.code}", "commitment_refused", at=at, actor=by.actor.id,
            subject=subject_of(enterprise), after={"reason": NOT_PRINCIPAL},
        )  # fmt: skip
        raise Refused("承诺须由主要负责人本人作出，或由其书面委托、在委托期内的人代为作出", reason=NOT_PRINCIPAL)
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        row = selectors.of_day(enterprise, civil_day(at))
        _unchanged(row, seen)
        if typed is not None and _fill(row, typed):
            _note_entry(row, by, at)
        values = _complete(row)
        missing = _acknowledged(row, knows)
        person = principal.person
        acting_for = person if person is not None and person.pk != by.actor.person_id else None
        return _promise(row, values, missing, by=by, at=at, acting_for=acting_for, taken_at=taken_at)


def _promise(
    row: Commitment, values: dict[str, Any], missing: list[list[str]], *, by: Stand, at: datetime,
    acting_for: Person | None, taken_at: datetime | None,
) -> CommitmentVersion:  # fmt: skip
    before = row.versions.order_by("-number").first()
    actor = by.speaking(*STAFF)
    row.version, row.risk, row.state = row.version + 1, values["risk"], CommitmentState.COMMITTED
    row.first_at, row.acknowledged = row.first_at or at, missing
    row.seq += 1
    version = CommitmentVersion.objects.create(
        commitment=row, enterprise=row.enterprise, number=row.version, values=SCHEMA.stored(values),
        schema_version=SCHEMA.version, risk=row.risk, changes=_changes(before, values), acknowledged=missing,
        person_id=by.actor.person_id, acting_for=acting_for, entered_by=row.entered_by, taken_at=taken_at, at=at,
        **signed(actor),
    )  # fmt: skip
    told = {"values": version.values, "changes": version.changes, "taken_at": taken_at}
    if acting_for is not None:
        told["acting_for"] = f"person:{acting_for.code}"
    row.keep("committed", at, actor, told)
    for kind in (kinds.COMMIT, kinds.REMIND):
        key = key_of(kind, subject_of(row.enterprise), row.day.isoformat())
        obligations.fulfil_now(key, at=at, evidence=row.about)
    if row.risk in HIGH:
        text = f"承诺今日风险等级：{row.get_risk_display()}"
        watch(Reason(row.enterprise, kinds.HIGH_RISK, row.about, text), at=at, by=actor)
    compare(row, version, at)
    hint("commitment", row.enterprise.code, kind="committed")
    return version


def _fill(row: Commitment, typed: Typed) -> bool:
    """Puts what was typed into the row; whether anything changed. Items that nobody typed stay as they are."""
    values, wrong, empty = read({**SCHEMA.shown(row.held), **typed})
    if wrong:
        raise _refusal(wrong)
    stored = {key: SCHEMA[key].stored(value) for key, value in values.items() if key not in empty}
    if stored == row.values:
        return False
    row.values, row.schema_version = stored, SCHEMA.version
    return True


def _note_entry(row: Commitment, by: Stand, at: datetime) -> None:
    actor = by.speaking(*STAFF)
    row.seq += 1
    row.entered_at, row.entered_by, row.entered_by_id = at, actor.name[:80], actor.id
    row.keep("entered", at, actor, {"values": row.values})
    hint("commitment", row.enterprise.code, kind="entered")


def _complete(row: Commitment) -> dict[str, Any]:
    """All items, or a refusal with what is missing and what does not add up, each beside its item."""
    values, wrong, empty = read(SCHEMA.shown(row.held))
    wrong |= dict.fromkeys(empty, "没有填。没有请填 0 或选“否”，空着不能承诺")
    wrong |= {key: why for key, why in disagreements(values).items() if key not in wrong} if not empty else {}
    if wrong:
        raise _refusal(wrong)
    return values


def _refusal(wrong: Mapping[str, str]) -> Refused:
    told = "；".join(f"{SCHEMA.title(key)}：{why}" for key, why in wrong.items())
    return Refused(f"还差 {len(wrong)} 项。{told}", reason=INCOMPLETE, fields=dict(wrong))


def _acknowledged(row: Commitment, knows: Collection[int]) -> list[list[str]]:
    """Workshops without an assessment today, all of them acknowledged: key and name (COM-04)."""
    missing = [each.row for each in selectors.units_of(row.enterprise, row.day) if each.missing]
    if missing and locality.rules_of_one(row.enterprise, row.day).flag("commitment_needs_workshops"):
        names = "、".join(each.name for each in missing)
        raise Refused(f"{names} 今日未交研判，按本地设定不能承诺", reason=INCOMPLETE, fields={"knows": "先催办"})
    unseen = [each.name for each in missing if each.pk not in knows]
    if unseen:
        words = f"{'、'.join(unseen)} 今日未交研判，须由承诺人逐个知悉"
        raise Refused(words, reason=INCOMPLETE, fields={"knows": words})
    return [[str(each.pk), each.name] for each in missing]


def _changes(before: CommitmentVersion | None, values: Mapping[str, Any]) -> list[list[str]]:
    if before is None:
        return []
    old = before.held
    pairs = [(field, field.in_words(old.get(field.key)), field.in_words(values[field.key])) for field in SCHEMA.fields]
    return [[str(field.title), was, now] for field, was, now in pairs if was != now]


def _unchanged(row: Commitment, seen: int | None) -> None:
    if seen is None or seen == row.seq:
        return
    words = f"您打开以后，{row.entered_by or '承诺人'} 已改过今日内容。请核对后再提交，您填的还在下面"
    raise Refused(words, reason=MEANWHILE)
