"""预警信息处置管理办法（试行）: its articles as functions, in their order.

Numbers and recipients come from the rulebook, never from here. Must never decide which agency or person fills a slot;
that is `routing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from anlan.rules.calendar import Deadline, within
from anlan.rules.ladder import Ladder
from anlan.rules.level import WARNING_LEVELS, Level
from anlan.rules.rulebook import RulesInForce, load
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import POSTS, Slot
from anlan.rules.words import says_something

REPORT_TEXT_LABELS = {"result": "处置结果", "cause": "原因分析", "measures": "整改措施"}
"""The three texts of 第九条 by their field names."""


def levels() -> tuple[Level, ...]:
    """第二条: 预警信息分为红、橙、黄、蓝四级, gravest first."""
    return WARNING_LEVELS


def recipient_slots(level: Level, rules: RulesInForce, settings: WarningSettings) -> tuple[Slot, ...]:
    """第四条: the slots a warning of this level is sent to, at once and automatically. `none` is sent to nobody."""
    match level:
        case Level.YELLOW:
            return yellow_slots(rules)
        case Level.ORANGE:
            return orange_slots(rules)
        case Level.RED:
            return red_slots(rules)
        case Level.BLUE:
            return blue_slots(settings)
        case Level.NONE:
            return ()


def blue_slots(settings: WarningSettings) -> tuple[Slot, ...]:
    """第二条、第四条 name blue and no article addresses it (Q-10): the duty holders; 本地设定 may add county/park."""
    return (*POSTS, Slot.COUNTY_PARK) if settings.blue_to_cp else POSTS


def yellow_slots(rules: RulesInForce) -> tuple[Slot, ...]:
    """第五条: the three duty holders and the county (chemical park) department."""
    return _slots(rules, "warning.yellow.recipients")


def orange_slots(rules: RulesInForce) -> tuple[Slot, ...]:
    """第六条: those of yellow, and the city."""
    return _slots(rules, "warning.orange.recipients")


def red_slots(rules: RulesInForce) -> tuple[Slot, ...]:
    """第七条: those of orange, the province, and the CASST warning centre; the ministry itself sees by access."""
    return _slots(rules, "warning.red.recipients")


def report_due(cleared_at: datetime, rules: RulesInForce) -> Deadline:
    """第九条: within one hour of clearing, that instant included."""
    return within(cleared_at, rules.minutes("warning.report.minutes"))


def report_owed(highest: Level) -> bool:
    """第九条 [reading]: a warning that never rose above blue owes no report, for no article runs for blue."""
    return highest.at_least(Level.YELLOW)


def missing_report_texts(texts: Mapping[str, str], rules: RulesInForce) -> tuple[str, ...]:
    """第九条: which of the mandatory texts are absent or blank, by field name, in the article's order."""
    return tuple(name for name in rules.names("warning.report.texts") if not says_something(texts.get(name, "")))


def yellow_ladder(rules: RulesInForce) -> Ladder:
    """第十条: notice to the enterprise after 1 h and hourly, site order at 24 h, by the county (park)."""
    return _ladder(Level.YELLOW, rules)


def orange_ladder(rules: RulesInForce) -> Ladder:
    """第十一条: notice to the county (park) after 1 h and hourly, site order at 12 h, by the city."""
    return _ladder(Level.ORANGE, rules)


def red_ladder(rules: RulesInForce) -> Ladder:
    """第十二条: notice to the city after 30 min and half-hourly, site order at 2 h, by the province."""
    return _ladder(Level.RED, rules)


def ladder_for(level: Level, rules: RulesInForce) -> Ladder | None:
    """第十至十二条: the ladder that runs at this level; none at blue and at no warning."""
    match level:
        case Level.YELLOW:
            return yellow_ladder(rules)
        case Level.ORANGE:
            return orange_ladder(rules)
        case Level.RED:
            return red_ladder(rules)
        case Level.BLUE | Level.NONE:
            return None


def ladders(rules: RulesInForce) -> Mapping[Level, Ladder]:
    """第十至十二条: all ladders in force, by level."""
    return MappingProxyType({level: ladder for level in Level if (ladder := ladder_for(level, rules)) is not None})


def _slots(rules: RulesInForce, key: str) -> tuple[Slot, ...]:
    return tuple(Slot(name) for name in rules.names(key))


def _ladder(level: Level, rules: RulesInForce) -> Ladder:
    prefix = f"warning.{level}"
    first, repeat = rules.entry(f"{prefix}.first_notice_minutes"), rules.entry(f"{prefix}.repeat_minutes")
    return Ladder(
        level=level,
        first_after=rules.minutes(f"{prefix}.first_notice_minutes"),
        every=rules.minutes(f"{prefix}.repeat_minutes"),
        notice_to=Slot(rules.text(f"{prefix}.notice_to")),
        order_after=rules.minutes(f"{prefix}.site_order_minutes"),
        order_by=Slot(rules.text(f"{prefix}.tracker")),
        article=repeat.source if repeat.basis and not first.basis else first.source,
        order_article=rules.entry(f"{prefix}.site_order_minutes").source,
    )


LADDERS: Mapping[Level, Ladder] = ladders(load())
"""The three ladders as the regulation has them, for reading; a running episode uses `ladder_for` of its own day."""
