"""The log came back as an older copy and gives its numbers out again: history keeps what it has, and takes the new."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.apps.history.models import HistorianWorker, Position
from anlan.apps.history.selectors import raw
from anlan.apps.history.services import compact_hour, take_up, write
from anlan.database.leases import Leases
from anlan.roles.historian.minutes import OpenMinutes
from anlan.stream.partition import partition_of

from .recorded import START, Plant, us

pytestmark = pytest.mark.django_db(databases=["default", "history"])


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def values(plant: Plant) -> list[float]:
    found = raw(plant.point, START, at(3600))
    return [float(value) for value in found.value]


@pytest.mark.case("A2")
@pytest.mark.parametrize("compacted", [False, True], ids=["minutes", "hours"])
def test_numbers_that_are_given_out_again_take_no_stored_row_away(compacted: bool) -> None:
    plant = Plant(points=1)
    partition = partition_of(plant.enterprise.code)
    leases = Leases(Position, HistorianWorker, "one", "history")
    leases.prepare()
    held = dict(leases.turn({}, START).gained)
    take_up(leases, held, "log-1", 1)
    plant.take([(at(n), float(n)) for n in (1, 2, 3, 4, 5, 6)])
    batch = plant.open.batch()
    batch.positions, batch.newest = {partition: 6}, (6, us(at(6)))
    write(batch, lambda: leases.guard(held))
    assert take_up(leases, held, "log-1", 1).positions[partition] == 6
    assert leases.places(held, "log-1")[partition] == (6, us(at(6)))
    taken = take_up(leases, held, "log-1", 1, {partition})  # messages 4 to 6 are gone
    assert taken.positions[partition] == 0
    plant.open, plant.seq = OpenMinutes(plant.table), 0
    plant.take([(at(n), float(n)) for n in (1, 2, 3, 7, 8, 9)])  # read again, and new ones of the same minute
    plant.store()
    if compacted:
        compact_hour(plant.gateway, us(START))
    assert values(plant) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
