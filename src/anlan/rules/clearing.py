"""Who may clear or lower a warning, and when not (预警信息处置管理办法 第三条、第八条; WRN-07).

第八条 has the holders act "直至消警": the warning ends with its cause, not with a wish. Must never let anyone clear or
lower a warning below what the data still support.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from anlan.rules.level import Level
from anlan.rules.rulebook import READING_LABEL
from anlan.rules.settings import ClearUnconfirmed, WarningSettings


class ClearRefusal(StrEnum):
    """Why a warning is not cleared or lowered."""

    NOT_LOWER = "not_lower"
    CAUSE_STANDS = "cause_stands"
    NOT_ISSUER = "not_issuer"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Lowered:
    """The change stands. `confirmed_automatically`: nobody had confirmed; record a confirmation with that mark."""

    level: Level
    confirmed_automatically: bool


@dataclass(frozen=True, slots=True)
class LoweringRefused:
    """The change does not stand; `detail` is Chinese and says why."""

    reason: ClearRefusal
    detail: str


@dataclass(frozen=True, slots=True)
class OpenWarning:
    """An open warning as this decision sees it.

    `supported` is the level the data support now (what grading gives), `manual` the level somebody set by hand (`none`
    without), `issuer` that somebody, `causes` the standing causes in Chinese, for the refusal's text.
    """

    level: Level
    supported: Level
    confirmed: bool
    manual: Level = Level.NONE
    issuer: str = ""
    causes: tuple[str, ...] = ()


def judge_lowering(
    warning: OpenWarning, requested: Level, actor: str, settings: WarningSettings
) -> Lowered | LoweringRefused:
    """Judge a request to bring a warning down to `requested` (`none` clears it). The system is an actor like others.

    [reading] 第八条 says "直至消警" and not by whom: what somebody set by hand is lifted by them.
    """
    if requested >= warning.level:
        return LoweringRefused(ClearRefusal.NOT_LOWER, "所请求的级别不低于当前级别")
    if requested < warning.supported:
        causes = "；".join(warning.causes) or f"监测数据仍为{warning.supported.warning_name}"
        return LoweringRefused(ClearRefusal.CAUSE_STANDS, f"起因仍在，不能消警或降级：{causes}")
    if requested < warning.manual and actor != warning.issuer:
        return LoweringRefused(ClearRefusal.NOT_ISSUER, f"人工发布的预警由发布者解除（{READING_LABEL}）")
    unconfirmed = requested is Level.NONE and not warning.confirmed
    if unconfirmed and settings.clear_unconfirmed is ClearUnconfirmed.REFUSE:
        return LoweringRefused(ClearRefusal.UNCONFIRMED, "预警尚未确认，请先确认再消警（本地设定）")
    return Lowered(requested, confirmed_automatically=unconfirmed)
