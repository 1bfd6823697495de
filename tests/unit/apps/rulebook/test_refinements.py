"""Refinements: entered, refused, read for a place on a day, never touching what was."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.acceptance.worlds import at, scenario
from tests.hats import machine

from anlan.apps.journal.models import Entry
from anlan.apps.journal.services import broken
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import HazardSource
from anlan.apps.registry.selectors import locality
from anlan.apps.registry.selectors.routing import surroundings
from anlan.apps.rulebook import selectors, services
from anlan.apps.rulebook.models import Refinement
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import LevelEpisode
from anlan.drill.world import build
from anlan.refused import Refused
from anlan.rules.patrol import spot_check_quota
from anlan.rules.rulebook import Override, RefinementRefused

pytestmark = pytest.mark.django_db
QUOTA = "spot_check.county.daily"
TODAY = date(2024, 3, 1)
DOCUMENT = "县局〔2024〕示例3号"


@pytest.fixture(autouse=True)
def source() -> HazardSource:
    return build(scenario()).sources["s1"]


def agency(code: str) -> Agency:
    return Agency.objects.by_the_machine().get(code=code)


def refine(code: str, key: str, value: Any, day: date, when: datetime | None = None, **fields: Any) -> Refinement:
    fields = {"document": DOCUMENT} | fields
    return services.refine(
        agency(code),
        Override(key, value, code, day, **fields),
        by=machine(agency(code)),
        at=when or at("10:00"),
    )


def quota(code: str, day: date) -> int:
    return spot_check_quota("county", 40, selectors.rules_at(agency(code).path, day))


@pytest.mark.req("GEN-04")
def test_a_county_s_quota_of_four_is_refused_and_seven_counts_from_its_day_alone() -> None:
    with pytest.raises(Refused) as refusal:
        refine("zz", QUOTA, 4, date(2024, 6, 1))
    assert refusal.value.reason == "laxer"
    assert "不得小于 5 家（分级巡查抽查管理办法 第十一条）" in refusal.value.detail
    assert not Refinement.objects.by_the_machine().exists()
    row = refine("zz", QUOTA, 7, date(2024, 6, 1))
    assert row.effective_from == date(2024, 6, 1)
    # a report is computed for a day: the quota of an earlier day stays what it was, however late it is asked
    assert [quota("zz", day) for day in (TODAY, date(2024, 5, 31), date(2024, 6, 1))] == [5, 5, 7]
    assert quota("other", date(2024, 6, 1)) == 5


def test_every_refinement_and_every_refusal_stands_in_the_agency_s_journal() -> None:
    refine("zz", QUOTA, 7, date(2024, 6, 1))
    with pytest.raises(Refused):
        refine("zz", QUOTA, 4, date(2024, 7, 1))
    entered, refused = Entry.objects.filter(chain__key="agency:zz").order_by("seq")
    assert (entered.act, entered.actor, entered.subject) == ("rule_refined", "operator:test", f"rule:{QUOTA}")
    assert entered.after == {"value": 7, "from": "2024-06-01", "to": None, "document": DOCUMENT, "waiver": ""}
    assert (refused.act, refused.after["reason"]) == ("rule_refused", "laxer")
    assert not list(broken())


def test_the_same_refinement_sent_twice_is_entered_once() -> None:
    first, second = (refine("zz", QUOTA, 7, date(2024, 6, 1)) for _ in range(2))
    assert first.pk == second.pk
    assert Entry.objects.filter(chain__key="agency:zz").count() == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"day": TODAY}, "touches_the_past"),
        ({"day": date(2024, 2, 1)}, "touches_the_past"),
        ({"document": " "}, "no_document"),
        ({"effective_to": date(2024, 5, 1)}, "ends_before_it_begins"),
        ({"value": "7"}, "unusable_value"),
        ({"key": "no.such"}, "unknown_key"),
    ],
)
def test_what_cannot_stand_is_refused_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    asked: dict[str, Any] = {"key": QUOTA, "value": 7, "day": date(2024, 6, 1)} | fields
    with pytest.raises(Refused) as refusal:
        refine("zz", **asked)
    assert refusal.value.reason == reason
    assert not Refinement.objects.by_the_machine().exists()


def test_the_civil_day_counts_when_tomorrow_begins() -> None:
    late_evening = at("23:59:59")  # 15:59:59Z of the same day
    assert refine("zz", QUOTA, 7, date(2024, 3, 2), when=late_evening)
    with pytest.raises(Refused):
        refine("zz", QUOTA, 8, date(2024, 3, 2), when=at("00:00", 2))


def test_a_waiver_loosens_and_is_shown_with_its_document() -> None:
    refine("zz", QUOTA, 4, date(2024, 6, 1), waiver="省厅〔2024〕示例9号")
    entry = selectors.rules_at(agency("zz").path, date(2024, 6, 1)).entry(QUOTA)
    assert (entry.value, entry.flag) == (4, "地方细化")
    assert "省厅〔2024〕示例9号" in entry.source


def test_a_city_binds_its_counties_and_the_stricter_one_counts() -> None:
    refine("zz", QUOTA, 7, date(2024, 6, 1))
    refine("jc", QUOTA, 9, date(2024, 7, 1))
    assert [quota("zz", date(2024, month, 1)) for month in (6, 7)] == [7, 9]
    assert quota("other", date(2024, 7, 1)) == 9
    with pytest.raises(Refused) as refusal:
        refine("zz", QUOTA, 8, date(2024, 8, 1))
    assert "不得小于 9 家" in refusal.value.detail
    path = agency("zz").path
    city, county = selectors.trail(path, QUOTA, date(2024, 7, 1), selectors.history(path, QUOTA))
    assert (city.refinement.agency.code, county.refinement.agency.code) == ("jc", "zz")
    assert isinstance(county.step.verdict, RefinementRefused)


def test_a_county_takes_its_own_value_back() -> None:
    refine("zz", "flap_guard_minutes", 10, date(2024, 3, 2))
    refine("zz", "flap_guard_minutes", None, date(2024, 4, 1))
    path = agency("zz").path
    found = [
        selectors.rules_at(path, day).number("flap_guard_minutes") for day in (date(2024, 3, 31), date(2024, 4, 1))
    ]
    assert found == [10, 0]


def test_lists_keep_their_kind_on_the_way_through_the_database() -> None:
    items = ("online_and_intact", "abnormality_handling", "duty_presence", "commitment", "duty_holders", "more")
    refine("zz", "spot_check.items", items, date(2024, 3, 2))
    assert selectors.rules_at(agency("zz").path, date(2024, 3, 2)).names("spot_check.items") == items


def test_a_running_episode_keeps_the_ladder_it_began_with(source: HazardSource) -> None:
    refine("zz", "warning.red.repeat_minutes", 15, date(2024, 3, 2))
    warnings.set_level(source, "red", at=at("23:50"))
    [running] = LevelEpisode.objects.by_the_machine()
    before = running.ladder
    warnings.set_level(source, "orange", at=at("00:10", 2))
    warnings.set_level(source, "red", at=at("00:20", 2))
    first, _, second = LevelEpisode.objects.by_the_machine().order_by("started_at")
    assert first.ladder == before
    assert (before["every_us"], second.ladder["every_us"]) == (30 * 60_000_000, 15 * 60_000_000)


def test_many_places_are_read_with_one_question(source: HazardSource) -> None:
    refine("zz", QUOTA, 7, date(2024, 3, 2))
    paths = [agency(code).path for code in ("mem", "sx", "jc", "zz", "other")]
    with CaptureQueriesContext(connection) as captured:
        found = selectors.in_force(paths, date(2024, 3, 2))
    assert len(captured) == 1
    assert [found[path].number(QUOTA) for path in paths] == [5, 5, 5, 7, 5]
    with CaptureQueriesContext(connection) as captured:
        assert surroundings([source.pk], at("10:00", 2))[source.pk].rules.number(QUOTA) == 7
    assert sum("rulebook_refinement" in query["sql"] for query in captured) == 1


def test_a_new_row_counts_at_once_for_a_process_that_has_read_before() -> None:
    path, day = agency("zz").path, date(2024, 3, 2)
    assert selectors.rules_at(path, day).number(QUOTA) == 5
    refine("zz", QUOTA, 7, day)
    assert selectors.rules_at(path, day).number(QUOTA) == 7


def test_rules_of_a_reader_are_those_of_the_own_place(source: HazardSource) -> None:
    refine("zz", "flap_guard_minutes", 10, date(2024, 3, 2))
    officer = Scope(agency_paths=(agency("zz").path,))
    staff = Scope(enterprise_ids=(source.enterprise_id,))
    stranger = Scope(agency_paths=(agency("other").path,))
    found = [locality.rules_of_scope(scope, date(2024, 3, 2)) for scope in (officer, staff, stranger, Scope())]
    assert [rules.number("flap_guard_minutes") for rules in found] == [10, 10, 0, 0]


def test_who_may_read_a_refinement() -> None:
    refine("jc", QUOTA, 6, date(2024, 3, 2))
    refine("zz", QUOTA, 7, date(2024, 3, 2))
    rows = Refinement.objects.all()
    assert rows.visible_to(Scope(agency_paths=(agency("zz").path,))).count() == 2
    assert rows.visible_to(Scope(agency_paths=(agency("other").path,))).count() == 1
    assert rows.visible_to(Scope(agency_paths=(agency("sx").path,))).count() == 2
    assert rows.visible_to(Scope()).count() == 0
