"""The shortest history that still fails, found by leaving out ever smaller parts of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

S = TypeVar("S")
PLAYS = 80
"""So often at most a history is played again to shorten it."""


def shortest(
    steps: Sequence[S], play: Callable[[Sequence[S]], None], said: str, plays: int = PLAYS
) -> tuple[list[S], str]:
    """Steps of which hardly one can be left out, and what `play` said when it failed with them (AssertionError).

    ``said``: what it said with all of ``steps``; it is the answer where nothing shorter fails. The last step stays: it
    is the one that looks.
    """
    left, part = list(steps), max(1, len(steps) // 2)
    while plays > 0:
        at, shorter = 0, False
        while at < len(left) - 1 and plays > 0:
            tried = left[:at] + left[min(at + part, len(left) - 1) :]
            plays -= 1
            try:
                play(tried)
            except AssertionError as error:
                left, said, shorter = tried, str(error), True
            else:
                at += part
        if part == 1 and not shorter:
            break
        part = max(1, part // 2)
    return left, said
