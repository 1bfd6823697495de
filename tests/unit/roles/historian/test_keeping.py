"""What is removed after its time of keeping, what never is, and what is written down about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.hats import called
from tests.unit.roles.historian.recorded import START, Plant, us

from anlan.apps.gateways.models import GatewayLink
from anlan.apps.history.models import Block, Removal, Rollup
from anlan.apps.history.selectors import raw, trend
from anlan.apps.history.services import compact_hour, hours_to_compact
from anlan.apps.history.services.retention import place_hold, release_hold
from anlan.apps.journal.models import Entry
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings.models import Warning
from anlan.roles.historian.chores import BUSY_S, Chores
from anlan.roles.historian.keeping import keep
from anlan.stream.partition import PARTITIONS

pytestmark = pytest.mark.django_db
DAYS = 4
IDLE_S = 10.0
LATER = START + timedelta(days=365 + 2, hours=12)
"""The first two of the four days are older than a year."""


@pytest.fixture
def plant() -> Plant:
    plant = Plant(points=1)
    plant.take([(START + timedelta(minutes=10 * n), 50.0 + n % 7) for n in range(DAYS * 144)])
    plant.store()
    for hour in hours_to_compact(us(START + timedelta(days=DAYS)), limit=1000):
        compact_hour(*hour)
    return plant


def round_of(now: object) -> int:
    """One whole round through the enterprises; returns the rows that went."""
    after, total = 0, 0
    while True:
        after, removed = keep(after, range(PARTITIONS), now)  # type: ignore[arg-type]
        total += removed
        if not after and not removed:
            return total


def test_what_is_older_than_its_time_goes_by_whole_civil_days_and_is_written_down(plant: Plant) -> None:
    # civil midnight is 16:00 UTC: of the days that began at 00:00 UTC, one whole and two thirds of the next are over
    assert round_of(LATER) == 24 + 16
    assert Block.objects.order_by("start_us").values_list("start_us", flat=True)[0] == us(
        START + timedelta(days=1, hours=16)
    )
    [entry] = Entry.objects.filter(act="history_removed")
    assert (entry.after["rows"], entry.after["samples"]) == (40, 240)
    [removal] = Removal.objects.all()
    assert (removal.kind, removal.rows, removal.samples) == ("raw", 40, 240)
    assert removal.bytes > 0
    assert round_of(LATER) == 0
    assert Entry.objects.filter(act="history_removed").count() == 1


def test_the_curve_of_removed_samples_comes_from_the_minutes_and_says_why_they_are_gone(plant: Plant) -> None:
    whole = trend(plant.point, START, START + timedelta(days=DAYS), 500)
    round_of(LATER)
    after = trend(plant.point, START, START + timedelta(days=DAYS), 500)
    assert (after.count, after.lowest, after.highest) == (whole.count, whole.lowest, whole.highest)
    fine = trend(plant.point, START, START + timedelta(hours=1), 500)
    assert fine.count == 6
    held = raw(plant.point, START, START + timedelta(days=DAYS))
    assert len(held) == DAYS * 144 - 240
    assert [(lost.cause, lost.end) for lost in held.lost] == [("removed", START + timedelta(days=1, hours=16))]


def test_a_warning_and_a_hold_keep_their_stretch(plant: Plant) -> None:
    source = HazardSource.objects.get(enterprise=plant.enterprise)
    opened = START + timedelta(hours=26)
    Warning.objects.create(
        number="X-1",
        enterprise=plant.enterprise,
        source=source,
        level="none",
        opened_at=opened,
        level_since=opened,
        cleared_at=opened + timedelta(hours=1),
        closed_at=opened + timedelta(hours=1),
    )
    hold = place_hold(
        plant.enterprise.code, us(START), us(START + timedelta(hours=1)), "事故调查", called("x"), us(LATER)
    )
    assert round_of(LATER) == 1  # a day around the warning reaches from 02:00 of the first day to 03:00 of the third
    assert release_hold(hold.pk, called("x"), us(LATER))
    assert not release_hold(hold.pk, called("x"), us(LATER))
    assert round_of(LATER) == 1


def test_a_hold_keeps_every_hour_that_it_touches_and_no_other(plant: Plant) -> None:
    for first_min, last_min in ((200, 220), (300, 360)):  # within an hour, and from one full hour to the next
        first, last = START + timedelta(minutes=first_min), START + timedelta(minutes=last_min)
        place_hold(plant.enterprise.code, us(first), us(last), "事故调查", called("x"), us(LATER))
    assert round_of(LATER) == 40 - 2
    before = us(START + timedelta(days=1))
    kept = Block.objects.filter(start_us__lt=before).order_by("start_us").values_list("start_us", flat=True)
    assert [(start - us(START)) // 3_600_000_000 for start in kept] == [3, 5]


def test_roll_ups_are_kept_longer_and_then_go_too(plant: Plant) -> None:
    round_of(LATER)
    assert Rollup.objects.count() == DAYS * 24
    assert round_of(START + timedelta(days=1825 + 365)) == (DAYS * 24 - 40) + DAYS * 24
    assert not Rollup.objects.exists()
    gone = trend(plant.point, START, START + timedelta(days=DAYS), 10)
    assert (gone.count, [lost.cause for lost in gone.lost]) == (0, ["removed"])


def test_what_was_not_compacted_yet_stays(plant: Plant) -> None:
    plant.take([(START + timedelta(minutes=5), 55.0)], LATER)
    plant.store()
    round_of(LATER)
    assert list(Block.objects.filter(grain="minute").values_list("samples", flat=True)) == [1]


@pytest.mark.parametrize(("first", "last", "reason"), [(5, 5, "x"), (1, 2, "  ")])
def test_an_empty_hold_is_refused(plant: Plant, first: int, last: int, reason: str) -> None:
    with pytest.raises(ValueError, match="应"):
        place_hold(plant.enterprise.code, first, last, reason, called("x"), 1)


def test_the_chores_go_round_and_rest(plant: Plant) -> None:
    chores = Chores(lambda: range(PARTITIONS), IDLE_S)
    doubted, removed = BUSY_S, BUSY_S
    assert [chores.step(LATER) for _ in range(5)] == [doubted, removed, IDLE_S, IDLE_S, IDLE_S]
    assert chores.removed == 40
    others = Chores(lambda: set(), IDLE_S)
    assert others.step(LATER + timedelta(days=1)) == IDLE_S
    assert others.removed == 0


@pytest.mark.case("A1")
def test_a_clock_years_ahead_removes_nothing_that_is_not_old_by_the_gateways_own_time(plant: Plant) -> None:
    link = {"enterprise": plant.enterprise, "last_received_at": LATER, "last_sampled_at": START + timedelta(days=DAYS)}
    GatewayLink.objects.create(gateway=plant.point.gateway, **link)
    years_ahead = LATER + timedelta(days=3650)
    assert round_of(years_ahead) == 0
    GatewayLink.objects.update(last_sampled_at=LATER)
    assert round_of(LATER) == 24 + 16
