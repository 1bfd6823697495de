"""The mapping is stored data: these numbers may never change."""

import pytest

from anlan.stream.partition import PARTITIONS, fnv1a32, partition_of


@pytest.mark.parametrize(("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_hash_gives_the_published_test_vectors(text: str, value: int) -> None:
    assert fnv1a32(text) == value


def test_an_enterprise_keeps_its_partition_for_ever() -> None:
    assert [partition_of(code) for code in ("540170007", "371400030", "000000000")] == [29, 37, 15]


def test_partitions_of_many_enterprises_are_all_used() -> None:
    assert {partition_of(f"{number:09d}") for number in range(2_000)} == set(range(PARTITIONS))
