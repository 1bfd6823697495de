"""The due things of a warning beside the acts that planned, fired, fulfilled or ended them.

What was due and when follows from the level episodes and their ladders; what became of it stands in the acts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from anlan.apps.journal.models import Entry
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import LevelEpisode, SiteOrder, Warning
from anlan.roles.auditor.acts.domain import apart, milli, shown
from anlan.rules.ladder import Ladder, notice_due, order_due
from anlan.rules.level import Level
from anlan.rules.warning_handling import report_owed

_WENT = (ObligationState.FIRED, ObligationState.MISSED)


def compare(
    warning: Warning, episodes: Sequence[LevelEpisode], orders: Sequence[SiteOrder], rows: Sequence[Obligation],
    acts: Sequence[Entry],
) -> Iterator[str]:  # fmt: skip
    """Every difference of the due things of one warning."""
    known = {row.key: row for row in rows}
    yield from _notices(episodes, known, acts)
    yield from _orders(episodes, orders, known, acts)
    yield from _report(warning, known, acts)
    floods = sum(1 for act in acts if act.act == "flood_summarised")
    told = sum(1 for row in rows if row.kind == kinds.SUMMARY and row.state in _WENT)
    if told != floods:
        yield f"报警汇总现有 {told} 项，按记录应有 {floods} 项"


def _notices(episodes: Sequence[LevelEpisode], known: dict[str, Obligation], acts: Sequence[Entry]) -> Iterator[str]:
    went = _went(acts)
    left = {due for act in acts if act.act == "notices_missed" for due in map(milli, act.said["steps"].values())}
    done: set[datetime | None] = set()
    for episode in episodes:
        ladder = _ladder(episode)
        prefix = f"notice:e{episode.pk}:"
        mine = {row.step: row for key, row in known.items() if key.startswith(prefix)}
        if ladder is None:
            continue
        numbers = sorted(number for number in mine if number is not None)
        if not numbers or numbers != list(range(numbers[0], numbers[-1] + 1)):
            yield f"{episode.get_level_display()}的警示通报缺少应有的到期事项"
            continue
        if episode.ended_at is None and mine[numbers[-1]].state != ObligationState.PENDING:
            yield f"{episode.get_level_display()}的下一次警示通报不在待办中"
        for number in numbers:
            row, due = mine[number], milli(mine[number].due_at)
            what = f"{episode.get_level_display()}第 {number} 次警示通报"
            should = notice_due(ladder, episode.clock_started_at, number)
            if row.due_at != should:
                yield apart(f"{what}的时限", row.due_at, should)
            if row.state in _WENT:
                done.add(due)
                if row.fired_at is not None and row.done_at is not None:
                    yield apart(f"{what}的完成时间", row.done_at, None)
                if due not in went and not (row.state == ObligationState.MISSED and due in left):
                    yield f"{what}记为“{row.get_state_display()}”，记录中没有发出"
                elif due in went and row.fired_at is not None and row.fired_at not in went[due]:
                    yield apart(f"{what}的执行时间", row.fired_at, min(went[due]))
            elif row.state == ObligationState.PENDING:
                if episode.ended_at is not None:
                    yield f"{what}仍待到期，而这一级别已经结束"
            elif row.state != ObligationState.CANCELLED or episode.ended_at is None:
                yield f"{what}记为“{row.get_state_display()}”，与经过不符"
            elif row.done_at is not None and row.done_at != episode.ended_at:
                yield apart(f"{what}的取消时间", row.done_at, episode.ended_at)
    for due in went.keys() - done:
        yield f"应在 {shown(due)} 的警示通报记录中已发出，到期事项不在"


def _went(acts: Sequence[Entry]) -> dict[datetime | None, set[datetime]]:
    """When what fell due was sent or recorded as missed, by due time to the millisecond."""
    went: dict[datetime | None, set[datetime]] = defaultdict(set)
    for act in acts:
        if act.act == "notice_sent":
            for due in (act.said["due"], *act.said["missed"]):
                went[milli(due)].add(act.at)
    return went


def _orders(
    episodes: Sequence[LevelEpisode], orders: Sequence[SiteOrder], known: dict[str, Obligation], acts: Sequence[Entry]
) -> Iterator[str]:
    issued = {order.episode_id: order for order in orders}
    missed = {milli(act.said["due"]) for act in acts if act.act == "site_order_missed"}
    ends = {episode.ended_at for episode in episodes}
    clocks: dict[tuple[str, datetime], list[LevelEpisode]] = defaultdict(list)
    for episode in episodes:
        if _ladder(episode) is not None:
            clocks[episode.level, episode.clock_started_at].append(episode)
    for (_level, started), runs in clocks.items():
        rows = [known[f"site_order:e{run.pk}"] for run in runs if f"site_order:e{run.pk}" in known]
        if not rows and runs[0].started_at == started:
            yield f"{runs[0].get_level_display()}的现场核查督办缺少到期事项"
    for episode in episodes:
        row, order, ladder = known.get(f"site_order:e{episode.pk}"), issued.get(episode.pk), _ladder(episode)
        what = f"{episode.get_level_display()}的现场核查督办"
        if order is not None and row is None:
            yield f"{what}缺少到期事项"
        if row is None or ladder is None:
            continue
        if row.due_at != (should := order_due(ladder, episode.clock_started_at)):
            yield apart(f"{what}的时限", row.due_at, should)
        if row.state in _WENT:
            if order is None and not (row.state == ObligationState.MISSED and milli(row.due_at) in missed):
                yield f"{what}记为“{row.get_state_display()}”，记录中没有发出"
            elif order is not None and row.fired_at != order.issued_at:
                yield apart(f"{what}的执行时间", row.fired_at, order.issued_at)
        elif order is not None:
            yield f"{what}记为“{row.get_state_display()}”，记录中已经发出"
        elif row.state == ObligationState.CANCELLED:
            if row.done_at not in ends:
                yield f"{what}记为在 {shown(row.done_at)} 取消，那时没有级别变化"
        elif row.state != ObligationState.PENDING:
            yield f"{what}记为“{row.get_state_display()}”，与经过不符"


def _report(warning: Warning, known: dict[str, Obligation], acts: Sequence[Entry]) -> Iterator[str]:
    row = known.get(f"report:w{warning.pk}")
    owed = warning.cleared_at is not None and report_owed(Level(warning.highest))
    if (row is not None) != owed:
        yield "处置报告的到期事项" + ("已不在" if owed else "多出一项")
    if row is None:
        return
    state, at, due = ObligationState.PENDING, None, None
    fired = None
    for act in acts:
        match act.act:
            case "report_overdue":
                state, fired, due = ObligationState.OVERDUE, act.at, act.said["due"]
            case "reported":
                state = ObligationState.LATE if act.said["late"] else ObligationState.DONE
                at, due = act.at, act.said["due"]
    if row.state != state:
        yield apart("处置报告的状态", row.get_state_display(), ObligationState(state).label)
    if row.done_at != at:
        yield apart("处置报告的完成时间", row.done_at, at)
    if row.fired_at != fired:
        yield apart("处置报告的逾期时间", row.fired_at, fired)
    if due is not None and milli(due) != milli(row.due_at):
        yield apart("处置报告的时限", row.due_at, milli(due))


def _ladder(episode: LevelEpisode) -> Ladder | None:
    return Ladder.from_json(json.dumps(episode.ladder)) if episode.ladder else None
