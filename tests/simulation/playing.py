"""A seed as steps, and what becomes of it when it is played."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Collection, Sequence

import pytest
from tests.simulation.acts import ACTS
from tests.simulation.shortest import PLAYS, shortest

STEPS = 200
LULL_EVERY = 40
SHORTEN = int(os.environ.get("SIMULATION_SHORTEN") or PLAYS)
Step = tuple[str, int]
"""An act and the number that its chances are drawn from."""
Play = Callable[[Sequence[Step]], None]


class Violation(AssertionError):
    """Something does not hold after so many ``steps``."""

    def __init__(self, said: str, steps: int) -> None:
        super().__init__(said)
        self.steps = steps


def steps_of(
    seed: int,
    among: Collection[str] = ACTS,
    steps: int = STEPS,
    lull_every: int = LULL_EVERY,
    often: Collection[str] = (),
) -> list[Step]:
    """What happens in a seed: acts by their weights, and a lull after so many. ``among``: acts to choose from.
    ``often``: acts that come ten times as often as they do among all."""
    chance = random.Random(seed)
    weights = {act: weight * (10 if act in often else 1) for act, (weight, _) in ACTS.items() if act in among}
    found: list[Step] = []
    for number in range(1, steps + 1):
        found.append((chance.choices(list(weights), weights=list(weights.values()))[0], chance.randrange(2**32)))
        if number % lull_every == 0:
            found.append(("lull", number))
    return found


def holds(seed: int, play: Play) -> None:
    """Play a seed; when it fails, fail with the shortest history that fails."""
    steps, begun = steps_of(seed), time.process_time()
    failed = violation(steps, play)
    print(f"seed {seed}: {time.process_time() - begun:.2f} s of processor time", flush=True)
    if failed is not None:
        short, said = shortest(steps[: failed.steps], play, str(failed), SHORTEN)
        words = f"seed {seed}: {len(short)} of its {len(steps)} steps still fail\n{said}"
        print(words, flush=True)
        pytest.fail(words, pytrace=False)


def violation(steps: Sequence[Step], play: Play) -> Violation | None:
    """What fails when these steps are played; None when all holds."""
    try:
        play(steps)
    except Violation as found:
        return found
    return None
