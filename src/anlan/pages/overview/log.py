"""The one log line of the wall: what happened last, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan.apps.alarms.selectors.alarms import limit_alarms
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import Act, ActKind, Confirmation, LevelEpisode, WarningLevel
from anlan.rules.level import Level

LINES = 6
VERBS = {
    ActKind.MEASURE: _lazy("记录处置"),
    ActKind.CLEAR_REFUSED: _lazy("申请消警被拒"),
    ActKind.LEVEL: _lazy("人工定级"),
    ActKind.REPORT_REFUSED: _lazy("上报的处置报告被退回"),
    ActKind.DELEGATE: _lazy("委派现场核查"),
    ActKind.REMARK: _lazy("反馈跟踪情况"),
}
"""What somebody did, as the wall says it; a clearing is told from the level's own record."""


@dataclass(frozen=True)
class WallLine:
    at: datetime
    words: str


def lines(scope: Scope) -> list[WallLine]:
    """The newest alarms beyond a limit, changes of level, clearings, confirmations and acts, merged; five queries."""
    found = [
        _line(alarm.raised_at, alarm.enterprise, alarm.point.tag, _("发生%(label)s") % {"label": alarm.worst_label})
        for alarm in limit_alarms(scope).select_related("enterprise", "point").order_by("-raised_at")[:LINES]
    ]
    episodes = LevelEpisode.objects.visible_to(scope).select_related("enterprise", "warning__source")
    earlier = LevelEpisode.objects.visible_to(scope).filter(
        warning=OuterRef("warning"), ended_at=OuterRef("started_at")
    )
    for each in episodes.annotate(before=Subquery(earlier.values("level")[:1])).order_by("-started_at")[:LINES]:
        found.append(_line(each.started_at, each.enterprise, each.warning.source, _change(each.before, each.level)))
    for past in episodes.filter(ended_to=WarningLevel.NONE).order_by("-ended_at")[:LINES]:
        if past.ended_at is not None:
            found.append(_line(past.ended_at, past.enterprise, past.warning.source, _("消警")))
    found += [
        _line(each.at, each.enterprise, each.name, _("确认预警"))
        for each in Confirmation.objects.visible_to(scope)
        .filter(automatic=False)
        .select_related("enterprise")
        .order_by("-at")[:LINES]
    ]
    acts = Act.objects.visible_to(scope).exclude(kind=ActKind.CLEAR).select_related("enterprise")  # told above
    found += [
        _line(act.at, act.enterprise, act.actor_name, VERBS[ActKind(act.kind)]) for act in acts.order_by("-at")[:LINES]
    ]
    return sorted(found, key=lambda line: line.at, reverse=True)[:LINES]


def _line(at: datetime, *words: Any) -> WallLine:
    return WallLine(at, " ".join(str(word) for word in words))


def _change(before: str | None, level: str) -> str:
    """What a level episode began with, in a verb."""
    now = Level(level)
    words = {"level": f"{now.colour}{_('色预警')}"}
    if before is None:
        return _("发布%(level)s") % words
    return (_("升为%(level)s") if now > Level(before) else _("降为%(level)s")) % words
