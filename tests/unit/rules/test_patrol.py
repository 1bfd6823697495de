"""第十一条 and 第十四条 of the spot-check regulation."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from anlan.rules.calendar import CIVIL_ZONE
from anlan.rules.patrol import Rectification, rectify_limit, spot_check_quota
from anlan.rules.rulebook import Override, RulebookError, load

ON = date(2024, 3, 1)
ASSIGNED = datetime(2024, 3, 1, 16, 30, tzinfo=CIVIL_ZONE)


@pytest.mark.parametrize(("unit", "quota"), [("ministry", 3), ("province", 3), ("city", 4), ("county", 5), ("park", 6)])
def test_each_unit_has_its_quota_and_checks_all_where_there_are_fewer(unit: str, quota: int) -> None:
    rules = load(on_date=ON)
    assert spot_check_quota(unit, 40, rules) == quota
    assert spot_check_quota(unit, quota, rules) == quota
    assert spot_check_quota(unit, 2, rules) == 2
    assert spot_check_quota(unit, 0, rules) == 0


def test_a_unit_that_the_article_does_not_name_has_no_quota() -> None:
    with pytest.raises(RulebookError):
        spot_check_quota("town", 9, load(on_date=ON))


@pytest.mark.req("GEN-10")
@pytest.mark.parametrize(
    ("kind", "due"),
    [
        (Rectification.IMMEDIATE, datetime(2024, 3, 2, 16, 30, tzinfo=CIVIL_ZONE)),
        (Rectification.WITH_MEASURES, datetime(2024, 3, 16, 16, 30, tzinfo=CIVIL_ZONE)),
    ],
)
def test_a_problem_without_a_limit_gets_the_local_one_and_says_so(kind: Rectification, due: datetime) -> None:
    limit = rectify_limit(ASSIGNED, kind, load(on_date=ON))
    assert (limit.deadline.at, limit.source, limit.is_local) == (due, "本地设定", True)
    assert limit.deadline.met_by(due)
    assert not limit.deadline.met_by(due + timedelta(seconds=1))


def test_a_limit_that_was_set_is_not_called_local() -> None:
    due = datetime(2024, 3, 5, 12, 0, tzinfo=CIVIL_ZONE)
    limit = rectify_limit(ASSIGNED, Rectification.IMMEDIATE, load(on_date=ON), due)
    assert (limit.deadline.at, limit.source, limit.is_local) == (due, "", False)


def test_a_locality_s_own_default_counts_with_its_document() -> None:
    own = Override("finding_limit_immediate_hours", 12, "zz", ON, document="县局〔2024〕示例3号")
    limit = rectify_limit(ASSIGNED, Rectification.IMMEDIATE, load(("zz",), ON, [own]))
    assert limit.deadline.at == datetime(2024, 3, 2, 4, 30, tzinfo=CIVIL_ZONE)
    assert limit.source == "本地设定（县局〔2024〕示例3号）"
