"""A block of history that somebody took out is missed, though every block that is left proves itself."""

from __future__ import annotations

import pytest
from tests.acceptance.conftest import plant  # noqa: F401  (a fixture)
from tests.acceptance.worlds import at

from anlan.apps.history.models import Block, Grain, Removal
from anlan.roles.auditor import history_seal
from anlan.roles.auditor.history_seal import HistoryPatrol

pytestmark = pytest.mark.django_db(databases=["default", "history"])
GATEWAY, ENTERPRISE = "99999900101", "999999001"


def block(clock: str, samples: int, grain: Grain = Grain.HOUR, part: int = 1) -> Block:
    start = int(at(clock).timestamp() * 1_000_000)
    return Block.objects.create(
        gateway=GATEWAY, enterprise=ENTERPRISE, grain=grain, start_us=start, part=part, samples=samples, body=b"x"
    )


@pytest.fixture
def day(plant: object) -> Block:  # noqa: F811
    """Three compacted hours of 1 March, sealed the next morning, and a minute that was never compacted."""
    first = block("08:00", 720)
    block("09:00", 720)
    block("23:00", 60)
    block("10:00", 12, Grain.MINUTE)
    assert history_seal.seal(at("05:59", 2)) is not None  # the day before: nothing there
    assert history_seal.seal(at("06:00", 2)) is not None
    assert history_seal.seal(at("06:01", 2)) is None
    assert list(history_seal.broken()) == []
    return first


@pytest.mark.case("G7")
def test_a_deleted_block_is_missed(day: Block) -> None:
    day.delete()
    words = f"历史 2024-03-01 网关 {GATEWAY}：封存时 1500 个样本，现有 780 个"
    assert list(history_seal.broken()) == [words]
    patrol = HistoryPatrol()
    for _ in range(3):
        patrol.step(at("06:10", 2))
    assert patrol.faults == {"history:2024-03-01": [words]}
    block("08:00", 720)
    for _ in range(3):
        patrol.step(at("06:15", 2))
    assert patrol.faults == {}


def test_what_comes_late_and_what_is_removed_by_age_is_no_fault(day: Block) -> None:
    day.delete()
    block("08:00", 725, part=2)  # compacted again with five samples that came late
    assert list(history_seal.broken()) == []
    Block.objects.all().delete()
    Removal.objects.create(enterprise=ENTERPRISE, kind="raw", until_us=int(at("00:00", 2).timestamp() * 1_000_000))
    assert list(history_seal.broken()) == []
