"""What the pages, the API and the command show of the rulebook: which place, which day, and what counts there then.

A reader may ask for the own place, for everything below it and for what stands above it, because that binds them.
Nothing here decides which value counts: that is `anlan.rules.rulebook`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from anlan import border
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Agency, AgencyLevel
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors.locality import NOWHERE, place_of
from anlan.apps.rulebook import selectors
from anlan.apps.rulebook.models import Refinement
from anlan.rules import rulebook
from anlan.rules.rulebook import (
    LOCAL_LABEL,
    REFINED_LABEL,
    REGULATION_LABEL,
    Accepted,
    Entry,
    RefinementRefused,
    RulesInForce,
)

FLAGS = (REGULATION_LABEL, REFINED_LABEL, LOCAL_LABEL)


@dataclass(frozen=True)
class Place:
    """Where the rules are read: the agency (None: as shipped), those above it widest first, those directly below."""

    agency: Agency | None
    chain: tuple[Agency, ...] = ()
    below: tuple[Agency, ...] = ()

    @property
    def path(self) -> str:
        return self.agency.path if self.agency else NOWHERE

    @property
    def code(self) -> str:
        return self.agency.code if self.agency else ""

    @property
    def name(self) -> str:
        return self.agency.name if self.agency else _("随系统提供")

    def name_of(self, code: str) -> str:
        """The name of an agency on the way to this place."""
        return next((agency.name for agency in self.chain if agency.code == code), code)


@dataclass(frozen=True)
class RulesAsked:
    """What the address asks for; ``problems`` say in Chinese what of it was left out of account."""

    place: Place
    on: date
    today: date
    words: str = ""
    flag: str = ""
    document: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One number at the place on the day. ``planned`` is the next change that is already entered."""

    entry: Entry
    shipped: Entry
    where: str
    """Name of the locality that refined it; empty where none did."""
    planned: Refinement | None

    @property
    def since(self) -> str:
        return self.entry.validity

    @property
    def planned_text(self) -> str:
        if self.planned is None:
            return ""
        planned = self.planned.override("").value
        value = _("收回本级取值") if planned is None else self.entry.text_of(planned)
        return f"{self.planned.effective_from.isoformat()} {value}"


def read(query: Mapping[str, str], scope: Scope, today: date) -> RulesAsked:
    """What the query parameters ``at``, ``on``, ``q``, ``flag`` and ``law`` ask for."""
    problems = []
    code = query.get("at", "").strip()[:60]
    place = place_named(scope, code)
    if code and place.code != code:
        problems.append(_("没有“%(code)s”这一地区，或它不在您的范围内，已忽略") % {"code": code})
    on, raw = today, query.get("on", "").strip()[:20]
    try:
        on = border.day(raw) if raw else today
    except ValueError:
        problems.append(_("“%(value)s”不是日期（应为 2024-03-01 的样子），已忽略") % {"value": raw})
    flag, document = query.get("flag", ""), query.get("law", "")
    if flag and flag not in FLAGS:
        problems.append(_("没有“%(value)s”这一选项，已忽略") % {"value": flag[:40]})
    if document and document not in documents():
        problems.append(_("没有“%(value)s”这一选项，已忽略") % {"value": document[:40]})
    return RulesAsked(
        place,
        on,
        today,
        query.get("q", "").strip()[:60],
        flag if flag in FLAGS else "",
        document if document in documents() else "",
        tuple(problems),
    )


def place_named(scope: Scope, code: str) -> Place:
    """The place of that code where the reader may see it, else the reader's own."""
    own = place_of(scope)
    agency = Agency.objects.visible_to(scope).filter(code=code).first() if code else None
    above = {each.pk: each for each in org.agencies(ids=selectors.ids_of(own))}
    agency = agency or next((each for each in above.values() if each.code == code), None)
    if agency is None:
        agency = above[selectors.ids_of(own)[-1]] if own else _top(scope)
    if agency is None:
        return Place(None)
    ids = selectors.ids_of(agency.path)
    known = above if set(ids) <= set(above) else {each.pk: each for each in org.agencies(ids=ids)}
    below = Agency.objects.visible_to(scope).filter(parent=agency).exclude(level=AgencyLevel.TOWN).order_by("name")
    return Place(agency, tuple(known[pk] for pk in ids), tuple(below))


