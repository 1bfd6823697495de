"""One number of the rulebook: what it is, where it stands, since when, and which way is stricter.

Must never present a local setting as law: a regulation names its article, a local setting cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Value = int | str | bool | tuple[str, ...]


class Kind(StrEnum):
    """Whether an article says it or we had to decide."""

    REGULATION = "regulation"
    LOCAL_SETTING = "local_setting"


class Stricter(StrEnum):
    """Which way a locality may move a number without a waiver (GEN-04)."""

    LOWER = "lower"  # sooner, more often, earlier in the day
    HIGHER = "higher"  # more of it
    SUPERSET = "superset"  # items may be added, none dropped
    FIXED = "fixed"  # not at all
    FREE = "free"  # local settings: any allowed value


STRICTER_LABELS = {
    Stricter.LOWER: "只能更短、更早",
    Stricter.HIGHER: "只能更大",
    Stricter.SUPERSET: "只能增加，不能减少",
    Stricter.FIXED: "不能改",
    Stricter.FREE: "可由本地设定",
}
LOCAL_LABEL = "本地设定"
READING_LABEL = "读法"
"""Stands behind an article that is silent on the very case: how we read it (docs/explanation/law.md)."""
REGULATION_LABEL = "规定"
REFINED_LABEL = "地方细化"
DATE_NOT_HELD = "自公布之日（日期未存）"


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one number.

    `valid_from` None means that the date is not held (Q-47): the version then counts for every date before the next
    version. `valid_to` is the last day on which it counts. `locality` and `basis` are set when a locality refined it.
    `words` has the Chinese word for each name that the value may hold. `says` is our own short wording of what the
    article demands, or of what no article says. `waits_for` names the function that will use the number, where none
    does yet. A `system_wide` number is one for all localities and cannot be refined by one of them.
    """

    key: str
    title: str
    value: Value
    unit: str
    kind: Kind
    document: str
    article: str
    stricter: Stricter
    valid_from: date | None
    valid_to: date | None
    choices: tuple[str, ...] = ()
    choice_labels: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    note: str = ""
    says: str = ""
    waits_for: str = ""
    system_wide: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    locality: str = ""
    basis: str = ""

    @property
    def source(self) -> str:
        """Shown beside the value: 预警信息处置管理办法 第九条, or 本地设定; a refinement adds its document."""
        law = f"{self.document} {self.article}" if self.kind is Kind.REGULATION else LOCAL_LABEL
        return f"{law}（{self.basis}）" if self.basis else law

    @property
    def article_words(self) -> str:
        """The article beside a number that a locality may have refined: 第九条, or 第九条，地方细化：甲."""
        return f"{self.article}，{REFINED_LABEL}：{self.basis}" if self.locality else self.article

    @property
    def flag(self) -> str:
        """What the reader must know first: 规定, 地方细化 (a regulation that a locality refined) or 本地设定."""
        if self.kind is Kind.LOCAL_SETTING:
            return LOCAL_LABEL
        return REFINED_LABEL if self.locality else REGULATION_LABEL

    @property
    def may_become(self) -> str:
        """What a locality may put in its place without a waiver, in Chinese."""
        if self.system_wide:
            return "全系统共用，不按地区设定"
        return STRICTER_LABELS[self.stricter]

    @property
    def bound_text(self) -> str:
        """How far a locality may go without a waiver, in Chinese: 不得小于 5 家."""
        match self.stricter:
            case Stricter.HIGHER:
                return f"不得小于 {self.value_text}"
            case Stricter.LOWER:
                return f"不得{'晚于' if isinstance(self.value, str) else '大于'} {self.value_text}"
            case Stricter.SUPERSET:
                return f"不得少于 {self.value_text}"
            case Stricter.FIXED:
                return f"须为 {self.value_text}"
            case Stricter.FREE:
                return ""

    @property
    def validity(self) -> str:
        """Shown as the validity: 2024-01-01 起, or that the date is not held."""
        if self.valid_from is None:
            start = DATE_NOT_HELD if self.kind is Kind.REGULATION else "随系统提供"
        else:
            start = f"{self.valid_from.isoformat()} 起"
        return start if self.valid_to is None else f"{start}，至 {self.valid_to.isoformat()}"

    @property
    def value_text(self) -> str:
        """The value as a user reads it, with its unit where it is a number."""
        return self.text_of(self.value)

    @property
    def value_words(self) -> str:
        """As `value_text`, with hours beside minutes where the article speaks of hours: 1440 分钟（24 小时）."""
        if isinstance(self.value, int) and self.unit == "分钟" and self.value and self.value % 60 == 0:
            return f"{self.value_text}（{self.value // 60} 小时）"
        return self.value_text

    def text_of(self, value: Value) -> str:
        """Any value of this number as a user reads it."""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, tuple):
            return "、".join(self.words.get(name, name) for name in value)
        if isinstance(value, str):
            return self.words.get(value, value)
        return f"{value} {self.unit}"

    def in_force(self, on: date) -> bool:
        """Whether this version counts on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    def fault_of(self, value: object) -> str:
        """Why the value cannot stand here at all (type, choice, range), in Chinese; empty when it can."""
        if type(value) is not type(self.value):
            return f"“{self.title}”的取值类型不符"
        chosen = value if isinstance(value, tuple) else (value,)
        if self.choices and not set(chosen) <= set(self.choices):
            return f"“{self.title}”只能取：{'、'.join(f'{choice}（{self.words[choice]}）' for choice in self.choices)}"
        if isinstance(value, int) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                return f"“{self.title}”不得小于 {self.minimum} {self.unit}"
            if self.maximum is not None and value > self.maximum:
                return f"“{self.title}”不得大于 {self.maximum} {self.unit}"
            if self.kind is Kind.REGULATION and value <= 0:
                return f"“{self.title}”必须大于 0"
        if isinstance(value, str) and _is_clock(self.value) and not _is_clock(value):
            return f"“{self.title}”须为 时:分，例如 {self.value}"
        return ""

    def loosens(self, value: Value) -> bool:
        """Whether the value lies on the laxer side of this one (an equal value never does)."""
        if value == self.value:
            return False
        match self.stricter:
            case Stricter.LOWER:
                return _order(value) > _order(self.value)
            case Stricter.HIGHER:
                return _order(value) < _order(self.value)
            case Stricter.SUPERSET:
                return not set(_items(value)) >= set(_items(self.value))
            case Stricter.FIXED:
                return True
            case Stricter.FREE:
                return False


def _order(value: Value) -> tuple[int, str]:
    """An order for numbers and for clock times; both operands of a comparison have the same type (`fault_of`)."""
    return (value, "") if isinstance(value, int) else (0, str(value))


def _items(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _is_clock(value: object) -> bool:
    if not isinstance(value, str) or len(value) != 5 or value[2] != ":":
        return False
    hours, minutes = value[:2], value[3:]
    return hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60
