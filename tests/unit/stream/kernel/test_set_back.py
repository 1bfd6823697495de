"""What the kernel remembers from after the present is moved back, and a sample of the last minute still counts."""

from __future__ import annotations

import numpy as np
import pytest

from anlan.stream.kernel.columns import Columns
from anlan.stream.kernel.set_back import SLACK_US, furthest, set_back

NOW, HOUR = 1_772_409_600_000_000, 3_600_000_000


@pytest.mark.case("A1")
def test_a_sample_taken_up_to_a_minute_before_the_present_counts_after_our_clock_was_set_right() -> None:
    state = Columns(2)
    for name in ("last_us", "good_us", "frame_us", "recv_us"):
        getattr(state, name)[:] = (NOW + HOUR, NOW)
    assert set_back(state, slice(None), NOW).tolist() == [0]
    for name in ("last_us", "good_us", "frame_us"):
        assert getattr(state, name).tolist() == [NOW - SLACK_US, NOW], name
    assert state.recv_us.tolist() == [NOW, NOW]
    assert np.all(furthest(state, slice(None)) <= NOW + SLACK_US)
    assert set_back(state, slice(None), NOW).tolist() == []


@pytest.mark.case("A1")
def test_what_a_point_itself_said_of_the_past_stands_though_it_was_received_in_the_future() -> None:
    """Else every sample of the last minute that comes once more would be judged once more."""
    said = [NOW - SLACK_US - 1, NOW - 10, NOW, NOW + 10, NOW + HOUR]
    state = Columns(5)
    for name in ("last_us", "good_us", "frame_us"):
        getattr(state, name)[:] = said
    state.recv_us[:] = NOW + HOUR
    assert set_back(state, slice(None), NOW).tolist() == [0, 1, 2, 3, 4]
    for name in ("last_us", "good_us", "frame_us"):
        assert getattr(state, name).tolist() == [*said[:3], NOW - SLACK_US, NOW - SLACK_US], name
    assert state.recv_us.tolist() == [NOW] * 5