def _top(scope: Scope) -> Agency | None:
    top: Agency | None = Agency.objects.visible_to(scope).filter(parent__isnull=True).order_by("pk").first()
    return top


def documents() -> tuple[str, ...]:
    """The short names of the regulations and of the local settings, in the order of reading."""
    return tuple(dict.fromkeys(entry.document for entry in rulebook.load()))


def rows(asked: RulesAsked, rules: RulesInForce | None = None) -> list[Row]:
    """The numbers that match, in the order of the regulations and their articles.

    Two queries; one when the caller has read the ``rules`` of the place on the day.
    """
    rules = rules or selectors.rules_at(asked.place.path, asked.on)
    history = selectors.history(asked.place.path)
    found = []
    for key in rulebook.book().keys:
        shipped = rulebook.book().shipped(key, asked.on)
        if shipped is None:
            continue
        entry = rules.entry(key)
        coming = [row for row in history if row.key == key and row.effective_from > asked.on]
        where = asked.place.name_of(entry.locality) if entry.locality else ""
        found.append(Row(entry, shipped, where, min(coming, key=lambda row: row.effective_from, default=None)))
    return [row for row in found if _matches(row, asked)]


def _matches(row: Row, asked: RulesAsked) -> bool:
    if asked.flag and row.entry.flag != asked.flag:
        return False
    if asked.document and row.entry.document != asked.document:
        return False
    texts = (row.entry.title, row.entry.says, row.entry.source, row.entry.key, row.entry.value_text, row.entry.note)
    return all(any(word.lower() in text.lower() for text in texts) for word in asked.words.split())


@dataclass(frozen=True)
class Version:
    """One line of a number's history: who gave which value from when to when, and whether it counts on the day."""

    where: str
    value: str
    since: str
    until: str
    basis: str
    entered: Refinement | None
    counts: bool
    state: str


def versions(asked: RulesAsked, key: str, history: Sequence[Refinement]) -> list[Version]:
    """The shipped versions of a number, then what the localities on the way to the place made of it (``history``)."""
    found = []
    shipped = rulebook.book().versions(key)
    current = rulebook.book().shipped(key, asked.on)
    for entry in shipped:
        counts = entry is current
        where = _("规定") if entry.article else _("随系统提供")
        until = entry.valid_to.isoformat() if entry.valid_to else ""
        state = _("现行") if counts else _("不在所查日期有效")
        found.append(Version(where, entry.value_text, entry.validity, until, entry.source, None, counts, state))
    trail = {made.refinement.pk: made.step for made in selectors.trail(asked.place.path, key, asked.on, history)}
    for row in history:
        value = row.override("").value
        step = trail.get(row.pk)
        found.append(
            Version(
                where=row.agency.name,
                value=_("收回本级取值") if value is None else shipped[-1].text_of(value),
                since=_("%(day)s 起") % {"day": row.effective_from.isoformat()},
                until=row.effective_to.isoformat() if row.effective_to else "",
                basis=row.waiver or row.document,
                entered=row,
                counts=step is not None and isinstance(step.verdict, Accepted),
                state=_state(row, asked.on, step.verdict if step else None),
            )
        )
    return found


def _state(row: Refinement, on: date, verdict: Accepted | RefinementRefused | None) -> str:
    if row.effective_from > on:
        return _("尚未生效")
    if row.effective_to is not None and row.effective_to < on:
        return _("已失效")
    if verdict is None:
        return _("已被本级后来的取值代替")
    if isinstance(verdict, RefinementRefused):
        return _("不起作用：%(why)s") % {"why": verdict.detail}
    return _("生效")
