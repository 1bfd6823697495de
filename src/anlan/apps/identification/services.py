"""Entering and reviewing identifications, and what follows from them: filing, identifying again, the register.

Each act is one transaction under the lock of the enterprise. A repeat finds another state and is refused; after a crash
either all of it stands or nothing. The register is changed by nobody here: where it says another thing than the
identification in force, that is a finding until the two agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db import transaction

from anlan.apps.delivery.services import hint
from anlan.apps.findings.services import closed, found
from anlan.apps.identification import kinds
from anlan.apps.identification.entitled import may_accept, may_ask_again, may_enter, may_review
from anlan.apps.identification.models import KINDS, Identification, State, Why
from anlan.apps.identification.selectors import in_force
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing
from anlan.apps.org.access import require
from anlan.apps.org.case import NAME, deciding
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import equipment
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.plain import one_line
from anlan.refused import Refused
from anlan.rules.calendar import add_months, civil_day, midnight
from anlan.rules.identification import Amount, IdentificationRefused, Identified, identify, told
from anlan.rules.words import says_something

Typed = Mapping[str, Any]
MOST = 60
"""Substances of one unit."""


def enter(
    enterprise: Enterprise, *, unit: str, kind: str, why: str, exposed: int | None, amounts: Sequence[Typed], by: Stand,
    at: datetime,
) -> Identification:  # fmt: skip
    """Hand in what a unit is designed to hold; it waits for another person's review.

    ``amounts``: ``{"name", "design_max_t", "symbols"}``, the quantity in t as decimal text. Handed in again while it
    waits, the one before is sent back in its favour. Raises `Refused` with words for every field that is wrong.
    """
    require(may_enter(by, enterprise), enterprise, by=by)
    unit = one_line(unit)[:60]
    outcome = _judged(unit, kind, why, exposed, amounts)
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        waiting = Identification.objects.by_the_machine().select_related("enterprise")
        for before in waiting.filter(enterprise=enterprise, unit=unit, state=State.ENTERED):
            before.state = State.RETURNED
            before.finish(by.actor, at)
            before.keep("again_entered", at, by.actor)
        now = in_force(enterprise, unit)
        row = Identification(
            enterprise=enterprise, unit=unit, kind=kind, why=why, exposed=exposed or 0,
            amounts=[dict(each) for each in amounts], outcome=told(outcome), is_major=outcome.major,
            level=str(outcome.level or ""), made_at=at, made_by=by.actor.name[:NAME], made_by_id=by.actor.id,
            source=now.source if now else None,
        )  # fmt: skip
        row.keep("entered", at, by.actor)
        hint("identification", enterprise.code, kind="entered")
    return row


def confirm(row: Identification, *, by: Stand, at: datetime, note: str = "") -> Identification:
    """Reviewed: in force from now on, in place of the unit's one before; what follows falls due. Raises `Refused`."""
    require(may_review(by, row), row, by=by)
    with deciding(row, State.ENTERED) as now:
        before = in_force(now.enterprise, now.unit)
        if before is not None:
            before.state = State.REPLACED
            before.finish(by.actor, at)
            before.keep("replaced", at, by.actor)
            for kind in (kinds.FILING, kinds.AGAIN):
                obligations.cancel(before.about, [kind], at=at)
                obligations.make_good(before.about, kind, at=at, done=kind == kinds.AGAIN)
            for finding in (kinds.NOT_FILED, kinds.NOT_AGAIN, kinds.DIFFERS):
                _settled(finding, before, at, by)
            now.source = before.source
        today = civil_day(at)
        rules = rules_of_one(now.enterprise, today)
        now.state = State.CONFIRMED
        now.decide(by.actor, at, note)
        if now.is_major:
            now.again_on = add_months(today, 12 * rules.number("hazard_again_years"))
            _plan(kinds.AGAIN, now, now.again_on, at)
            _plan(kinds.FILING, now, today + rules.length("hazard_filing_days"), at)
        _compare(now, at, by)
        now.keep("confirmed", at, by.actor)
        hint("identification", now.enterprise.code, kind="confirmed")
    return now


def send_back(row: Identification, *, by: Stand, at: datetime, note: str) -> Identification:
    """Reviewed and not taken, with words why; it stays as it was entered. Raises `Refused` without them."""
    require(may_review(by, row), row, by=by)
    _said(note, "请写明退回的原因")
    with deciding(row, State.ENTERED) as now:
        now.state = State.RETURNED
        now.decide(by.actor, at, note)
        now.keep("returned", at, by.actor)
        hint("identification", now.enterprise.code, kind="returned")
    return now


def link(row: Identification, code: str, *, by: Stand, at: datetime) -> Identification:
    """Say which source of the register a unit is, by its code; empty: none. Raises `Refused` for an unknown code."""
    require(may_ask_again(by, row), row, by=by)
    source = equipment.source_named(row.enterprise, code.strip()) if code.strip() else None
    if code.strip() and source is None:
        raise Refused(words := f"本企业没有编码为 {code.strip()} 的危险源", fields={"source": words})
    with deciding(row, State.CONFIRMED) as now:
        now.source = source
        _compare(now, at, by)
        now.keep("linked", at, by.actor)
    return now


