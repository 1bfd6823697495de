"""The edges of the services: what happens at the very instant, after an outage, at an upgrade, beside a neighbour.

Each line stands against one wrong line of code that no other narrow test notices.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.acceptance.conftest import Plant
from tests.acceptance.worlds import at, scenario
from tests.hats import called, officer, staff

from anlan import now as clock
from anlan.apps.delivery.models import Notice
from anlan.apps.findings.models import Finding
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.registry import services as registry
from anlan.apps.warnings import selectors
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.refused import Refused

pytestmark = pytest.mark.django_db


def agency(code: str) -> Agency:
    found: Agency = Agency.objects.by_the_machine().get(code=code)
    return found


def hangs_below(child: str, parent: str) -> None:
    """Put the county somewhere else in the tree, with all that is below it."""
    row = agency(child)
    row.parent = agency(parent)
    row.save()


def empty_slots() -> list[tuple[str, str]]:
    rows = Finding.objects.by_the_machine().filter(kind="slot_empty").order_by("pk")
    return [(subject.rpartition(":")[2], state) for subject, state in rows.values_list("subject", "state")]


def sent(kind: str) -> list[str]:
    rows = Notice.objects.by_the_machine().filter(kind=kind).order_by("pk")
    return [row.level for row in rows]


def states(kind: str) -> list[str]:
    return list(
        Obligation.objects.by_the_machine().filter(kind=kind).order_by("due_at", "pk").values_list("state", flat=True)
    )


@pytest.mark.case("E7")
def test_a_slot_found_empty_at_an_upgrade_is_a_finding_and_closed_at_the_next_that_finds_it_filled(
    plant: Plant,
) -> None:
    hangs_below("zz", "sx")  # a county directly below its province: nobody fills the city's slot
    warnings.set_level(plant.source, "yellow", at=at("08:00"))
    assert empty_slots() == []
    warnings.set_level(plant.source, "orange", at=at("08:10"))
    assert empty_slots() == [("city", "open")]
    warnings.set_level(plant.source, "yellow", at=at("08:20"))
    warnings.set_level(plant.source, "orange", at=at("08:30"))
    assert empty_slots() == [("city", "open")]  # found again, it is the same
    hangs_below("zz", "jc")
    warnings.set_level(plant.source, "red", at=at("08:40"))
    assert empty_slots() == [("city", "closed")]


@pytest.mark.case("E7")
def test_a_slot_is_looked_at_again_when_a_holder_changes(plant: Plant) -> None:
    warnings.set_level(plant.source, "orange", at=at("08:00"))
    hangs_below("zz", "sx")
    person = plant.person("乙")
    registry.replace_holder(plant.source, "main", person, by=called("x"), at=at("08:05"))
    assert empty_slots() == [("city", "open")]
    hangs_below("zz", "jc")
    registry.replace_holder(plant.source, "main", plant.person("甲"), by=called("x"), at=at("08:10"))
    assert empty_slots() == [("city", "closed")]


@pytest.mark.case("E7")
def test_a_slot_filled_while_no_warning_is_open_is_closed_within_a_day(plant: Plant) -> None:
    from anlan.apps.warnings.services.supervision import ensure_supervision

    hangs_below("zz", "sx")
    warnings.set_level(plant.source, "orange", at=at("08:00"))
    warnings.set_level(plant.source, "none", at=at("08:10"))
    hangs_below("zz", "jc")
    ensure_supervision(at("08:20"))
    obligations.run_due(at("08:20"))
    assert empty_slots() == [("city", "closed")]


@pytest.mark.case("E7")
def test_a_site_order_due_at_the_instant_of_the_clearing_does_not_go_out(plant: Plant) -> None:
    warnings.set_level(plant.source, "red", at=at("08:00"))
    obligations.run_due(at("09:59:59"))
    obligations.tick("clock", at("09:59:59"))
    warnings.set_level(plant.source, "none", at=at("10:00"))
    assert not SiteOrder.objects.by_the_machine().exists()
    assert states("site_order") == ["cancelled"]
    assert len(sent("notice")) == 1  # those of 08:30 to 09:30 in one; none of 10:00


@pytest.mark.case("E7")
def test_a_site_order_alone_at_the_instant_of_the_clearing_does_not_go_out_either(plant: Plant) -> None:
    warnings.set_level(plant.source, "yellow", at=at("08:00"))
    warnings.set_level(plant.source, "orange", at=at("08:10"))  # its notices fall on ten past, yellow's order stays
    obligations.run_due(at("07:59:59", 2))
    obligations.tick("clock", at("07:59:59", 2))
    warnings.set_level(plant.source, "none", at=at("08:00", 2))
    levels = SiteOrder.objects.by_the_machine().order_by("pk").values_list("episode__level", flat=True)
    assert list(levels) == ["orange"]


@pytest.mark.case("E7")
def test_a_notice_left_over_is_sent_without_the_one_due_at_the_instant_of_the_clearing(plant: Plant) -> None:
    warnings.set_level(plant.source, "red", at=at("08:00"))
    obligations.run_due(at("09:00"))
    obligations.tick("clock", at("09:59:59"))
    warnings.set_level(plant.source, "none", at=at("10:00"))
    last = Notice.objects.by_the_machine().filter(kind="notice").order_by("pk").last()
    assert last is not None
    assert last.due_at == at("09:30")


@pytest.mark.case("E7")
def test_one_due_a_moment_before_the_clearing_goes_out(plant: Plant) -> None:
    warnings.set_level(plant.source, "red", at=at("08:00"))
    obligations.run_due(at("09:59:59"))
    obligations.tick("clock", at("09:59:59"))
    warnings.set_level(plant.source, "none", at=at("10:00") + timedelta(microseconds=1))
    assert SiteOrder.objects.by_the_machine().get().due_at == at("10:00")
    assert states("site_order") == ["fired"]


@pytest.mark.case("E7")
def test_after_an_outage_levels_are_graded_before_notices_go_out_and_count_from_the_return(plant: Plant) -> None:
    plant.alarm("QT001", "raised", "HH", at("08:00"))  # orange at once, red after ten minutes by time alone
    assert obligations.run_due(at("09:30")) >= 1
    warning = Warning.objects.by_the_machine().get()
    assert (warning.level, warning.level_since) == ("red", at("09:30"))
    assert sent("notice") == []  # that of orange, due at 09:00, is missed: the level was left before it was looked at
    assert states("notice")[0] == "missed"


@pytest.mark.case("E7")
@pytest.mark.parametrize(("seconds", "since"), [(5, "08:10:00"), (6, "08:10:06")])
def test_a_moment_late_the_level_counts_from_when_it_was_due(plant: Plant, seconds: int, since: str) -> None:
    plant.alarm("QT001", "raised", "HH", at("08:00"))
    obligations.run_due(at("08:10") + timedelta(seconds=seconds))
    assert Warning.objects.by_the_machine().get().level_since == at(since)


@pytest.mark.case("E7")
def test_a_reading_before_the_level_began_opens_nothing(plant: Plant) -> None:
    from anlan.apps.delivery import selectors as delivery

    desk = Scope(agency_paths=(agency("zz").path,))
    warning = warnings.set_level(plant.source, "yellow", at=at("08:00"))
    assert warning is not None
    warnings.mark_all_read(delivery.unread_of(desk, warning.subject), by=called("县"), at=at("08:05"))
    warnings.set_level(plant.source, "orange", at=at("08:10"))
    warnings.set_level(plant.source, "yellow", at=at("08:20"))
    city = Scope(agency_paths=(agency("jc").path,))
    assert selectors.never_opened_by_tracker(city, at("09:19:59")) == []
    (listed,) = selectors.never_opened_by_tracker(city, at("09:20"))
    assert (listed.tracker_name, listed.since, listed.opened_at) == ("县应急管理局", at("08:20"), None)


@pytest.mark.case("E7")
def test_a_stranger_does_not_lower_what_was_set_by_hand(plant: Plant) -> None:
    warning = warnings.raise_manual(plant.source, "orange", by=officer(plant.source, "甲"), at=at("08:00"), text="台风")
    for level in ("yellow", "blue"):
        with pytest.raises(Refused, match="发布者"):
            warnings.raise_manual(plant.source, level, by=officer(plant.source, "乙"), at=at("08:10"), text="风小了")
    warning.refresh_from_db()
    assert (warning.level, warning.issuer) == ("orange", "甲（县应急管理局）")
    warnings.raise_manual(plant.source, "yellow", by=officer(plant.source, "甲"), at=at("08:20"), text="风小了")
    warning.refresh_from_db()
    assert (warning.level, warning.level_since) == ("yellow", at("08:20"))


@pytest.mark.case("E7")
@pytest.mark.parametrize(("back", "orders"), [("10:00:00", 1), ("10:00:01", 0)])
def test_a_continued_clock_sends_the_order_that_is_due_exactly_at_the_return(db: None, back: str, orders: int) -> None:
    from anlan.drill.world import build

    source: Any = build(scenario(settings={"flap_guard_minutes": 15})).sources["s1"]
    warnings.set_level(source, "red", at=at("08:00"))
    obligations.run_due(at("09:50"))
    warnings.set_level(source, "orange", at=at("09:55"))
    warnings.set_level(source, "red", at=at(back))
    obligations.run_due(at(back))
    assert SiteOrder.objects.by_the_machine().filter(due_at=at("10:00")).count() == orders


@pytest.mark.case("E7")
def test_open_site_orders_are_those_of_the_own_scope() -> None:
    world = neighbours.build(clock.now())
    source = world.plants["a2"].source
    if Warning.objects.by_the_machine().filter(source=source, cleared_at__isnull=True).exists():
        warnings.set_level(source, "none", at=world.now)
    warnings.set_level(source, "red", at=world.now + timedelta(minutes=1))
    obligations.run_due(world.now + timedelta(minutes=121))
    now = world.now + timedelta(minutes=122)
    seen = {
        who: set(selectors.open_site_orders(world.users[who].scope(now)).values_list("enterprise__code", flat=True))
        for who in ("county", "city", "stranger")
    }
    own = world.plants["a2"].enterprise.code
    assert own in seen["county"]
    assert own in seen["city"]
    assert own not in seen["stranger"]


@pytest.mark.case("E7")
def test_a_warning_that_was_never_above_blue_is_done_when_it_is_cleared(plant: Plant) -> None:
    warning = warnings.set_level(plant.source, "blue", at=at("08:00"))
    assert warning is not None
    warnings.set_level(plant.source, "none", at=at("08:30"))
    warning.refresh_from_db()
    assert (warning.cleared_at, warning.closed_at) == (at("08:30"), at("08:30"))
    assert states("report") == []


@pytest.mark.case("E7")
def test_a_warning_above_blue_is_done_only_with_its_report_and_its_answers(plant: Plant) -> None:
    warning = warnings.set_level(plant.source, "red", at=at("08:00"))
    assert warning is not None
    obligations.run_due(at("10:00"))
    warnings.set_level(plant.source, "none", at=at("10:05"))
    texts = {"result": "好", "cause": "阀", "measures": "换"}
    warnings.submit_report(warning, by=staff(warning, "丙"), at=at("10:10"), **texts)
    warning.refresh_from_db()
    assert warning.closed_at is None
    answer = {"persons": "王", "findings": "无", "measures": "无", "result": "好"}
    order = SiteOrder.objects.by_the_machine().get()
    warnings.answer_site_order(order, by=officer(order, "市", of=order.tracker), at=at("10:20"), **answer)
    warning.refresh_from_db()
    assert warning.closed_at == at("10:20")


@pytest.mark.case("E7")
def test_the_moment_of_the_next_grading_is_one_and_moves_with_the_alarms(plant: Plant) -> None:
    plant.alarm("YL001", "raised", "H", at("08:00"))
    plant.alarm("YW001", "raised", "H", at("08:05"))
    plant.alarm("YL001", "cleared", "H", at("08:07"), since=at("08:00"))
    rows = Obligation.objects.by_the_machine().filter(kind="regrade").order_by("due_at")
    assert [(row.due_at, row.state) for row in rows] == [(at("08:10"), "cancelled"), (at("08:15"), "pending")]
