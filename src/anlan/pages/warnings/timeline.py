"""The dossier's timeline in words: what happened, where we stand, what is still to come and by which article.

The facts come from `warnings.selectors.timeline`; here tellings of one instant are gathered under the change of level
that caused them, and the present is put between past and future.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.warnings import kinds, selectors
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.selectors import TimelineEntry
from anlan.rules import calendar
from anlan.rules.level import Level

PAST, NOW, FUTURE = "past", "now", "future"
RECENT, NAMED = 6, 2
"""Lines of the past, and names in a line, that a phone shows without being asked."""
TELLINGS = (kinds.INFORMED, kinds.UPGRADED, kinds.DOWNGRADED)


@dataclass
class StoryLine:
    """One line. ``level`` set: a square in the level's colour. ``waits_for``: who has to act, in the future."""

    at: datetime
    title: str
    law: str = ""
    tally: str = ""
    late: str = ""
    quote: str = ""
    tense: str = PAST
    level: str = ""
    waits_for: str = ""
    ends: bool = False
    """The last line of the past: 办结."""
    early: bool = False
    """Long past: a phone folds it."""
    told: list[tuple[str, datetime | None]] = field(default_factory=list)
    others: str = ""
    """Whom the title names last, after `NAMED` of them: a phone folds these."""


def lines(warning: Warning, now: datetime) -> list[StoryLine]:
    """Everything about the warning in order of time. A constant number of queries."""
    entries = selectors.timeline(warning, now, ahead=2)
    past = [*_changes(warning, entries), *_rest(warning, entries)]
    past.sort(key=lambda line: (line.at, line.ends))  # what ends it comes after what ended it
    for line in past:
        _count(line)
    for line in past[:-RECENT]:
        line.early = True
    here = [] if warning.closed_at else [StoryLine(now, _("现在"), tense=NOW)]
    return [*past, *here, *_future(entries)]


def _changes(warning: Warning, entries: list[TimelineEntry]) -> Iterable[StoryLine]:
    """A line for each change of level, with everybody who was told of it at that instant."""
    before: Level | None = None
    for episode in warning.episodes.all():
        level = Level(episode.level)
        if before is None:
            words = _("发布%(level)s") % {"level": level.warning_name}
        elif level > before:
            words = _("升为%(level)s") % {"level": level.warning_name}
        else:
            words = _("降为%(level)s") % {"level": level.warning_name}
        line = StoryLine(episode.started_at, words, level=level)
        if episode.clock_started_at < episode.started_at:
            since = calendar.civil(episode.clock_started_at).strftime("%H:%M:%S")
            line.late = _("时钟从 %(t)s 接续（本地设定）") % {"t": since}
        for entry in entries:
            if entry.kind in TELLINGS and entry.at == episode.started_at:
                _tell(line, entry)
        yield line
        before = level
    if warning.cleared_at:
        line = StoryLine(warning.cleared_at, _("消警"), level="none")
        for entry in entries:
            if entry.kind == kinds.CLEARED:
                _tell(line, entry)
        yield line
    if warning.closed_at and warning.closed_at != warning.cleared_at:
        yield StoryLine(warning.closed_at, _("办结"), ends=True)


def _tell(line: StoryLine, entry: TimelineEntry) -> None:
    line.told += [each for each in entry.to if each[0] not in {name for name, _read in line.told}]
    line.law = line.law or entry.article


def _rest(warning: Warning, entries: list[TimelineEntry]) -> Iterable[StoryLine]:
    starts = {episode.started_at for episode in warning.episodes.all()}
    for entry in entries:
        gathered = entry.kind == kinds.CLEARED or (entry.kind in TELLINGS and entry.at in starts)
        if entry.future or gathered:
            continue
        line = StoryLine(entry.at, _words(entry), law=entry.article, late=_late(entry), told=list(entry.to))
        if not entry.to or entry.kind in (kinds.REPORTED, kinds.SUMMED_UP):
            line.quote = entry.text
        yield line


def _words(entry: TimelineEntry) -> str:
    match entry.kind:
        case kinds.NOTICED:
            return _("第 %(n)d 次警示通报") % {"n": entry.step or 1}
        case kinds.INFORMED:
            return _("告知")
        case kinds.REPORT_DUE:
            return _("提醒上报处置情况")
        case "missed":
            return f"{entry.text}：{entry.title}"
        case "confirmed" if entry.automatic:
            return entry.actor
        case _:
            return f"{entry.actor} {entry.title}".strip()


def _late(entry: TimelineEntry) -> str:
    if not entry.late or entry.due_at is None or entry.kind == "missed":
        return ""
    due = calendar.civil(entry.due_at).strftime("%H:%M:%S")
    if entry.kind == kinds.REPORTED:
        return _("逾期，应不晚于 %(due)s") % {"due": due} if entry.at > entry.due_at else ""
    if len(entry.missed) > 1:
        return _("应于 %(due)s；停机期间 %(n)d 次合并") % {"due": due, "n": len(entry.missed)}
    return _("应于 %(due)s") % {"due": due}


def _count(line: StoryLine) -> None:
    """…，告知 甲、乙；6 个对象，5 已读."""
    if not line.told:
        return
    names = [name for name, _read in line.told]
    joint = _("，告知 ") if line.level else " → "
    line.title = line.title + joint + "、".join(names[:NAMED])
    line.others = "".join(f"、{name}" for name in names[NAMED:])
    read = sum(1 for _name, at in line.told if at is not None)
    line.tally = _("%(n)d 个对象，%(r)d 已读") % {"n": len(line.told), "r": read}


def _future(entries: list[TimelineEntry]) -> Iterable[StoryLine]:
    for entry in entries:
        if not entry.future:
            continue
        names = "、".join(name for name, _read in entry.to)
        report = entry.kind == kinds.REPORT
        match entry.kind:
            case kinds.NOTICE:
                words = _("第 %(n)d 次警示通报 → %(to)s") % {"n": entry.step or 1, "to": names}
            case kinds.SITE_ORDER:
                words = _("组织现场核查督办（%(to)s）") % {"to": names}
            case _:
                words = _("处置报告逾期，企业尚未上报") if entry.overdue else _("处置报告：结果、原因、措施")
        waits = _("企业") if report else _("自动")
        yield StoryLine(entry.at, words, law=entry.article, tense=FUTURE, waits_for=waits)
    if any(entry.future and entry.kind == kinds.NOTICE for entry in entries):
        last = [entry for entry in entries if entry.future][-1]
        yield StoryLine(last.at, _("此后同一间隔继续，直至降级"), tense="after")
