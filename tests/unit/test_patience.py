"""Waiting goes on while things get on, and ends when nothing does."""

from __future__ import annotations

import os
import time

import pytest

from anlan import now
from anlan.patience import WORTH_S, Patience


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    one = Hands()
    monkeypatch.setattr(now, "monotonic", one.monotonic)
    return one


@pytest.mark.case("F17")
def test_patience_ends_when_nothing_changes_and_lasts_while_something_does(hands: Hands) -> None:
    patience = Patience(90, list)
    for waiting in ("engine web", "web"):
        assert not patience.is_out(waiting)
        hands.seconds += 89
        assert not patience.is_out(waiting)
    hands.seconds += 2
    assert patience.is_out("web")


@pytest.mark.case("F17")
def test_a_process_that_works_is_waited_for_and_one_that_is_gone_is_not(hands: Hands) -> None:
    patience = Patience(90, lambda: [os.getpid(), 2**22 + 1])
    assert not patience.is_out(None)
    hands.seconds += 80
    begun = time.process_time()
    while time.process_time() - begun < WORTH_S + 0.1:
        pass
    assert not patience.is_out(None)
    hands.seconds += 80
    assert not patience.is_out(None)
    hands.seconds += 11
    assert patience.is_out(None)
