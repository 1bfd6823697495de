"""Predicates of duties over sets of categories."""

from __future__ import annotations

import pytest

from anlan.rules.duties import DUTIES, Category, Subject, duties_of


def subject(*names: str, sources: int = 0) -> Subject:
    return Subject(frozenset(Category(name) for name in names), sources)


@pytest.mark.req("ORG-10")
def test_a_petrol_station_commits_nothing_but_is_in_the_trade_system_and_standardises() -> None:
    assert duties_of(subject("filling_station")) == ["trade_system", "standardisation"]


@pytest.mark.req("ORG-10")
def test_the_commitment_is_owed_with_a_hazard_source_or_by_local_setting_with_a_production_licence() -> None:
    assert "commitment" in duties_of(subject("hazard_source", sources=1), local=False)
    assert "commitment" in duties_of(subject("production"), local=True)
    assert "commitment" not in duties_of(subject("production"), local=False)
    assert "commitment" in duties_of(subject("filling_station", sources=1), local=False)


@pytest.mark.parametrize("duty", DUTIES, ids=lambda duty: duty.key)
def test_every_duty_says_to_whom_it_applies_and_no_duty_applies_to_nothing(duty: object) -> None:
    from anlan.rules.duties import Duty

    assert isinstance(duty, Duty)
    assert duty.predicate
    assert bool(duty.local) is ("本地设定" in duty.predicate)
    assert not duty.applies(subject(), True)


@pytest.mark.django_db
def test_the_categories_are_those_of_the_register() -> None:
    from anlan.apps.registry.models import EnterpriseKind

    assert {str(each) for each in Category} == set(EnterpriseKind.values)