def accept_filing(row: Identification, number: str, on: date | None, *, by: Stand, at: datetime) -> Identification:
    """The county or park took in the filing: its number and day. Raises `Refused` where one is missing or ahead."""
    require(may_accept(by, row), row, by=by)
    wrong = {}
    if not says_something(number):
        wrong["filed_no"] = "请填写备案编号"
    if on is None or on > civil_day(at):
        wrong["filed_on"] = "请填写备案日期，不晚于今天"
    if wrong:
        raise Refused(*wrong.values(), fields=wrong)
    with deciding(row, State.CONFIRMED) as now:
        if not now.is_major:
            raise Refused("不构成重大危险源的，不备案")
        if now.filed_on is not None:
            raise Refused(f"已备案：{now.filed_no}")
        now.filed_no, now.filed_on = one_line(number)[:60], on
        now.filed_by, now.filed_by_id = by.actor.name[:NAME], by.actor.id
        obligations.cancel(now.about, [kinds.FILING], at=at)
        obligations.make_good(now.about, kinds.FILING, at=at)
        _settled(kinds.NOT_FILED, now, at, by)
        now.keep("filed", at, by.actor)
        hint("identification", now.enterprise.code, kind="filed")
    return now


def ask_again(row: Identification, why: str, words: str, *, by: Stand, at: datetime) -> Identification:
    """Something has changed: the unit is identified again within the days of the rulebook, not when its years are
    over. Raises `Refused` without a reason. Asked a second time the earlier day stays."""
    require(may_ask_again(by, row), row, by=by)
    if why not in Why.values or why in (Why.FIRST, Why.AGE):
        raise Refused("请选择变化的情形", fields={"why": "请选择变化的情形"})
    _said(words, "请写明是什么变了")
    with deciding(row, State.CONFIRMED) as now:
        today = civil_day(at)
        until = today + rules_of_one(now.enterprise, today).length("hazard_again_days")
        now.again_on = min(until, now.again_on or until)
        now.asked_again = f"{Why(why).label}：{words.strip()}"[:200]
        _plan(kinds.AGAIN, now, now.again_on, at)
        now.keep("asked_again", at, by.actor)
        hint("identification", now.enterprise.code, kind="asked_again")
    return now


def fire_filings(rows: Sequence[Obligation], firing: Firing) -> None:
    """Days to file have passed: overdue, and found. Repeated: counted up."""
    _fire(rows, kinds.NOT_FILED, "辨识审核后逾期未备案")


def fire_again(rows: Sequence[Obligation], firing: Firing) -> None:
    """The day to identify again has passed: overdue, and found. Repeated: counted up."""
    _fire(rows, kinds.NOT_AGAIN, "逾期未重新辨识")


def _fire(rows: Sequence[Obligation], finding: Any, words: str) -> None:
    keys = [row.payload["identification"] for row in rows]
    known = Identification.objects.by_the_machine().select_related("enterprise").in_bulk(keys)
    for row in rows:
        about = known[row.payload["identification"]]
        if about.state != State.CONFIRMED or not about.enterprise.is_active:
            row.state = ObligationState.CANCELLED
            continue
        row.state = ObligationState.OVERDUE
        found(
            finding, enterprise=about.enterprise, subject=about.about, text=f"{about.unit}（{about.concludes}）{words}",
            at=row.due_at, source_id=about.source_id,
        )  # fmt: skip
        hint("identification", about.enterprise.code, kind="overdue")


def _judged(unit: str, kind: str, why: str, exposed: int | None, amounts: Sequence[Typed]) -> Identified:
    wrong: dict[str, str] = {}
    if not says_something(unit):
        wrong["unit"] = "请填写单元名称"
    if kind not in dict(KINDS):
        wrong["kind"] = "请选择储存单元或生产单元"
    if why not in Why.values:
        wrong["why"] = "请选择辨识的原因"
    if exposed is None:
        wrong["exposed"] = "请填写厂区边界外 500 米范围内常住人口数，没有人填 0"
    if len(amounts) > MOST:
        wrong["amounts"] = f"一个单元至多 {MOST} 种物质"
    if "amounts" not in wrong:
        try:
            held = [Amount(each["name"], Fraction(each["design_max_t"]), tuple(each["symbols"])) for each in amounts]
            outcome = identify(exposed or 0, held)
        except IdentificationRefused as refused:
            wrong["amounts"] = str(refused)
    if wrong:
        raise Refused(*wrong.values(), fields=wrong)
    return outcome


def _said(text: str, words: str) -> None:
    if not says_something(text):
        raise Refused(words, fields={"text": words})


def _plan(kind: Any, row: Identification, day: date, at: datetime) -> None:
    """Due at the end of a civil day."""
    obligations.replan(
        kind=kind, subject=row.about, due_at=midnight(day + timedelta(days=1)), at=at, enterprise=row.enterprise,
        payload={"identification": row.pk},
    )  # fmt: skip


def _settled(finding: Any, row: Identification, at: datetime, by: Stand) -> None:
    closed(finding, subject=row.about, enterprise_code=row.enterprise.code, at=at, by=by.actor)


def _compare(row: Identification, at: datetime, by: Stand) -> None:
    """The register beside what is in force: a finding where they differ, closed where they agree."""
    if words := differs(row):
        found(
            kinds.DIFFERS, enterprise=row.enterprise, subject=row.about, text=words, at=at, source_id=row.source_id,
            by=by.actor,
        )  # fmt: skip
    else:
        _settled(kinds.DIFFERS, row, at, by)


def differs(row: Identification) -> str:
    """What the register says otherwise than an identification; empty when they agree."""
    source = row.source
    if row.is_major and source is None:
        return f"{row.unit} 辨识为{row.concludes}，登记中没有对应的重大危险源"
    if source is None or (row.is_major and source.level == row.level):
        return ""
    return f"{row.unit} 辨识为{row.concludes}，登记的“{source.name}”为{source.get_level_display()}"
