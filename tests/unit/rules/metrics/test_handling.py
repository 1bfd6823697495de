"""Metrics of handling: exact, empty bases shown as a dash, ties shared, and every definition complete."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules import rulebook
from anlan.rules.metrics import (
    ALARMING,
    DAILY,
    HANDLING,
    METRICS,
    OFFLINE,
    PERFORMANCE,
    AlarmFacts,
    Facts,
    HandlingFacts,
    MetricUnit,
    OfflineFacts,
    tabulate,
)
from anlan.rules.metrics.facts import LISTS
from anlan.rules.rulebook import LOCAL_LABEL

MINUTE = 60_000_000


def text(metric: str, facts: Facts) -> str:
    return METRICS[metric].text(METRICS[metric].compute(facts))


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_every_metric_says_what_it_counts_and_opens_a_list(metric: object) -> None:
    from anlan.rules.metrics import Metric

    assert isinstance(metric, Metric)
    assert metric.title
    assert metric.definition.endswith("。")
    assert metric.numerator
    assert bool(metric.denominator) is (metric.unit is not MetricUnit.COUNT)
    assert "第" in metric.article or metric.article == LOCAL_LABEL or metric.id in ALARMING
    assert metric.drills_to in LISTS


def test_the_tables_name_known_metrics_and_the_setting_ranks_by_columns_of_the_periodic_one() -> None:
    assert set(HANDLING) | set(DAILY) | set(PERFORMANCE) | set(OFFLINE) == set(METRICS)
    choices = rulebook.load().entry("handling_ranked_by")
    assert set(choices.choices) <= set(HANDLING)
    assert choices.choice_labels == tuple(METRICS[name].title for name in choices.choices)


def test_rates_and_means_of_nothing_are_a_dash_and_counts_of_nothing_are_zero() -> None:
    for name, each in METRICS.items():
        nothing = AlarmFacts() if name in ALARMING else OfflineFacts() if name in OFFLINE else HandlingFacts()
        assert text(name, nothing) == ("0" if each.unit is MetricUnit.COUNT else "—")


def test_figures_are_exact_and_shown_to_two_decimals() -> None:
    facts = HandlingFacts(downgrades=3, downgrade_us=100 * MINUTE, reports_settled=99, reports_on_time=74)
    assert METRICS["downgrade_minutes"].compute(facts).value == Fraction(100, 3)
    assert text("downgrade_minutes", facts) == "33.33"
    assert text("report_on_time_rate", facts) == "74.75 %"
    assert METRICS["report_on_time_rate"].number(METRICS["report_on_time_rate"].compute(facts)) == 74.75


def test_the_total_of_a_mean_is_the_mean_of_all_cases_and_no_mean_of_means() -> None:
    one = HandlingFacts(downgrades=1, downgrade_us=10 * MINUTE)
    nine = HandlingFacts(downgrades=9, downgrade_us=180 * MINUTE)
    table = tabulate([METRICS["downgrade_minutes"]], {"甲县": one, "乙县": nine}, METRICS["downgrade_minutes"])
    assert [(line.unit, line.place.text) for line in table.lines] == [("乙县", "1"), ("甲县", "2")]
    assert table.total[0].value == 19


def test_counts_nine_nine_five_and_none_take_places_one_one_three_and_a_dash() -> None:
    facts = {name: HandlingFacts(warnings=n) for name, n in {"甲": 0, "乙": 9, "丙": 5, "丁": 9}.items()}
    table = tabulate([METRICS["warnings_raised"]], facts, METRICS["warnings_raised"])
    assert [(line.unit, line.place.text) for line in table.lines] == [
        ("乙", "1"),
        ("丁", "1"),
        ("丙", "3"),
        ("甲", "—"),
    ]


def test_rates_are_ranked_best_first_and_a_unit_without_a_base_has_no_place() -> None:
    facts = {
        "甲": HandlingFacts(reports_settled=4, reports_on_time=3),
        "乙": HandlingFacts(),
        "丙": HandlingFacts(reports_settled=2, reports_on_time=2),
        "丁": HandlingFacts(reports_settled=3),
    }
    table = tabulate([METRICS["report_on_time_rate"]], facts, METRICS["report_on_time_rate"])
    places = [(line.unit, line.place.text) for line in table.lines]
    assert places == [("丙", "1"), ("甲", "2"), ("丁", "3"), ("乙", "—")]


FACTS = st.builds(HandlingFacts, warnings=st.integers(0, 9), downgrades=st.integers(0, 9), downgrade_us=st.integers(0))


@given(st.lists(FACTS, max_size=6))
def test_facts_add_up_in_any_order(facts: list[HandlingFacts]) -> None:
    assert HandlingFacts.total(facts) == HandlingFacts.total(reversed(facts))
    assert HandlingFacts.total(facts).warnings == sum(each.warnings for each in facts)
