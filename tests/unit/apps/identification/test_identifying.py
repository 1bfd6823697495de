"""A unit is identified, reviewed by another, filed, and identified again when it is time or something has changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from tests.hats import officer, staff
from tests.unit.apps.enrolment.test_import import NOW, bring
from tests.unit.apps.enrolment.workbooks import CODE, WHOLE, book

from anlan.apps.findings.models import Finding
from anlan.apps.identification import kinds, services
from anlan.apps.identification.models import Identification
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused
from anlan.rules.calendar import civil_day

pytestmark = pytest.mark.django_db
CHLORINE = {"name": "液氯", "design_max_t": "20", "symbols": []}
TODAY = civil_day(NOW)


@pytest.fixture
def enterprise() -> Enterprise:
    bring(book(WHOLE))
    return Enterprise.objects.by_the_machine().select_related("supervisor").get()


def entered(enterprise: Enterprise, *, at: datetime = NOW, who: str = "甲", **values: Any) -> Identification:
    told: dict[str, Any] = {
        "unit": "液氯罐区",
        "kind": "storage",
        "why": "first",
        "exposed": 120,
        "amounts": [CHLORINE],
    }
    return services.enter(enterprise, **(told | values), by=staff(enterprise, who), at=at)


def confirmed(enterprise: Enterprise, *, at: datetime = NOW, **values: Any) -> Identification:
    return services.confirm(entered(enterprise, at=at, **values), by=staff(enterprise, "乙"), at=at)


def found(kind: str) -> list[str]:
    return [row.state for row in Finding.objects.by_the_machine().filter(kind=kind).order_by("pk")]


def due(row: Identification, kind: str) -> tuple[date, str]:
    """The last day of what is owed, and how it stands."""
    owed = Obligation.objects.by_the_machine().filter(subject=row.about, kind=kind).order_by("-pk").first()
    assert owed is not None
    return civil_day(owed.due_at - timedelta(seconds=1)), owed.state


def run(at: datetime) -> None:
    obligations.run_due(at)


def test_what_is_entered_counts_when_another_has_reviewed_it(enterprise: Enterprise) -> None:
    row = entered(enterprise)
    assert (row.state, row.level, row.outcome["S"], row.outcome["R"]) == ("entered", "3", "4.0000", "32.0000")
    with pytest.raises(PermissionDenied):
        services.confirm(row, by=staff(enterprise, "甲"), at=NOW)
    with pytest.raises(PermissionDenied):
        services.confirm(row, by=officer(enterprise), at=NOW)
    row = services.confirm(row, by=staff(enterprise, "乙"), at=NOW, note="核对图纸")
    assert (row.state, row.decided_by, row.note) == ("confirmed", "乙", "核对图纸")
    assert due(row, kinds.FILING) == (TODAY + timedelta(days=15), "pending")
    assert row.again_on == TODAY.replace(year=TODAY.year + 3)
    assert due(row, kinds.AGAIN) == (row.again_on, "pending")
    with pytest.raises(Refused, match="有效"):
        services.confirm(row, by=staff(enterprise, "乙"), at=NOW)


def test_what_is_no_source_owes_nothing(enterprise: Enterprise) -> None:
    row = confirmed(enterprise, amounts=[CHLORINE | {"design_max_t": "4.9999"}])
    assert (row.is_major, row.level, row.again_on) == (False, "", None)
    assert not Obligation.objects.by_the_machine().filter(subject=row.about).exists()
    assert found(kinds.DIFFERS) == []
    with pytest.raises(Refused, match="不备案"):
        services.accept_filing(row, "BA-1", TODAY, by=officer(enterprise), at=NOW)


def test_each_field_that_is_wrong_is_told_beside_it_and_nothing_is_kept(enterprise: Enterprise) -> None:
    with pytest.raises(Refused) as refused:
        entered(enterprise, unit=" ", kind="ship", why="", exposed=None, amounts=[CHLORINE | {"name": "示例"}])
    assert set(refused.value.fields) == {"unit", "kind", "why", "exposed", "amounts"}
    assert "表 1" in refused.value.fields["amounts"]
    with pytest.raises(Refused, match="没有列出物质"):
        entered(enterprise, amounts=[])
    with pytest.raises(Refused, match="至多 60 种"):
        entered(enterprise, amounts=[CHLORINE] * 61)
    assert not Identification.objects.by_the_machine().exists()
    with pytest.raises(PermissionDenied):
        services.enter(
            enterprise,
            unit="x",
            kind="storage",
            why="first",
            exposed=1,
            amounts=[CHLORINE],
            by=officer(enterprise),
            at=NOW,
        )


def test_entered_again_while_it_waits_the_later_one_is_reviewed(enterprise: Enterprise) -> None:
    first = entered(enterprise)
    second = entered(enterprise, exposed=0)
    first.refresh_from_db()
    assert (first.state, second.state) == ("returned", "entered")
    with pytest.raises(Refused, match="已退回"):
        services.confirm(first, by=staff(enterprise, "乙"), at=NOW)


def test_the_register_is_held_beside_it_until_they_agree(enterprise: Enterprise) -> None:
    row = confirmed(enterprise)
    assert found(kinds.DIFFERS) == ["open"]
    with pytest.raises(Refused, match="没有编码"):
        services.link(row, "1", by=staff(enterprise), at=NOW)
    source = enterprise.sources.get()  # type: ignore[attr-defined]
    assert (source.code, source.level) == (f"{CODE}001", "2")
    row = services.link(row, source.code, by=staff(enterprise), at=NOW)
    assert found(kinds.DIFFERS) == ["open"], "another level"
    assert "三级重大危险源" in services.differs(row)
    graver = confirmed(
        enterprise, amounts=[CHLORINE | {"design_max_t": "40"}], why="quantity", at=NOW + timedelta(days=1)
    )
    assert (graver.level, graver.source_id) == ("2", source.pk), "the unit is the same source"
    assert found(kinds.DIFFERS) == ["closed"]
    row.refresh_from_db()
    assert row.state == "replaced"
    less = confirmed(enterprise, amounts=[CHLORINE | {"design_max_t": "1"}], why="quantity", at=NOW + timedelta(days=2))
    assert found(kinds.DIFFERS) == ["closed", "open"], "registered, and no source any more"
    assert "不构成" in services.differs(less)


def test_a_filing_that_is_not_taken_in_within_its_days_is_found_and_closed_by_it(enterprise: Enterprise) -> None:
    row = confirmed(enterprise)
    last = datetime(TODAY.year, TODAY.month, TODAY.day, 16, tzinfo=UTC) + timedelta(days=15)  # 24:00 in China
    run(last - timedelta(seconds=1))
    assert due(row, kinds.FILING)[1] == "pending"
    run(last)
    assert (due(row, kinds.FILING)[1], found(kinds.NOT_FILED)) == ("overdue", ["open"])
    late = last + timedelta(days=2)
    with pytest.raises(PermissionDenied):
        services.accept_filing(row, "BA-1", TODAY, by=staff(enterprise), at=late)
    for number, on in ((" ", TODAY), ("BA-1", None), ("BA-1", civil_day(late) + timedelta(days=1))):
        with pytest.raises(Refused):
            services.accept_filing(row, number, on, by=officer(enterprise), at=late)
    row = services.accept_filing(row, "BA-2026-001", civil_day(late), by=officer(enterprise), at=late)
    assert (row.filed_no, row.filed_by) == ("BA-2026-001", "示例值班")
    assert (due(row, kinds.FILING)[1], found(kinds.NOT_FILED)) == ("late", ["closed"])
    with pytest.raises(Refused, match="已备案"):
        services.accept_filing(row, "BA-2", civil_day(late), by=officer(enterprise), at=late)


def test_a_change_asks_for_a_new_identification_sooner_than_its_years(enterprise: Enterprise) -> None:
    row = confirmed(enterprise)
    with pytest.raises(Refused, match="情形"):
        services.ask_again(row, "first", "x", by=officer(enterprise), at=NOW)
    with pytest.raises(Refused, match="什么变了"):
        services.ask_again(row, "process", "—", by=officer(enterprise), at=NOW)
    row = services.ask_again(row, "process", "液氯汽化改为全密闭", by=officer(enterprise), at=NOW)
    assert (row.again_on, row.asked_again) == (TODAY + timedelta(days=30), "工艺变化：液氯汽化改为全密闭")
    row = services.ask_again(row, "accident", "泄漏", by=staff(enterprise), at=NOW + timedelta(days=10))
    assert row.again_on == TODAY + timedelta(days=30), "asked again, the earlier day stays"
    run(NOW + timedelta(days=32))
    assert (due(row, kinds.AGAIN)[1], found(kinds.NOT_AGAIN)) == ("overdue", ["open"])
    new = confirmed(enterprise, why="process", at=NOW + timedelta(days=33))
    assert (due(row, kinds.AGAIN)[1], found(kinds.NOT_AGAIN)) == ("late", ["closed"])
    assert due(new, kinds.AGAIN)[1] == "pending"


def test_sent_back_with_words_it_stays_and_the_one_in_force_goes_on(enterprise: Enterprise) -> None:
    now = confirmed(enterprise)
    row = entered(enterprise, exposed=0, at=NOW + timedelta(days=1))
    with pytest.raises(Refused, match="原因"):
        services.send_back(row, by=staff(enterprise, "乙"), at=NOW, note=" ")
    row = services.send_back(row, by=staff(enterprise, "乙"), at=NOW, note="人口数不对")
    now.refresh_from_db()
    assert (row.state, row.note, now.state) == ("returned", "人口数不对", "confirmed")
