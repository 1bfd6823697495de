"""Seeds of the simulation. A seed that fails prints its shortest history; `SIMULATION_SEEDS=7,8` plays given ones."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connections
from tests.simulation.shortest import shortest
from tests.simulation.world import ACTS, ENTERPRISES, EPOCH, POINTS, simulated

from anlan.testing import small_world

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True, databases="__all__")]
STEPS = 200
LULL_EVERY = 40
GIVEN = [int(each) for each in os.environ.get("SIMULATION_SEEDS", "").split(",") if each]
FEW = GIVEN or list(range(25))
MANY = int(os.environ.get("SIMULATION_MANY") or 200)
Step = tuple[str, int]
"""An act and the number that its chances are drawn from."""


@pytest.fixture(scope="module")
def pristine(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, bytes]]:
    """Both databases in memory, with the small world in them, as bytes to begin every seed with."""
    before = {}
    with django_db_blocker.unblock():
        for alias in ("history", "default"):
            connection = connections[alias]
            connection.ensure_connection()
            tables = connection.connection
            connection.connection, before[alias] = None, connection.settings_dict["NAME"]
            connection.settings_dict["NAME"] = ":memory:"
            connection.ensure_connection()
            tables.backup(connection.connection)
            tables.close()
        small_world.build(EPOCH, enterprises=ENTERPRISES, points=POINTS, no_data_s=86_400.0)
        yield {alias: without_wal(connections[alias].connection.serialize()) for alias in before}
        for alias, name in before.items():
            connection = connections[alias]
            connection.connection.close()
            connection.connection = None
            connection.settings_dict["NAME"] = name


def without_wal(image: bytes) -> bytes:
    """The bytes of a database that says of itself that it has no log of writes: memory knows none (bytes 18 and 19)."""
    return image[:18] + b"\x01\x01" + image[20:]


@pytest.fixture
def play(pristine: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[Step]], None]:
    """Plays steps from the beginning of the world on; AssertionError with the history of what happened."""

    def from_the_beginning(steps: Sequence[Step]) -> None:
        for alias, image in pristine.items():
            connections[alias].ensure_connection()
            connections[alias].connection.deserialize(image)
        with monkeypatch.context() as patch, simulated(patch) as world:
            try:
                for name in ("engine", "historian"):
                    world.start(name)
                    world.advance(0.1)
                for step in steps:
                    world.step(*step)
            except BaseException as error:
                raise AssertionError(f"{error!r}\n" + "\n".join(world.history)) from error

    return from_the_beginning


def steps_of(seed: int) -> list[Step]:
    """What happens in a seed: acts by their weights, and a lull after so many."""
    chance = random.Random(seed)
    weights = [weight for weight, _ in ACTS.values()]
    found: list[Step] = []
    for number in range(1, STEPS + 1):
        found.append((chance.choices(list(ACTS), weights=weights)[0], chance.randrange(2**32)))
        if number % LULL_EVERY == 0:
            found.append(("lull", 0))
    return found


def holds(seed: int, play: Callable[[Sequence[Step]], None]) -> None:
    """Play a seed; when it fails, fail with the shortest history that fails."""
    steps, failed = steps_of(seed), ""
    try:
        play(steps)
    except AssertionError as error:
        failed = str(error)
    if failed:
        short, said = shortest(steps, play, failed)
        pytest.fail(f"seed {seed}: {len(short)} of its {len(steps)} steps still fail\n{said}", pytrace=False)


@pytest.mark.parametrize("seed", FEW)
def test_a_seed_loses_nothing_doubles_nothing_and_raises_exactly_what_it_must(
    seed: int, play: Callable[[Sequence[Step]], None]
) -> None:
    holds(seed, play)


@pytest.mark.slow
def test_many_seeds(play: Callable[[Sequence[Step]], None]) -> None:
    for _ in range(MANY):
        holds(random.randrange(10**9), play)
