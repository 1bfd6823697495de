"""Rows of the board: a warning with its first-out point, live value, duty holders and next steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from anlan.apps.alarms.models.alarm import LEVEL_LABELS
from anlan.apps.gateways.selectors import LiveValue, live
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import DutyPost, Point
from anlan.apps.warnings.models import Warning
from anlan.components.templatetags.anlan import short_time
from anlan.pages.board.steps import JOINED, Next, next_steps
from anlan.rules.level import Level

STALE = timedelta(seconds=60)
"""A live value older than this, or than twelve of its own periods, is shown as stale (local setting)."""
SHORT_POST = {DutyPost.MAIN: _("主要"), DutyPost.TECHNICAL: _("技术"), DutyPost.OPERATIONS: _("操作")}


@dataclass(frozen=True)
class Holder:
    """One duty holder's post. ``name`` empty: the post is vacant."""

    post: str
    name: str
    confirmed: bool

    @property
    def css(self) -> str:
        return ("yes" if self.confirmed else "no") if self.name else "none"


@dataclass
class Row:
    """One warning on the board."""

    warning: Warning
    now: datetime
    point: Point | None = None
    live: LiveValue | None = None
    holders: list[Holder] = field(default_factory=list)
    steps: list[Next] = field(default_factory=list)

    @property
    def next(self) -> Next | None:
        return self.steps[0] if self.steps else None

    @property
    def confirmed(self) -> int:
        return sum(holder.confirmed for holder in self.holders)

    @property
    def posts(self) -> int:
        return sum(1 for holder in self.holders if holder.name)

    @property
    def is_over(self) -> bool:
        return self.warning.cleared_at is not None

    @property
    def decimals(self) -> int:
        return self.point.decimals if self.point else 2

    @property
    def first(self) -> dict[str, Any]:
        return self.warning.first_out or {}

    @property
    def name(self) -> str:
        """Tag and name of the first-out point."""
        if self.point:
            return f"{self.point.tag} {self.point.name}"
        return f"{self.first.get('tag', '')} {self.first.get('name', '')}".strip()

    @property
    def short_name(self) -> str:
        return self.point.name if self.point else str(self.first.get("name", ""))

    @property
    def unit(self) -> str:
        return self.point.unit if self.point else str(self.first.get("unit", ""))

    @property
    def value(self) -> float | None:
        """The live value, else the one that raised the alarm."""
        return self.live.value if self.live and self.live.value is not None else self.first.get("value")

    @property
    def is_stale(self) -> bool:
        """No live value, or an old one: drawn grey."""
        if self.live is None or self.live.value is None or self.live.sampled_at is None:
            return True
        period = timedelta(seconds=12 * self.point.period_s) if self.point else STALE
        return self.now - self.live.sampled_at > max(STALE, period) or self.live.quality > 1

    @property
    def stale_after_ms(self) -> int:
        period = 12 * self.point.period_s if self.point else 0
        return int(max(STALE.total_seconds(), period) * 1000)

    @property
    def level(self) -> str:
        return self.warning.shown_level

    @property
    def since_words(self) -> str:
        """How the first-out point stands now, then what it began with: 高于高高报 1.58，升 0.03/分；首发 高报 1.50."""
        if self.is_over:
            return _("已消警，等处置报告") if self.steps else _("已消警")
        return "；".join(filter(None, (self.present_words, self.first_words)))

    @property
    def present_words(self) -> str:
        """The live value against the point's limits as they are set now, with its direction; empty without a point."""
        if self.point is None:
            return ""
        if self.live is None or self.live.value is None:
            return _("没有现值，所示为首发时的值") if self.value is not None else _("没有现值")
        if self.is_stale:
            since = self.live.sampled_at
            return _("数据陈旧，停在 %(at)s") % {"at": short_time(since, self.now)} if since else _("数据陈旧")
        level = self._passed
        if not level:
            return f"{_('在限内')}{self.direction}"
        way = _("高于%(limit)s") if level in ("H", "HH") else _("低于%(limit)s")
        return f"{way % {'limit': self._limit_words(level)}}{self.direction}"

    @property
    def first_words(self) -> str:
        """首发 高报 1.512（限值 1.500）: what was measured first, and the limit that it passed as it was then; without
        the limit where `present_words` names the same one."""
        level = str(self.first.get("level", ""))
        if not level:
            return ""
        value, limit = self.first.get("value"), self.first.get("limit")
        words = _("首发 %(level)s") % {"level": LEVEL_LABELS.get(level, level)}
        if isinstance(value, int | float):
            words += f" {value:.{self.decimals}f}"
        if not isinstance(limit, int | float) or (self._passed == level and _limit(self.point, level) == limit):
            return words
        return f"{words}（{_('限值')} {limit:.{self.decimals}f}）"

    @property
    def first_at(self) -> datetime | None:
        return parse_datetime(str(self.first.get("at", "")))

    @property
    def _passed(self) -> str:
        """The gravest limit that the live value has passed; empty without one, and for a stale value."""
        if self.point is None or self.live is None or self.live.value is None or self.is_stale:
            return ""
        return passed(self.point, self.live.value)

    def _limit_words(self, level: str) -> str:
        limit = _limit(self.point, level)
        words = str(LEVEL_LABELS.get(level, level))
        return words if limit is None or self.point is None else f"{words} {limit:.{self.point.decimals}f}"

    @property
    def direction(self) -> str:
        """，升 0.03/分 — from the engine's trend; empty when it says nothing."""
        trend = self.live.trend if self.live else None
        if trend is None or self.point is None:
            return ""
        span = self.point.range_max - self.point.range_min
        if abs(trend) < span / 5000:
            return _("，平稳")
        places = self.point.decimals + (1 if abs(trend) < 10**-self.point.decimals else 0)
        return (_("，升 %(v)s/分") if trend > 0 else _("，降 %(v)s/分")) % {"v": f"{abs(trend):.{places}f}"}

    @property
    def arrow(self) -> str:
        trend = self.live.trend if self.live else None
        if trend is None or self.point is None:
            return ""
        if abs(trend) < (self.point.range_max - self.point.range_min) / 5000:
            return "→"
        return "↑" if trend > 0 else "↓"


