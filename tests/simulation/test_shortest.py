"""A long history that fails is told by the few steps that it takes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulation.shortest import shortest


def test_of_two_hundred_steps_the_three_are_left_that_it_takes() -> None:
    def play(steps: Sequence[int]) -> None:
        if {17, 130}.issubset(steps):
            raise AssertionError(f"failed with {len(steps)}")

    assert shortest(range(200), play, "all") == ([17, 130, 199], "failed with 3")


def test_when_nothing_shorter_fails_everything_is_told() -> None:
    def play(steps: Sequence[int]) -> None:
        assert len(steps) < 5, "only all of them"

    assert shortest(range(5), play, "all") == ([0, 1, 2, 3, 4], "all")


def test_it_ends_after_so_many_plays() -> None:
    played = []

    def play(steps: Sequence[int]) -> None:
        played.append(len(steps))

    assert shortest(range(200), play, "all", plays=7)[0] == list(range(200))
    assert len(played) == 7
