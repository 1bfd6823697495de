"""What stands against clearing a warning, read before anybody tries (预警信息处置管理办法 第八条; WRN-07).

The same rule judges as at the act, on the same rows, without holding anything: between the look and the act the answer
may change, and the act judges anew.
"""

from __future__ import annotations

from datetime import datetime

from anlan.apps.alarms import selectors as alarms
from anlan.apps.org.actor import Actor
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.services.regrading import as_open
from anlan.apps.warnings.services.situation import Standing
from anlan.rules.clearing import LoweringRefused, judge_lowering
from anlan.rules.episodes import SourceState
from anlan.rules.grading import grade, load_model
from anlan.rules.level import Level


def against_clearing(warning: Warning, actor: Actor, now: datetime) -> LoweringRefused | None:
    """Why ``actor`` could not clear the open ``warning`` now; None when they could. It was found in a scope."""
    place = registry.surroundings([warning.source_id], now)[warning.source_id]
    with_edge = place.rules.flag("edge_alarms_grade")
    graded = grade(alarms.active_alarms_of(warning.source_id, with_edge=with_edge), now, load_model(place.rules))
    standing = Standing(place, warning, None, {}, SourceState(level=Level(warning.level)))
    verdict = judge_lowering(as_open(standing, graded, actor), Level.NONE, actor.id, place.settings)
    return verdict if isinstance(verdict, LoweringRefused) else None
