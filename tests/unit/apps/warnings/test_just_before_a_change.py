"""A step that fell due a moment before a change, when no clock has looked yet: it is sent, once (architecture §7).

Only a change at or before the due instant is ahead of a step, and only an outage of the clock makes one missed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario
from tests.hats import staff

from anlan.apps.delivery.models import Notice
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import firing
from anlan.apps.warnings import kinds
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import LevelEpisode, SiteOrder, Warning

pytestmark = pytest.mark.django_db
DUE = at("09:00")
A_MOMENT = timedelta(milliseconds=300)


@pytest.fixture
def source() -> Any:
    """A hazard source at orange since 08:00: notice 1 and nothing else falls due at 09:00."""
    from anlan.drill.world import build

    source = build(scenario()).sources["s1"]
    warnings.set_level(source, "orange", at=at("08:00"))
    return source


def sign(when: datetime) -> None:
    obligations.tick("clock", when)


def sent(kind: str = "notice") -> list[Notice]:
    return list(Notice.objects.by_the_machine().filter(kind=kind).order_by("sent_at", "pk"))


def notice_states() -> list[str]:
    rows = Obligation.objects.by_the_machine().filter(kind="notice").order_by("due_at")
    return list(rows.values_list("state", flat=True))


@pytest.mark.parametrize("to", ["yellow", "red", "none"])
def test_the_step_goes_out_before_the_change_that_came_a_moment_later(source: Any, to: str) -> None:
    sign(DUE - timedelta(seconds=4))
    warnings.set_level(source, to, at=DUE + A_MOMENT)
    (notice,) = sent()
    assert (notice.due_at, notice.sent_at, notice.step, notice.missed) == (DUE, DUE + A_MOMENT, 1, [])
    assert notice.level == "orange"
    assert obligations.run_due(DUE + timedelta(seconds=1)) == 0
    assert len(sent()) == 1
    after = ["fired", "cancelled"] + ([] if to == "none" else ["pending"])
    states = notice_states()
    assert sorted(states) == sorted(after)
    told = [row.kind for row in Notice.objects.by_the_machine().filter(sent_at=DUE + A_MOMENT).order_by("pk")]
    assert told[0] == kinds.NOTICED
    assert list(journal.broken()) == []


def test_the_clock_that_comes_first_leaves_nothing_for_the_change(source: Any) -> None:
    sign(DUE)
    assert obligations.run_due(DUE + timedelta(milliseconds=100)) == 1
    warnings.set_level(source, "yellow", at=DUE + A_MOMENT)
    assert len(sent()) == 1
    assert notice_states().count(ObligationState.MISSED) == 0


def test_a_change_at_the_due_instant_is_ahead_of_the_step(source: Any) -> None:
    sign(DUE)
    warnings.set_level(source, "yellow", at=DUE)
    assert sent() == []
    assert notice_states()[0] == ObligationState.CANCELLED


def test_without_a_clock_at_work_the_step_is_missed_and_not_sent(source: Any) -> None:
    sign(DUE - timedelta(minutes=5))
    warnings.set_level(source, "yellow", at=DUE + A_MOMENT)
    assert sent() == []
    assert notice_states()[0] == ObligationState.MISSED


def test_a_site_order_that_fell_due_a_moment_ago_is_issued(source: Any) -> None:
    order_due = Obligation.objects.by_the_machine().get(kind="site_order").due_at
    sign(order_due - timedelta(seconds=1))
    obligations.run_due(order_due - timedelta(seconds=1))
    warnings.set_level(source, "yellow", at=order_due + A_MOMENT)
    assert SiteOrder.objects.by_the_machine().get().due_at == order_due
    assert [row.due_at for row in sent("site_order")] == [order_due]
    row = Obligation.objects.by_the_machine().get(kind="site_order", key__startswith="site_order:e", due_at=order_due)
    assert row.state == ObligationState.FIRED


def test_a_site_order_that_goes_out_hours_late_says_so_where_it_is_owed_told_and_journaled(source: Any) -> None:
    row = Obligation.objects.by_the_machine().get(kind="site_order")
    obligations.run_due(row.due_at + timedelta(hours=5))
    row.refresh_from_db()
    assert row.state == ObligationState.MISSED
    (order,) = sent("site_order")
    assert order.missed == [row.due_at.isoformat()]
    assert Entry.objects.get(act="site_order_issued").after["late"] is True


def test_a_step_that_is_still_due_though_its_level_has_ended_is_cancelled_and_not_sent(source: Any) -> None:
    warnings.set_level(source, "none", at=at("08:20"))
    rows = Obligation.objects.by_the_machine().filter(kind="notice")
    assert rows.update(state=ObligationState.PENDING) == 1
    obligations.run_due(DUE)
    assert sent() == []
    assert notice_states() == [ObligationState.CANCELLED]


def test_a_report_a_moment_late_is_overdue_first(source: Any) -> None:
    sign(at("08:20"))
    warnings.set_level(source, "none", at=at("08:20"))
    warning = Warning.objects.by_the_machine().get()
    due = at("09:20")
    sign(due)
    texts = {"result": "已处置", "cause": "阀门内漏", "measures": "更换阀门"}
    report = warnings.submit_report(warning, by=staff(warning, "丙"), at=due + A_MOMENT, **texts)
    assert report.is_late
    assert [row.due_at for row in sent("report_overdue")] == [due]
    assert Obligation.objects.by_the_machine().get(kind="report").state == ObligationState.LATE
    assert obligations.run_due(due + timedelta(seconds=1)) == 0
    warning.refresh_from_db()
    assert (warning.closed_at, warning.next_due_at) == (due + A_MOMENT, None)


def test_a_change_that_was_decided_before_a_step_and_came_after_it_is_not_earlier_than_it(source: Any) -> None:
    """It waited for its turn while a clock sent the step: what was sent stands, and the order of time holds."""
    sign(DUE)
    obligations.run_due(DUE + timedelta(milliseconds=50))
    warnings.set_level(source, "yellow", at=DUE - timedelta(milliseconds=10))
    ended = LevelEpisode.objects.by_the_machine().get(level="orange").ended_at
    assert ended == sent()[0].sent_at == DUE + timedelta(milliseconds=50)


def test_a_step_that_cannot_be_fired_does_not_keep_the_level_from_changing(
    source: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sign(DUE)
    kept = dict(firing._ways)

    def broken(rows: Any, firing: Any) -> None:
        raise RuntimeError("this one cannot be fired")

    obligations.register("notice", broken)
    try:
        warnings.set_level(source, "yellow", at=DUE + A_MOMENT)
    finally:
        firing._ways.update(kept)
    assert Warning.objects.by_the_machine().get().level == "yellow"
    assert notice_states()[0] == ObligationState.MISSED
    assert "could not be fired before a change" in caplog.text
