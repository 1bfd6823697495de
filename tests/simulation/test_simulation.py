"""Seeds of the simulation. A seed that fails prints its shortest history; `SIMULATION_SEEDS=7,8` plays given ones."""

from __future__ import annotations

import os
import random

import pytest
from tests.simulation.playing import Play, holds

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True, databases="__all__")]
GIVEN = [int(each) for each in os.environ.get("SIMULATION_SEEDS", "").split(",") if each]
FEW = GIVEN or list(range(25))
MANY = int(os.environ.get("SIMULATION_MANY") or 200)


@pytest.mark.parametrize("seed", FEW)
def test_a_seed_loses_nothing_doubles_nothing_and_raises_exactly_what_it_must(seed: int, play: Play) -> None:
    holds(seed, play)


@pytest.mark.slow
def test_many_seeds(play: Play) -> None:
    for _ in range(MANY):
        holds(random.randrange(10**9), play)
