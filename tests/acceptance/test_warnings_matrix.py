"""Rows WRN of the requirement matrix, each acceptance check executed as written through the real services."""

from __future__ import annotations

import pytest
from tests.acceptance.worlds import at, level, lines, of_kind, outage, played

from anlan.apps.findings.models import Finding
from anlan.apps.warnings import kinds
from anlan.rules.calendar import day_of
from anlan.rules.level import Level

pytestmark = pytest.mark.django_db


@pytest.mark.req("WRN-01")
def test_levels_round_trip_and_larger_and_above_is_red_and_orange() -> None:
    assert [Level(str(each)) for each in Level] == list(Level)
    assert {each for each in Level if each.at_least(Level.ORANGE)} == {Level.RED, Level.ORANGE}


@pytest.mark.req("WRN-01")
def test_every_level_survives_the_record_and_larger_and_above_are_the_red_and_the_orange() -> None:
    from anlan.apps.org.scope import EVERYTHING
    from anlan.apps.warnings import selectors
    from anlan.apps.warnings.models import Warning

    played(*(level(f"{8 + n:02d}:{minute}", to) for n, each in enumerate(("blue", "yellow", "orange", "red"))
             for minute, to in (("00", each), ("30", "none"))))  # fmt: skip
    rows = Warning.objects.by_the_machine().order_by("opened_at")
    assert [Level(row.highest) for row in rows] == [Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED]
    found = selectors.ROWS["larger_warnings"](EVERYTHING, day_of(at("00:00").date()))
    assert sorted(row.highest for row in found) == ["orange", "red"]


@pytest.mark.req("WRN-02")
def test_all_messages_of_a_warning_exist_with_its_own_time() -> None:
    from anlan.apps.delivery.models import Message

    found = played(level("10:00:00", "orange"), until="2024-03-01T10:00:00+08:00")
    assert found == lines("03-01 10:00 informed orange s1 -> jc zz 丙 乙 甲")
    sent = Message.objects.by_the_machine().values_list("notice__sent_at", flat=True)
    assert list(sent) == [at("10:00")] * 5


@pytest.mark.req("WRN-03")
def test_yellow_goes_to_the_holders_and_the_county_park_slot_and_a_missing_holder_is_a_finding() -> None:
    assert played(level("08:00", "yellow"), park=True, until="2024-03-01T08:30:00+08:00") == lines(
        "03-01 08:00 informed yellow s1 -> bg zz 丙 乙 甲"
    )


@pytest.mark.req("WRN-03")
def test_without_a_technical_holder_the_others_are_told_and_a_finding_stands() -> None:
    found = played(
        level("08:00", "yellow"), holders={"main": "甲", "operations": "丙"}, until="2024-03-01T08:30:00+08:00"
    )
    assert found == lines("03-01 08:00 informed yellow s1 -> zz 丙 甲")
    finding = Finding.objects.by_the_machine().get()
    assert finding.kind == kinds.HOLDER_MISSING
    assert finding.text.startswith("包保责任人缺失")


@pytest.mark.req("WRN-05")
def test_red_goes_to_holders_county_city_province_and_casst_exactly() -> None:
    assert played(level("08:00", "red"), park=True, until="2024-03-01T08:00:00+08:00") == lines(
        "03-01 08:00 informed red s1 -> bg jc mem sx zz 丙 乙 甲"
    )


@pytest.mark.req("WRN-09")
def test_yellow_clock_runs_hourly_to_the_enterprise_and_orders_at_24_hours() -> None:
    found = played(level("08:00", "yellow"), until="2024-03-02T08:00:00+08:00")
    assert of_kind(found, "notice", "site_order") == lines(
        """
        03-01 09:00 .. 03-02 08:00 every 60m notice yellow s1 #1 -> e1
        03-02 08:00 site_order yellow s1 -> zz
        """
    )
    assert len(of_kind(found, "notice")) == 24


@pytest.mark.req("WRN-09")
def test_yellow_downgraded_at_half_past_nine_had_only_the_nine_o_clock_notice() -> None:
    found = played(level("08:00", "yellow"), level("09:30", "blue"), until="2024-03-02T09:00:00+08:00")
    assert of_kind(found, "notice", "site_order") == lines("03-01 09:00 notice yellow s1 #1 -> e1")


@pytest.mark.req("WRN-10")
def test_orange_clock_runs_hourly_to_the_county_park_and_orders_at_12_hours() -> None:
    found = played(level("08:00", "orange"), level("20:30", "yellow"), park=True, until="2024-03-01T21:00:00+08:00")
    assert of_kind(found, "notice", "site_order") == lines(
        """
        03-01 09:00 .. 03-01 20:00 every 60m notice orange s1 #1 -> bg zz
        03-01 20:00 site_order orange s1 -> jc
        """
    )


