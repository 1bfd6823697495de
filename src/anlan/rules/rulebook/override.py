"""Refinements by a locality: stricter by default, laxer only with a waiver that names its document (GEN-04).

Must never change the past: a refinement has an effective date after the day on which it is entered, and a result for
an earlier date ignores it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from anlan.rules.rulebook.entry import Entry, Kind, Value


@dataclass(frozen=True, slots=True)
class Override:
    """A value that one locality (the code of its unit) puts in place of the number above it.

    A value of None takes the locality's own value back: from that day the number above it counts. `document` is what
    the locality bases it on; `waiver` is the document that allows a laxer value.
    """

    key: str
    value: Value | None
    locality: str
    effective_from: date
    effective_to: date | None = None
    document: str = ""
    waiver: str = ""

    def in_force(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


class Reason(StrEnum):
    """Why a refinement is refused."""

    UNKNOWN_KEY = "unknown_key"
    UNUSABLE_VALUE = "unusable_value"
    LAXER = "laxer"
    BACKWARD = "ends_before_it_begins"
    PAST = "touches_the_past"
    NO_DOCUMENT = "no_document"
    SYSTEM_WIDE = "system_wide"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The refinement stands; `entry` is the number as it will read."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class RefinementRefused:
    """The refinement does not stand; `detail` is Chinese and says what would."""

    reason: Reason
    detail: str


def judge(above: Entry, override: Override) -> Accepted | RefinementRefused:
    """Judge a refinement against the number in force above it on its effective date."""
    if override.effective_to is not None and override.effective_to < override.effective_from:
        return RefinementRefused(Reason.BACKWARD, "失效日期早于生效日期")
    if above.system_wide:
        return RefinementRefused(Reason.SYSTEM_WIDE, f"“{above.title}”由全系统共用，不能按地区设定")
    if override.value is None:
        return Accepted(above)
    fault = above.fault_of(override.value)
    if fault:
        return RefinementRefused(Reason.UNUSABLE_VALUE, fault)
    if above.loosens(override.value) and not override.waiver:
        detail = (
            f"“{above.title}”不能改为 {above.text_of(override.value)}：地方只能更严，"
            f"{above.bound_text}（{above.source}）；放宽须注明批准文件"
        )
        return RefinementRefused(Reason.LAXER, detail)
    return Accepted(refined(above, override))


def judge_entering(above: Entry, override: Override, today: date) -> Accepted | RefinementRefused:
    """Judge a refinement that somebody enters today: as `judge`, and it must leave today and the past as they are.

    What changes a regulation names the document that it rests on.
    """
    if override.effective_from <= today:
        earliest = today + timedelta(days=1)
        detail = f"生效日期 {override.effective_from} 不能用：最早为明日 {earliest}，今天和以前的结果仍按原来的数"
        return RefinementRefused(Reason.PAST, detail)
    verdict = judge(above, override)
    named = override.document or override.waiver
    if isinstance(verdict, Accepted) and above.kind is Kind.REGULATION and override.value is not None and not named:
        return RefinementRefused(Reason.NO_DOCUMENT, f"细化“{above.title}”须注明依据文件（{above.source}）")
    return verdict


def refined(above: Entry, override: Override) -> Entry:
    """The number as the locality has it. An override without a value leaves the number above as it is."""
    if override.value is None:
        return above
    basis = override.waiver or override.document
    if not basis and above.kind is Kind.REGULATION:
        basis = "地方细化"
    return replace(
        above,
        value=override.value,
        valid_from=override.effective_from,
        valid_to=override.effective_to,
        locality=override.locality,
        basis=basis,
    )
