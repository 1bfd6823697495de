"""The page of metrics says exactly what the registry says, and names none that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from anlan.rules.metrics import DAILY, HANDLING, METRICS, OFFLINE, PERFORMANCE, Metric

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"


def row_of(metric: Metric) -> str:
    formula = metric.numerator + (f" ÷ {metric.denominator}" if metric.denominator else "")
    words = (metric.title, metric.definition, formula, metric.unit_words, metric.direction_words, metric.article)
    return f"| `{metric.id}` | {' | '.join(words)} |"


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_every_metric_stands_in_the_reference_as_it_is_computed(metric: Metric) -> None:
    assert row_of(metric) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_reference_names_no_metric_that_is_gone() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == [
        *HANDLING,
        *DAILY,
        *PERFORMANCE,
        *OFFLINE,
    ]