@pytest.mark.req("WRN-10")
def test_a_setting_copies_the_orange_notices_to_the_enterprise() -> None:
    found = played(
        level("08:00", "orange"), settings={"orange_copy_to_enterprise": True}, until="2024-03-01T09:00:00+08:00"
    )
    assert of_kind(found, "notice") == lines("03-01 09:00 notice orange s1 #1 -> e1 zz")


@pytest.mark.req("WRN-11")
def test_red_clock_runs_half_hourly_to_the_city_and_orders_at_2_hours() -> None:
    found = played(level("08:00", "red"), until="2024-03-01T10:00:00+08:00")
    assert of_kind(found, "notice", "site_order") == lines(
        """
        03-01 08:30 .. 03-01 10:00 every 30m notice red s1 #1 -> jc
        03-01 10:00 site_order red s1 -> sx
        """
    )


@pytest.mark.req("WRN-12")
def test_a_fall_from_red_ends_its_clock_and_starts_the_orange_one() -> None:
    found = played(level("08:00", "red"), level("08:20", "orange"), until="2024-03-01T20:20:00+08:00")
    assert of_kind(found, "notice", "site_order") == lines(
        """
        03-01 09:20 .. 03-01 20:20 every 60m notice orange s1 #1 -> zz
        03-01 20:20 site_order orange s1 -> jc
        """
    )


@pytest.mark.req("WRN-12")
def test_a_downgrade_stamped_at_the_due_instant_wins_over_the_notice() -> None:
    found = played(level("08:00", "yellow"), level("09:00:00", "blue"))
    assert of_kind(found, "notice") == []


@pytest.mark.req("WRN-13")
def test_an_upgrade_informs_the_new_and_tells_the_old_and_starts_the_higher_clock() -> None:
    found = played(level("08:00", "yellow"), level("08:40", "red"), until="2024-03-01T09:10:00+08:00")
    assert found == lines(
        """
        03-01 08:00 informed yellow s1 -> zz 丙 乙 甲
        03-01 08:40 informed red s1 -> jc mem sx
        03-01 08:40 upgraded red s1 -> zz 丙 乙 甲
        03-01 09:10 notice red s1 #1 -> jc
        """
    )


@pytest.mark.req("WRN-14")
@pytest.mark.parametrize(("minutes", "due"), [(10, "03-01 09:00"), (0, "03-01 09:55")])
def test_the_flap_guard_continues_the_former_clock(minutes: int, due: str) -> None:
    story = [level("08:00", "orange"), level("08:50", "yellow"), level("08:55", "orange")]
    found = played(*story, settings={"flap_guard_minutes": minutes}, until="2024-03-01T09:55:00+08:00")
    assert of_kind(found, "notice") == lines(f"{due} notice orange s1 #1 -> zz")


@pytest.mark.req("WRN-20")
def test_a_new_holder_is_informed_at_once_and_the_old_one_hears_no_more() -> None:
    change = {"at": "10:30", "holder": {"source": "s1", "operations": "丁"}}
    found = played(level("08:00", "orange"), change, level("11:00", "red"), until="2024-03-01T11:00:00+08:00")
    assert of_kind(found, "informed", "upgraded") == lines(
        """
        03-01 08:00 informed orange s1 -> jc zz 丙 乙 甲
        03-01 10:30 informed orange s1 -> 丁
        03-01 11:00 informed red s1 -> mem sx
        03-01 11:00 upgraded red s1 -> jc zz 丁 乙 甲
        """
    )


@pytest.mark.req("WRN-20")
def test_history_keeps_who_was_told_after_a_change_of_holder() -> None:
    from anlan.apps.warnings import selectors
    from anlan.apps.warnings.models import Warning

    played(level("08:00", "orange"), {"at": "10:30", "holder": {"source": "s1", "operations": "丁"}})
    table = selectors.recipients_table(Warning.objects.by_the_machine().get())
    assert {row.name for row in table if row.kind == "person"} == {"甲", "乙", "丙", "丁"}


@pytest.mark.req("GEN-09")
def test_an_outage_over_three_steps_records_each_and_sends_one_merged_notice() -> None:
    from anlan.apps.delivery.models import Notice
    from anlan.apps.obligations import services as obligations
    from anlan.apps.obligations.models import Obligation, ObligationState

    found = played(level("08:00", "orange"), outage("08:30", 165), until="2024-03-01T11:15:00+08:00")
    assert of_kind(found, "notice") == lines(
        "03-01 11:15 notice orange s1 #3 -> zz due 03-01 11:00 missed 03-01 09:00,03-01 10:00,03-01 11:00"
    )
    missed = Obligation.objects.by_the_machine().filter(kind="notice", state=ObligationState.MISSED)
    assert [row.due_at for row in missed.order_by("due_at")] == [at("09:00"), at("10:00"), at("11:00")]
    assert "持续3小时" in Notice.objects.by_the_machine().get(kind="notice").body
    before = Notice.objects.by_the_machine().count()
    assert obligations.run_due(at("11:15")) == 0
    assert Notice.objects.by_the_machine().count() == before
