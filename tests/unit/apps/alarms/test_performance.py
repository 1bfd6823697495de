"""The figures of alarm performance against alarms that were counted by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anlan.apps.alarms.models import Alarm, Filing
from anlan.apps.alarms.selectors import performance
from anlan.apps.org.scope import EVERYTHING, Scope
from anlan.apps.registry.models import Point
from anlan.rules.alarms import priority_of
from anlan.rules.grading import Gas
from anlan.rules.metrics.alarming import ALARMING, AlarmFacts, Verdict, held_against, periods_in_flood
from anlan.rules.rulebook import load
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
"""The beginning of a civil day."""
M, H = timedelta(minutes=1), timedelta(hours=1)


def raise_at(point: Point, moments: Iterable[datetime], *, lasting: timedelta | None = M, worst: str = "H") -> None:
    found = Alarm.objects.count()
    Alarm.objects.bulk_create(
        Alarm(
            id=f"{found + number:032d}", enterprise_id=point.enterprise_id, source_id=point.source_id, point=point,
            side="high", state="active" if lasting is None else "cleared", level=worst, worst=worst, started_at=at,
            raised_at=at, detected_at=at, changed_at=at, cleared_at=None if lasting is None else at + lasting,
        )
        for number, at in enumerate(moments)
    )  # fmt: skip


def points_of(site: Site) -> list[Point]:
    return list(Point.objects.filter(code__in=site.points).order_by("code"))


def facts(scope: Scope = EVERYTHING, *, days: int = 1, now: datetime | None = None) -> dict[int, AlarmFacts]:
    end = DAY + days * timedelta(days=1)
    return performance.alarm_facts(scope, DAY, end, now or end + 30 * timedelta(days=1), load())


@pytest.mark.alarm_management("绩效")
def test_every_figure_of_a_day_that_was_counted_by_hand(world: list[Site]) -> None:
    one, two = points_of(world[0]), points_of(world[1])
    raise_at(one[0], [DAY + 5 * H + n * timedelta(seconds=30) for n in range(12)])  # 12 in 6 minutes
    raise_at(one[1], [DAY + 5 * H + 10 * M + n * M for n in range(6)])  # the flood goes on with 6
    raise_at(one[2], [DAY + 5 * H + 20 * M + n * M for n in range(4)], worst="HH")  # and is over with 4
    raise_at(one[3], [DAY + 5 * H + 30 * M + n * M for n in range(10)])  # 10 are not more than 10
    raise_at(two[0], [DAY + 23 * H + 59 * M], worst="HH")
    raise_at(two[0], [DAY - M, DAY + 24 * H])  # neither is of the day
    Point.objects.filter(pk=two[0].pk).update(gas="toxic")
    found = facts()
    assert found[one[0].enterprise_id] == AlarmFacts(
        consoles=1, ten_minutes=144, alarms=32, periods_over=1, hours_over=1, flood_periods=2, most=12, top_ten=32,
        low=28, medium=4,
    )  # fmt: skip
    assert found[two[0].enterprise_id] == AlarmFacts(consoles=1, ten_minutes=144, alarms=1, most=1, top_ten=1, high=1)
    both = found[one[0].enterprise_id] + found[two[0].enterprise_id]
    assert (both.alarms, both.most, both.ten_minutes) == (33, 12, 288)
    texts = {name: metric.text(metric.compute(both)) for name, metric in ALARMING.items()}
    assert texts["alarm_per_day"] == "16.50"
    assert texts["alarm_hours_over"] == "2.08 %"
    assert texts["alarm_flood_share"] == "0.69 %"
    assert texts["alarm_top_ten_share"] == "100.00 %"
    assert texts["alarm_priority_medium"] == "12.12 %"


def test_filed_alarms_and_faults_of_the_data_are_not_counted(world: list[Site]) -> None:
    point = points_of(world[0])[0]
    raise_at(point, [DAY + H, DAY + 2 * H, DAY + 3 * H])
    filing = Filing.objects.create(
        enterprise=point.enterprise, reach="enterprise", kind="stop", reason="停车", starts_at=DAY, ends_at=DAY + 9 * H,
        filed_at=DAY, filed_by="示例",
    )  # fmt: skip
    rows = list(Alarm.objects.order_by("raised_at"))
    Alarm.objects.filter(pk=rows[0].pk).update(filing=filing)
    Alarm.objects.filter(pk=rows[1].pk).update(side="no_data")
    assert facts()[point.enterprise_id].alarms == 1


@pytest.mark.alarm_management("绩效")
def test_what_stands_too_long_is_stale_and_what_chatters_is_counted_by_point(world: list[Site]) -> None:
    first, second = points_of(world[0])[:2]
    raise_at(first, [DAY - H], lasting=None)
    raise_at(second, [DAY + H], lasting=None)  # 23 hours at the end of the day
    raise_at(second, [DAY - 40 * H], lasting=30 * H)  # over before the day ended
    raise_at(first, [DAY + 2 * H, DAY + 3 * H])
    Alarm.objects.filter(point=first, raised_at__gte=DAY).update(chatters=True)
    found = facts()[first.enterprise_id]
    assert (found.stale, found.chattering) == (1, 1)
    assert facts(now=DAY + 22 * H)[first.enterprise_id].stale == 0


def test_a_day_that_goes_on_is_counted_as_far_as_it_has_gone(world: list[Site]) -> None:
    point = points_of(world[0])[0]
    raise_at(point, [DAY + n * M for n in range(6)])
    found = facts(now=DAY + H)[point.enterprise_id]
    assert found.ten_minutes == 6
    per_hour = ALARMING["alarm_per_hour"]
    assert per_hour.text(per_hour.compute(found)) == "6.00"


def test_a_foreign_enterprise_is_not_counted_and_the_queries_do_not_grow(world: list[Site]) -> None:
    one, two = points_of(world[0])[0], points_of(world[1])[0]
    raise_at(one, [DAY + H])
    mine = Scope(enterprise_ids=(two.enterprise_id,))
    with CaptureQueriesContext(connection) as few:
        assert set(facts(mine)) == {two.enterprise_id}
    raise_at(two, [DAY + n * M for n in range(300)])
    with CaptureQueriesContext(connection) as many:
        assert facts(mine)[two.enterprise_id].alarms == 300
    assert len(many) == len(few) <= 8


@pytest.mark.parametrize("gas", list(Gas))
@pytest.mark.parametrize("worst", ["H", "HH", "L", "LL"])
@pytest.mark.alarm_management("绩效")
def test_the_database_knows_the_priorities_of_the_rules(world: list[Site], worst: str, gas: Gas) -> None:
    point = points_of(world[0])[0]
    Point.objects.filter(pk=point.pk).update(gas="" if gas is Gas.NONE else gas)
    raise_at(point, [DAY + H], worst=worst)
    found = facts()[point.enterprise_id]
    assert {name: getattr(found, name) for name in ("low", "medium", "high")} == {
        name: int(name == priority_of(worst, gas)) for name in ("low", "medium", "high")
    }


@pytest.mark.parametrize(
    ("counts", "flooded"),
    [
        ([], 0),
        ([(1, 10)], 0),
        ([(1, 11)], 1),
        ([(1, 11), (2, 5), (3, 9)], 3),
        ([(1, 11), (3, 9)], 1),
        ([(1, 9), (2, 11), (4, 12), (5, 6)], 3),
    ],
)
@pytest.mark.alarm_management("泛滥")
def test_a_flood_begins_above_ten_and_ends_below_five(counts: list[tuple[int, int]], flooded: int) -> None:
    assert periods_in_flood(counts, 10, 5) == flooded


@pytest.mark.alarm_management("绩效")
def test_a_figure_is_held_against_the_settings_per_console() -> None:
    calm = AlarmFacts(consoles=2, ten_minutes=288, alarms=200, most=10, top_ten=2, stale=10, low=200)
    verdicts = {held.metric.id: held.verdict for held in held_against(calm, load())}
    assert set(verdicts.values()) == {Verdict.GOOD}
    busy = AlarmFacts(consoles=1, ten_minutes=144, alarms=301, most=11, top_ten=9, stale=6, chattering=1, low=301)
    verdicts = {held.metric.id: held.verdict for held in held_against(busy, load())}
    assert verdicts["alarm_per_day"] is Verdict.POOR
    assert verdicts["alarm_per_hour"] is Verdict.POOR
    assert verdicts["alarm_top_ten_share"] is Verdict.WATCH
    assert verdicts["alarm_flood_share"] is Verdict.GOOD
    assert verdicts["alarm_stale"] is verdicts["alarm_chattering"] is verdicts["alarm_most"] is Verdict.POOR
    assert {held.verdict for held in held_against(AlarmFacts(), load())} == {Verdict.UNKNOWN}
