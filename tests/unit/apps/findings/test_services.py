"""A finding is open once; found again it counts up; closed it may be opened anew."""

from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario

from anlan.apps.findings import services
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.warnings import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject() -> dict[str, Any]:
    from anlan.drill.world import build

    source = build(scenario()).sources["s1"]
    return {"enterprise": source.enterprise, "subject": "source:s1:main", "text": "缺失"}


def test_found_again_while_open_it_counts_up(subject: dict[str, Any]) -> None:
    services.found(kinds.HOLDER_MISSING, at=at("08:00"), **subject)
    services.found(kinds.HOLDER_MISSING, at=at("09:00"), **subject)
    row = Finding.objects.by_the_machine().get()
    assert (row.times, row.found_at, row.seen_at) == (2, at("08:00"), at("09:00"))


def test_closed_it_is_opened_anew(subject: dict[str, Any]) -> None:
    services.found(kinds.HOLDER_MISSING, at=at("08:00"), **subject)
    code = subject["enterprise"].code
    assert services.closed(kinds.HOLDER_MISSING, subject="source:s1:main", enterprise_code=code, at=at("09:00"))
    assert not services.closed(kinds.HOLDER_MISSING, subject="source:s1:main", enterprise_code=code, at=at("09:01"))
    services.found(kinds.HOLDER_MISSING, at=at("10:00"), **subject)
    states = Finding.objects.by_the_machine().order_by("pk").values_list("state", flat=True)
    assert list(states) == [FindingState.CLOSED, FindingState.OPEN]
