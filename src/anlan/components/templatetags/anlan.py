"""Tags and filters of the component set: times, countdowns, levels, values.

Everything here only formats; the instant comes from the context (`now`, put there by `anlan.pages.context`), never from
a clock of its own, so that a page and its fragments agree with each other and with the browser's ticking.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from anlan.rules import calendar
from anlan.rules.level import Level

register = template.Library()

LEVELS = ("red", "orange", "yellow", "blue")
HOT = timedelta(minutes=10)
"""A countdown shorter than this is drawn in full ink."""


def epoch_ms(instant: datetime) -> int:
    """Milliseconds since 1970, as the browser counts."""
    return int(instant.timestamp() * 1000)


def duration_words(seconds: float) -> str:
    """``3 天 4 小时``, ``1 小时 41 分``, ``52 分``, ``不到 1 分``: two units at most, truncated."""
    minutes = max(0, int(seconds)) // 60
    if minutes == 0:
        return _("不到 1 分")
    if minutes < 60:
        return _("%(m)d 分") % {"m": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": minutes}
    days, hours = divmod(hours, 24)
    return _("%(d)d 天 %(h)d 小时") % {"d": days, "h": hours}


def clock_words(seconds: float) -> str:
    """``mm:ss`` below an hour, ``h:mm`` above, ``d 天 h:mm`` above two days."""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    hours, minutes = divmod(whole // 60, 60)
    if hours < 48:
        return f"{hours}:{minutes:02d}"
    return _("%(d)d 天 %(h)d:%(m)02d") % {"d": hours // 24, "h": hours % 24, "m": minutes}


@register.filter
def ms(instant: datetime | None) -> int | str:
    """Epoch milliseconds for a data attribute; empty without an instant."""
    return epoch_ms(instant) if instant else ""


@register.filter
def stamp(instant: datetime | None) -> str:
    """Date and time to the second in Asia/Shanghai."""
    return calendar.civil(instant).strftime("%Y-%m-%d %H:%M:%S") if instant else "–"


@register.filter
def hms(instant: datetime | None) -> str:
    """Time of day to the second in Asia/Shanghai."""
    return calendar.civil(instant).strftime("%H:%M:%S") if instant else "–"


def short_time(instant: datetime | None, now: datetime, seconds: bool = False) -> str:
    """Time of day; with the month and day in front when it is not today."""
    if instant is None:
        return "–"
    shown = calendar.civil(instant)
    text = shown.strftime("%H:%M:%S" if seconds else "%H:%M")
    if shown.date() == calendar.civil_day(now):
        return text
    return f"{shown.month}-{shown.day} {text}"


@register.simple_tag(takes_context=True)
def at(context: template.Context, instant: datetime | None, seconds: bool = False) -> str:
    """``{% at instant %}``: 09:41, or 11-21 09:41 when it is not today. With ``seconds=True`` to the second."""
    return short_time(instant, context["now"], seconds)


@register.simple_tag(takes_context=True)
def lasting(context: template.Context, start: datetime | None, end: datetime | None = None) -> SafeString | str:
    """``{% lasting start %}``: how long since, in words, ticking in the browser; with an end it stands still."""
    if start is None:
        return "–"
    if end is not None:
        return duration_words((end - start).total_seconds())
    words = duration_words((context["now"] - start).total_seconds())
    return format_html('<span data-since="{}">{}</span>', epoch_ms(start), words)


@register.simple_tag(takes_context=True)
def age(context: template.Context, start: datetime | None, end: datetime | None = None) -> SafeString | str:
    """``{% age start %}``: the same as h:mm for narrow columns; with an end it stands still."""
    if start is None:
        return "–"
    minutes = max(0, int(((end or context["now"]) - start).total_seconds())) // 60
    text = f"{minutes // 60}:{minutes % 60:02d}"
    if minutes >= 48 * 60:
        text = _("%(d)d 天") % {"d": minutes // 1440}
    if end is not None:
        return format_html('<span title="{}">{}</span>', duration_words(minutes * 60), text)
    return format_html('<span data-age="{}" title="{}">{}</span>', epoch_ms(start), duration_words(minutes * 60), text)


@register.simple_tag(takes_context=True)
def countdown(context: template.Context, due: datetime | None, css: str = "") -> SafeString:
    """``{% countdown due %}``: time left, ticking in the browser; past its time it says 已超 and counts up."""
    if due is None:
        return format_html('<span class="cd faint {}">–</span>', css)
    left = (due - context["now"]).total_seconds()
    if left >= 0:
        state, text = ("hot" if left < HOT.total_seconds() else ""), clock_words(left)
    else:
        state, text = "over", _("已超 %(t)s") % {"t": clock_words(-left)}
    return format_html(
        '<time class="cd {} {}" role="timer" datetime="{}" data-due="{}">{}</time>',
        state,
        css,
        due.isoformat(),
        epoch_ms(due),
        text,
    )


@register.filter
def level_class(level: str | None) -> str:
    """CSS class of a level: ``l-red`` … ``l-blue``, else ``l-none``."""
    return f"l-{level}" if level in LEVELS else "l-none"


@register.filter
def level_words(level: str | None) -> str:
    """红色 重大 and so on; 无预警 for none."""
    if level not in LEVELS:
        return _("无预警")
    known = Level(str(level))
    return f"{known.colour}{_('色')} {known.risk}"


@register.filter
def warning_words(level: str | None) -> str:
    """橙色预警 and so on."""
    return f"{Level(str(level)).colour}{_('色预警')}" if level in LEVELS else _("无预警")


@register.simple_tag
def level_badge(level: str | None, past: bool = False) -> SafeString:
    """``{% level_badge level %}``: bar and word, never colour alone. ``past=True`` for a level that is over."""
    if level not in LEVELS:
        return format_html('<span class="state">{}</span>', _("无预警"))
    css = "badge-lv past" if past else "badge-lv"
    return format_html('<span class="{} l-{}">{}</span>', css, level, level_words(level))


def figure(value: Any, decimals: int | None) -> str:
    """A measured value with the sensor's decimals; a dash without one."""
    if value is None or value == "":
        return "–"
    places = 2 if decimals is None else int(decimals)
    return f"{float(value):.{places}f}"


@register.filter
def number(value: Any, decimals: Any = 2) -> str:
    """``{{ value|number:point.decimals }}``."""
    return figure(value, decimals)


@register.inclusion_tag("components/limits.html")
def limits_bar(point: Any, value: float | None, level: str = "", stale: bool = False) -> dict[str, Any]:
    """The small bar: range, a tick per limit (alarm limits thin, HH and LL thick), the value as a mark."""
    low, high = float(point.range_min), float(point.range_max)
    span = (high - low) or 1.0

    def place(where: float) -> str:
        return f"{min(100.0, max(0.0, (where - low) / span * 100)):.1f}"

    marks = [
        {"left": place(limit), "hard": name in ("hh", "ll"), "title": f"{words} {figure(limit, point.decimals)}"}
        for name, words in (("ll", _("低低限")), ("l", _("低限")), ("h", _("高限")), ("hh", _("高高限")))
        if (limit := getattr(point, name)) is not None
    ]
    return {
        "marks": marks,
        "value": None if value is None else place(value),
        "level": level,
        "stale": stale,
        "code": point.code,
        "low": low,
        "span": span,
    }


@register.simple_tag
def without(page: Any, name: str) -> str:
    """``{% without page "enterprise" %}``: the address of the list without one of its filters."""
    return str(page.without(name))
