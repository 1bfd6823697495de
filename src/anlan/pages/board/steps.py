"""What stands due for many warnings at once, in words: what, to whom, by whom, when. A constant number of queries.

The same truth as `warnings.selectors.steps_ahead`, which answers for one warning and looks further ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.apps.warnings.services.situation import clock_of
from anlan.apps.warnings.services.steps import notice_recipients, order_recipients
from anlan.rules.routing import Recipient
from anlan.rules.slots import Slot

SHOWN = (kinds.NOTICE, kinds.SITE_ORDER, kinds.REPORT)
JOINED = ("source", "enterprise__park")
"""What the board shows of a warning's surroundings."""
STANDING = (ObligationState.PENDING, ObligationState.OVERDUE)


@dataclass(frozen=True)
class Next:
    """One due thing. ``waits_for`` says who has to act: 自动 for the machine."""

    kind: str
    words: str
    to: str
    due_at: datetime
    waits_for: str
    automatic: bool
    overdue: bool
    warning: Warning


def next_steps(scope: Scope, warnings: Iterable[Warning], now: datetime) -> dict[int, list[Next]]:
    """The steps that stand for each warning by its key, an overdue report before all, then the soonest."""
    known = {warning.subject: warning for warning in warnings}
    found: dict[int, list[Next]] = {warning.pk: [] for warning in known.values()}
    if not known:
        return found
    rows = list(
        Obligation.objects.visible_to(scope).filter(subject__in=list(known), kind__in=SHOWN, state__in=STANDING)
    )
    places = registry.surroundings({known[row.subject].source_id for row in rows}, now) if rows else {}
    episodes = _episodes(scope, rows)
    for row in rows:
        warning = known[row.subject]
        found[warning.pk].append(_describe(row, warning, places[warning.source_id], episodes))
    for steps in found.values():
        steps.sort(key=lambda step: (not step.overdue, step.due_at))
    return found


def due_soon(scope: Scope, now: datetime, most: int = 8) -> list[Next]:
    """What falls due within the hour for any warning in scope, what is overdue first."""
    until = now + timedelta(hours=1)
    rows = Obligation.objects.visible_to(scope).filter(kind__in=SHOWN, state__in=STANDING, due_at__lte=until)
    soonest = list(rows.order_by("due_at", "pk").values_list("subject", flat=True)[:most])
    keys = {subject.partition(":")[2] for subject in soonest}
    steps = next_steps(scope, Warning.objects.visible_to(scope).filter(pk__in=keys).select_related(*JOINED), now)
    soon = [each for found in steps.values() for each in found if each.due_at <= until]
    return sorted(soon, key=lambda each: each.due_at)[:most]


def _episodes(scope: Scope, rows: Sequence[Obligation]) -> dict[int, LevelEpisode]:
    wanted = [row.payload["episode"] for row in rows if row.kind == kinds.NOTICE]
    if not wanted:
        return {}
    return {episode.pk: episode for episode in LevelEpisode.objects.visible_to(scope).filter(pk__in=wanted)}


def _describe(row: Obligation, warning: Warning, place: Surroundings, episodes: dict[int, LevelEpisode]) -> Next:
    overdue = row.state == ObligationState.OVERDUE
    match row.kind:
        case kinds.NOTICE:
            words = _("第 %(n)d 次警示通报") % {"n": row.step or 1}
            episode = episodes.get(row.payload["episode"])
            clock = clock_of(episode) if episode is not None else None
            to = _names(place, notice_recipients(clock.ladder, place) if clock else [])
            return Next(row.kind, words, f"→ {to}", row.due_at, _("自动"), True, overdue, warning)
        case kinds.SITE_ORDER:
            who = _names(place, order_recipients(Slot(row.payload["by"]), place))
            to = _("由 %(who)s 组织") % {"who": who}
            return Next(row.kind, _("现场核查督办"), to, row.due_at, _("自动"), True, overdue, warning)
        case _:
            words = _("处置报告逾期") if overdue else _("处置报告")
            to = _("结果、原因、措施")
            return Next(row.kind, words, to, row.due_at, _("企业"), False, overdue, warning)


def _names(place: Surroundings, recipients: Sequence[Recipient]) -> str:
    names = [_("企业") if each.id == place.context.enterprise else place.address(each).name for each in recipients]
    return "、".join(names) or _("无人可送")
