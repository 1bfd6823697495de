"""The words of notices. Recipients read these on a phone, at night: level, place, what is asked, until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from anlan.apps.alarms.models import LEVEL_LABELS
from anlan.apps.alarms.selectors import AlarmFigures, StandingAlarm
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Warning
from anlan.declared import Kind
from anlan.rules.calendar import civil
from anlan.rules.level import Level


def place_name(place: Surroundings) -> str:
    """Enterprise and source, short enough for a title."""
    return f"{place.enterprise.short_name or place.enterprise.name} {place.source.name}"


def clock_time(instant: datetime) -> str:
    """Month, day and time on the civil clock."""
    return f"{civil(instant):%m-%d %H:%M:%S}"


def length(span: timedelta) -> str:
    """A length of time in hours where it is whole hours, else in minutes."""
    minutes = int(span.total_seconds() // 60)
    if minutes % 60 == 0:
        return _("%(count)s小时") % {"count": minutes // 60}
    return _("%(count)s分钟") % {"count": minutes}


def _limit(value: str) -> str:
    return _("（限值 %(limit)s）") % {"limit": value}


def standing(alarm: StandingAlarm | None) -> str:
    """The sentence that names point, value and limit of the gravest alarm of a source; empty without an alarm."""
    if alarm is None:
        return ""
    words = _("%(tag)s %(name)s %(level)s%(value)s%(limit)s，%(at)s。")
    return words % {
        "tag": alarm.tag,
        "name": alarm.name,
        "level": LEVEL_LABELS.get(alarm.level, alarm.level),
        "value": "" if alarm.value is None else f" {alarm.value:.{alarm.decimals}f} {alarm.unit}",
        "limit": "" if alarm.limit is None else _limit(f"{alarm.limit:.{alarm.decimals}f}"),
        "at": clock_time(alarm.at),
    }


def first_out(first: dict[str, Any]) -> str:
    """The sentence that names the alarm that came first (首发); empty where the warning began without one."""
    if not first:
        return ""
    limit = first.get("limit")  # warnings that began under an older release keep none
    return _("首发：%(tag)s %(name)s %(level)s%(value)s%(limit)s，%(at)s。") % {
        "tag": first["tag"],
        "name": first["name"],
        "level": LEVEL_LABELS.get(first["level"], first["level"]),
        "value": "" if first["value"] is None else f" {first['value']:g} {first['unit']}",
        "limit": "" if limit is None else _limit(f"{limit:g}"),
        "at": clock_time(datetime.fromisoformat(first["at"])),
    }


def telling(
    kind: Kind, place: Surroundings, level: Level, warning: Warning, alarm: StandingAlarm | None
) -> tuple[str, str]:
    """Title and body of informed, upgraded, downgraded and cleared. What stands against a limit comes first: it is
    what a telephone shows of a message without its being opened."""
    words = {
        kinds.INFORMED: _("%(level)s：%(place)s"),
        kinds.UPGRADED: _("预警升级为%(level)s：%(place)s"),
        kinds.DOWNGRADED: _("预警降级为%(level)s：%(place)s"),
        kinds.CLEARED: _("预警已解除：%(place)s，解除前%(level)s"),
    }
    title = words[kind] % {"level": level.warning_name, "place": place_name(place)}
    number = _("预警编号 %(number)s。") % {"number": warning.number}
    if kind == kinds.CLEARED:
        return title, number + _("最高曾达%(level)s。") % {"level": Level(warning.highest).warning_name}
    body = (standing(alarm) or first_out(warning.first_out)) + number
    if reasons := "；".join(warning.grounds):
        body += _("定级依据（本地设定）：%(reasons)s。") % {"reasons": reasons}
    return title, body


def step(
    place: Surroundings, level: Level, number: int, stood: timedelta, missed: int, alarm: StandingAlarm | None
) -> tuple[str, str]:
    """Title and body of the n-th 警示通报."""
    title = _("警示通报（第%(step)s次）：%(place)s") % {"step": number, "place": place_name(place)}
    return title, _step_body(level, stood, missed) + standing(alarm)


@lru_cache(maxsize=256)
def _step_body(level: Level, stood: timedelta, missed: int) -> str:
    """The same words for all that fell due together; notices are written in the language of the installation."""
    body = _("%(level)s已持续%(stood)s，尚未处置降级。") % {"level": level.warning_name, "stood": length(stood)}
    if missed:
        body += _("系统停机期间应发的%(count)s次通报合并为本次。") % {"count": missed}
    return body


def site_order(place: Surroundings, level: Level, after: timedelta, alarm: StandingAlarm | None) -> tuple[str, str]:
    """Title and body of a 现场核查督办."""
    title = _("现场核查督办：%(place)s") % {"place": place_name(place)}
    body = _("%(level)s%(after)s内未降级，请组织现场核查督办并通过系统反馈。") % {
        "level": level.warning_name,
        "after": length(after),
    }
    return title, body + standing(alarm)


def flood(
    place: Surroundings, level: Level, figures: AlarmFigures, first: dict[str, Any], *, is_open: bool
) -> tuple[str, str]:
    """Title and body of the summary at the end of a flood of alarms (本地设定)."""
    title = _("报警汇总：%(place)s %(n)s 个测点报警") % {"place": place_name(place), "n": figures.points}
    body = first_out(first)
    worst = "、".join(f"{LEVEL_LABELS.get(each, each)} {count}" for each, count in figures.by_level.items())
    body += _("%(since)s 至 %(until)s 共 %(n)s 条报警：%(worst)s。") % {
        "since": clock_time(figures.since),
        "until": clock_time(figures.until),
        "n": figures.alarms,
        "worst": worst,
    }
    body += level.warning_name if is_open else _("预警已解除")
    return title, body + _("。逐条见报警记录。")


def report_due(place: Surroundings, due: datetime) -> tuple[str, str]:
    """Title and body of the reminder that a report is owed."""
    title = _("处置报告待报：%(place)s") % {"place": place_name(place)}
    return title, _("预警已解除，请不晚于 %(due)s 上报处置结果、原因分析、整改措施。") % {"due": clock_time(due)}


def report(place: Surroundings, late_by: timedelta, texts: dict[str, str]) -> tuple[str, str]:
    """Title and body of a report as the agencies get it."""
    title = _("处置报告：%(place)s") % {"place": place_name(place)}
    if late_by:
        title += _("（逾期）")
    body = _("处置结果：%(result)s\n原因分析：%(cause)s\n整改措施：%(measures)s") % texts
    return title, body


def report_overdue(place: Surroundings, due: datetime) -> tuple[str, str]:
    """Title and body of the item that a report did not come."""
    title = _("处置报告逾期：%(place)s") % {"place": place_name(place)}
    return title, _("企业应不晚于 %(due)s 上报处置情况，尚未上报。") % {"due": clock_time(due)}
