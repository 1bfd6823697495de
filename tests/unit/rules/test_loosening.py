"""Every way of watching less closely is told, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from anlan.rules.loosening import ARTICLE, LOCAL, Watched, loosened

POINT = {
    "is_active": True, "device": "d1", "gateway": "g1", "tag": "PT-1", "unit": "MPa", "gas": "toxic", "range_min": 0.0,
    "range_max": 2.5, "ll": 0.1, "l": 0.2, "h": 1.5, "hh": 1.58, "deadband": 0.0, "on_delay_s": 0.0, "off_delay_s": 5.0,
    "flatline_s": 600.0, "period_s": 5.0, "no_data_s": 60.0, "name": "压力", "decimals": 2,
}  # fmt: skip
LOOSER: list[tuple[str, Any]] = [
    ("hh", 2.5), ("hh", None), ("h", 1.5000001), ("l", 0.19), ("ll", None), ("deadband", 0.1), ("on_delay_s", 86_400.0),
    ("off_delay_s", 0.0), ("no_data_s", 8_640_000.0), ("flatline_s", None), ("flatline_s", 601.0), ("period_s", 60.0),
    ("range_max", 3.0), ("range_min", -1.0), ("unit", "kPa"), ("gas", ""), ("tag", "PT-2"), ("device", "d2"),
    ("gateway", "g2"), ("is_active", False),
]  # fmt: skip
TIGHTER: list[tuple[str, Any]] = [
    ("hh", 1.55), ("h", 1.4), ("l", 0.21), ("ll", 0.15), ("off_delay_s", 10.0), ("no_data_s", 30.0), ("period_s", 1.0),
    ("flatline_s", 300.0), ("range_max", 2.4), ("name", "压力一"), ("decimals", 0),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), LOOSER)
def test_what_is_watched_less_closely_is_told_with_its_field_and_values(field: str, value: Any) -> None:
    (found,) = loosened(Watched.POINT, POINT, POINT | {field: value})
    assert (found.field, found.before, found.after) == (field, POINT[field], value)
    assert loosened(Watched.POINT, POINT | {field: value}, POINT | {field: value}) == ()


@pytest.mark.parametrize(("field", "value"), TIGHTER)
def test_what_is_watched_more_closely_is_not_told(field: str, value: Any) -> None:
    assert loosened(Watched.POINT, POINT, POINT | {field: value}) == ()


def test_a_limit_set_where_there_was_none_loosens_nothing() -> None:
    bare = POINT | {"ll": None, "l": None, "h": None, "hh": None, "flatline_s": None}
    assert loosened(Watched.POINT, bare, POINT) == ()


def test_only_what_the_article_names_carries_the_article() -> None:
    labels = {field: loosened(Watched.POINT, POINT, POINT | {field: value})[0].label for field, value in LOOSER}
    assert {field for field, label in labels.items() if label == ARTICLE} == {"is_active", "device", "gateway", "tag"}
    assert labels["hh"] == LOCAL


@pytest.mark.parametrize(
    ("kind", "before", "after", "field"),
    [
        (Watched.SOURCE, {"level": "1"}, {"level": "4"}, "level"),
        (Watched.GATEWAY, {"is_active": True}, {"is_active": False}, "is_active"),
        (Watched.DEVICE, {"source": "s1"}, {"source": ""}, "source"),
        (Watched.CAMERA, {"is_key": True}, {"is_key": False}, "is_key"),
        (Watched.ENTERPRISE, {"kinds": ["production", "port"]}, {"kinds": ["port"]}, "kinds"),
        (Watched.ENTERPRISE, {"declared_gas_points": 9}, {"declared_gas_points": 8}, "declared_gas_points"),
    ],
)
def test_other_records_that_decide_what_is_watched(kind: Watched, before: Any, after: Any, field: str) -> None:
    assert [each.field for each in loosened(kind, before, after)] == [field]
    assert loosened(kind, after, before) == () or field == "source"
