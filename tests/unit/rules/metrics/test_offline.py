"""How much of an outage filings explain: overlaps once, never more than the outage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.metrics import METRICS, OFFLINE, OfflineFacts
from anlan.rules.metrics.offline import explained

DAY = datetime(2026, 3, 1, tzinfo=UTC)
MINUTES = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)


def at(minute: int) -> datetime:
    return DAY + timedelta(minutes=minute)


@given(MINUTES, st.lists(MINUTES, max_size=5))
def test_explained_time_is_the_union_of_windows_within_the_outage(outage: list[int], windows: list[list[int]]) -> None:
    found = explained(at(outage[0]), at(outage[1]), [(at(a), at(b)) for a, b in windows])
    minutes = sum(any(a <= minute < b for a, b in windows) for minute in range(*outage))
    assert found == timedelta(minutes=minutes)


def test_figures_are_means_over_what_is_in_use_and_dashes_without_any() -> None:
    county = OfflineFacts.total(
        [OfflineFacts(points=4, gateways=1, offline_us=8 * 60_000_000), OfflineFacts(points=4, outages=1)]
    )
    texts = [METRICS[name].text(METRICS[name].compute(county)) for name in OFFLINE]
    assert texts == ["1.00", "1", "0.00", "0", "0.00", "0"]
    assert METRICS["offline_minutes"].text(METRICS["offline_minutes"].compute(OfflineFacts())) == "—"
