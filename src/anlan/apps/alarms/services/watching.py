"""Puts on the watch list of each day who had many alarms the day before (MON-10); each day plans the next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from anlan.apps.alarms import kinds, selectors
from anlan.apps.journal import services as journal
from anlan.apps.obligations import selectors as due_things
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import Firing
from anlan.apps.org.selectors import provinces_of
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.apps.watchlist.services import Reason, listed
from anlan.rules.calendar import civil_day, day_of, midnight
from anlan.rules.watch import with_many

_AFTER_MIDNIGHT = timedelta(minutes=10)
"""Late alarms of the last minutes of a day are in by then."""


def ensure_watching(now: datetime) -> None:
    """Plans today's look when none is planned yet; called by the clock when it starts. Again: nothing."""
    if not due_things.is_planned(kinds.WATCHING):
        _plan(now)


def fire_watching(rows: Sequence[Obligation], firing: Firing) -> None:
    """A day's look. After an outage one look stands for all the days that were missed: their lists are over."""
    watch_many(firing.now)
    _plan(midnight(civil_day(firing.now) + timedelta(days=1)) + _AFTER_MIDNIGHT)


@transaction.atomic
def watch_many(now: datetime) -> list[Enterprise]:
    """Lists who had many alarms on the day before ``now``, beside the other enterprises of the same province; returns
    who is new on today's list. Again: nobody."""
    enterprises = locality.supervised()
    rules = locality.rules_of(enterprises, civil_day(now))
    day = civil_day(now) - timedelta(days=1)
    had = selectors.raised_by_enterprise(day_of(day).start, day_of(day).end)
    provinces = provinces_of({each.supervisor.path for each in enterprises})
    among: dict[int | None, Counter[int]] = defaultdict(Counter)
    for each in enterprises:
        among[provinces[each.supervisor.path]][each.pk] = had.get(each.pk, 0)
    percents = {each.pk: rules[each.pk].number("watch_alarm_percentile") for each in enterprises}
    many = {pk: limit for counts in among.values() for pk, limit in with_many(counts, percents).items()}
    reasons = [
        Reason(
            each, kinds.MANY, f"enterprise:{each.code}",
            f"{day:%m-%d} 报警 {had[each.pk]} 次，达到同省企业的第 {percents[each.pk]} 百分位（{many[each.pk]} 次）",
        )
        for each in enterprises if each.pk in many
    ]  # fmt: skip
    journal.hold([f"enterprise:{each.enterprise.code}" for each in reasons])
    on_list = listed(reasons, at=now)
    on_list.write()
    journal.record_all(on_list.acts)
    return [row.enterprise for row in on_list.rows]


def _plan(due_at: datetime) -> None:
    key = f"{kinds.WATCHING}:{civil_day(due_at).isoformat()}"
    if not due_things.is_known(key):
        row = Obligation(key=key, kind=kinds.WATCHING, subject="watchlist", due_at=due_at, payload={})
        obligations.add([row])