@dataclass
class Board:
    """The rows, and whether the engine answered when it was asked for live values."""

    rows: list[Row]
    answered: bool = True

    @property
    def groups(self) -> list[tuple[str, list[Row]]]:
        """Open warnings, then under their own title those that are cleared and only owe a report; none is left out."""
        over = [row for row in self.rows if row.is_over]
        parts = [("", [row for row in self.rows if not row.is_over]), (_("已消警待报告"), over)]
        return [part for part in parts if part[1]]

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def running(scope: Scope) -> QuerySet[Warning]:
    """Warnings that still ask for something: open ones, and cleared ones that owe a report. Gravest first."""
    rows = Warning.objects.visible_to(scope).filter(closed_at__isnull=True)
    reached = [When(cleared_at__isnull=False, highest=level, then=Value(level.rank)) for level in Level]
    shown_rank = Case(*reached, default=F("rank"), output_field=IntegerField())
    shown = rows.annotate(is_over=Q(cleared_at__isnull=False), shown_rank=shown_rank)
    return shown.order_by("is_over", "-shown_rank", F("next_due_at").asc(nulls_last=True), "pk")


def board(
    warnings: QuerySet[Warning] | Iterable[Warning],
    scope: Scope,
    now: datetime,
    *,
    steps: dict[int, list[Next]] | None = None,
) -> Board:
    """Rows for ``warnings`` (a scoped queryset, or its rows joined by `JOINED`). ``steps``: `next_steps`, if known."""
    if isinstance(warnings, QuerySet):
        warnings = warnings.select_related(*JOINED).prefetch_related("source__duty_holders__person", "confirmations")
    known = list(warnings)
    codes = {str(w.first_out.get("point")) for w in known if w.first_out.get("point")}
    points = {p.code: p for p in Point.objects.visible_to(scope).filter(code__in=codes)} if codes else {}
    answer = live(points) if points else None
    due = next_steps(scope, known, now) if steps is None else steps
    rows = []
    for warning in known:
        point = points.get(str(warning.first_out.get("point", "")))
        value = answer.get(point.code) if answer and point else None
        rows.append(Row(warning, now, point, value, holders(warning, now), due.get(warning.pk, [])))
    return Board(rows, answered=answer.answered if answer else True)


def holders(warning: Warning, now: datetime) -> list[Holder]:
    """The three posts of the source as they are held now, and who confirmed this warning."""
    confirmed = {each.person_id for each in warning.confirmations.all() if not each.automatic}
    found = []
    for post in DutyPost.values:
        held = [
            duty
            for duty in warning.source.duty_holders.all()
            if duty.post == post and duty.valid_from <= now and (duty.valid_until is None or duty.valid_until > now)
        ]
        duty = held[-1] if held else None
        found.append(
            Holder(
                SHORT_POST[DutyPost(post)], duty.person.name if duty else "", bool(duty and duty.person_id in confirmed)
            )
        )
    return found


def passed(point: Point, value: float) -> str:
    """The furthest limit that ``value`` has reached: HH, H, LL, L; empty within the limits."""
    for level in ("HH", "LL", "H", "L"):
        limit = _limit(point, level)
        if limit is not None and (value >= limit if level in ("H", "HH") else value <= limit):
            return level
    return ""


def _limit(point: Point | None, level: str) -> float | None:
    if point is None or level not in ("HH", "H", "L", "LL"):
        return None
    value: float | None = getattr(point, level.lower())
    return value
