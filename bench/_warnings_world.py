"""Hazard sources and open warnings by the thousand, for `bench.clocks` and `bench.pages`; no benchmark of its own.

A warning is written with the rows that `warnings.services.set_level` writes: the warning, its episode with the ladder
in force, who was told, notices and messages, the next step and the site order, the journal's entry. What several apps
own goes through their services (outbox, obligations, journal); the first one of a batch is raised by the real service
and its rows are counted against the others'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anlan.rules.level import Level

POSTS = ("main", "technical", "operations")
ROWS = 5_000


def make_sources(count: int, per_enterprise: int, now: datetime) -> list[Any]:
    """So many hazard sources of the first level with three duty holders each, in as many enterprises as that takes."""
    from anlan.apps.org.models import Agency, AgencyLevel, Person, Region
    from anlan.apps.registry.models import DutyHolder, Enterprise, HazardSource
    from anlan.database import bulk
    from anlan.testing import small_world

    small_world.build(now - timedelta(days=1), enterprises=1, points=1)
    county = Agency.objects.by_the_machine().get(level=AgencyLevel.COUNTY)
    region = Region.objects.get()
    persons = {post: Person.objects.create(code=f"bench-{post}", name=f"示例{post}") for post in POSTS}
    homes = [
        Enterprise(
            code=f"77{number:09d}", name=f"示例企业{number}", region=region, county=county, supervisor=county,
            declared_sources=per_enterprise,
        )
        for number in range(-(-count // per_enterprise))
    ]  # fmt: skip
    bulk.insert(homes, keys=True)
    made = [
        HazardSource(
            code=f"88{number:010d}", enterprise=homes[number // per_enterprise], name=f"示例罐{number}", level="1"
        )
        for number in range(count)
    ]
    bulk.insert(made, keys=True)
    since = now - timedelta(days=1)
    bulk.insert(
        [
            DutyHolder(enterprise_id=source.enterprise_id, source=source, person=person, post=post, valid_from=since)
            for source in made
            for post, person in persons.items()
        ]
    )
    return made


def open_warnings(sources: Sequence[Any], first: datetime, last: datetime, level: str = "red") -> None:
    """Open a warning at each source, raised at instants spread evenly from ``first`` to ``last``.

    ``level`` is one that has a clock: red, orange or yellow.
    """
    from django.db import transaction

    from anlan.apps.delivery.models import Message
    from anlan.apps.journal.models import Entry
    from anlan.apps.obligations.models import Obligation
    from anlan.apps.warnings import services as warnings
    from anlan.apps.warnings.models import LevelEpisode, Told, Warning
    from anlan.rules.level import Level

    tables = (Warning, LevelEpisode, Obligation, Entry, Told, Message)

    def rows() -> list[int]:
        return [model._base_manager.count() for model in tables]

    before = rows()
    warnings.set_level(sources[0], level, at=first)
    one = [after - known for known, after in zip(before, rows(), strict=True)]
    step = (last - first) / max(1, len(sources) - 1)
    for begin in range(1, len(sources), ROWS):
        some = [(source, first + step * place) for place, source in enumerate(sources[begin : begin + ROWS], begin)]
        with transaction.atomic():
            _write(some, Level(level))
    made = [after - known for known, after in zip(before, rows(), strict=True)]
    alike = 4  # how many are told depends on the source: whether it lies in a park
    if made[:alike] != [count * len(sources) for count in one[:alike]] or made[alike] != made[alike + 1]:
        raise SystemExit(f"not what the service writes: {made} rows instead of {len(sources)} times {one}")


def _write(raised: Sequence[tuple[Any, datetime]], level: Level) -> None:
    from anlan.apps.delivery import services as delivery
    from anlan.apps.journal import services as journal
    from anlan.apps.obligations import services as obligations
    from anlan.apps.obligations.models import Obligation
    from anlan.apps.registry.selectors import routing as registry
    from anlan.apps.warnings import kinds
    from anlan.apps.warnings.models import LevelEpisode, Told, Warning
    from anlan.apps.warnings.services import wording
    from anlan.apps.warnings.services.posting import Timing, Wording, addressed, draft, refresh_next_due
    from anlan.database import bulk
    from anlan.rules import routing, warning_handling
    from anlan.rules.ladder import notice_due, order_due

    places = registry.surroundings({source.pk for source, _ in raised}, raised[0][1])
    opened = [
        Warning(
            number=f"BENCH-{source.pk}", enterprise_id=source.enterprise_id, source=source, level=level,
            highest=level, rank=level.rank, opened_at=at, level_since=at,
        )
        for source, at in raised
    ]  # fmt: skip
    bulk.insert(opened, keys=True)
    ladder = warning_handling.ladder_for(level, places[raised[0][0].pk].rules)
    assert ladder is not None
    episodes = [
        LevelEpisode(
            warning=warning, enterprise_id=warning.enterprise_id, level=level, started_at=warning.opened_at,
            clock_started_at=warning.opened_at, ladder=json.loads(ladder.to_json()),
        )
        for warning in opened
    ]  # fmt: skip
    bulk.insert(episodes, keys=True)
    told, drafts, owed, acts = [], [], [], []
    for episode in episodes:
        warning, at = episode.warning, episode.started_at
        place = places[warning.source_id]
        to = addressed(place, routing.recipients(level, place.context, place.settings, place.rules))
        told += [
            Told(
                warning=warning, enterprise_id=warning.enterprise_id, recipient=each.id, name=each.name,
                slot=each.slot[:20], at=at,
            )
            for each in to
        ]  # fmt: skip
        words = Wording(*wording.telling(kinds.INFORMED, place, level, warning, None), "第七条")
        key = f"w{warning.pk}:informed:e{episode.pk}"
        drafts.append(draft(place, warning.pk, kinds.INFORMED, key, level, Timing(at, at), to, words))
        notices = [delivery.fact(drafts[-1])]
        common = {"subject": warning.subject, "enterprise_id": warning.enterprise_id, "source_id": warning.source_id}
        clock = {"level": str(level), "clock": at.isoformat(), "by": ladder.order_by}
        owed += [
            Obligation(
                key=f"notice:e{episode.pk}:1", kind=kinds.NOTICE, step=1, due_at=notice_due(ladder, at, 1),
                article=ladder.article[:60], payload={"episode": episode.pk, "level": str(level)}, **common,
            ),
            Obligation(
                key=f"site_order:e{episode.pk}", kind=kinds.SITE_ORDER, due_at=order_due(ladder, at),
                article=ladder.article[:60], payload=clock, **common,
            ),
        ]  # fmt: skip
        acts.append(journal.Act(place.chain, "level_set", at, subject=warning.subject, after={"level": str(level)}))
        acts.append(journal.Act(place.chain, "told", at, subject=warning.subject, after={"notices": notices}))
    bulk.insert(told)
    obligations.add(owed)
    delivery.post_all(drafts)
    journal.record_all(acts)
    refresh_next_due([warning.pk for warning in opened])
