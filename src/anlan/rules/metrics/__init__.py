"""Metrics: what is counted, how, which end comes first, and by which article (GEN-06, GEN-07, WRN-17, WRN-21).

One registry feeds the pages, the API, the reference page and, later, the bulletins. The notices name what is ranked
and never how it is computed, so every formula here is ours and is shown as 本地设定.
"""

from __future__ import annotations

from anlan.rules.metrics.adding import Facts
from anlan.rules.metrics.alarming import ALARMING, PERFORMANCE, AlarmFacts
from anlan.rules.metrics.facts import HandlingFacts
from anlan.rules.metrics.handling import DAILY, HANDLING, HANDLING_METRICS
from anlan.rules.metrics.metric import FORMULA, Figure, Metric, MetricUnit
from anlan.rules.metrics.offline import OFFLINE, OFFLINE_METRICS, OfflineFacts
from anlan.rules.metrics.table import Line, Table, summed, tabulate

METRICS: dict[str, Metric] = HANDLING_METRICS | ALARMING | OFFLINE_METRICS
"""Every metric by its id."""

__all__ = [
    "ALARMING",
    "DAILY",
    "FORMULA",
    "HANDLING",
    "METRICS",
    "OFFLINE",
    "PERFORMANCE",
    "AlarmFacts",
    "Facts",
    "Figure",
    "HandlingFacts",
    "Line",
    "Metric",
    "MetricUnit",
    "OfflineFacts",
    "Table",
    "summed",
    "tabulate",
]
