"""What the articles say of stories that no drill file can tell: levels set by hand, settings that change at midnight,
posts that stay vacant. Every line was worked out from the articles and not by the code."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.acceptance.conftest import Plant
from tests.acceptance.worlds import at, level, lines, scenario
from tests.hats import called, machine, officer, staff

from anlan.apps.findings.models import Finding
from anlan.apps.obligations import services as obligations
from anlan.apps.org.models import Agency
from anlan.apps.registry import services as registry
from anlan.apps.rulebook import services as rulebook
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.drill.lines import lines as told_by
from anlan.drill.play import played
from anlan.drill.world import build
from anlan.refused import Refused
from anlan.rules.rulebook.override import Override

pytestmark = pytest.mark.django_db
SECOND_OF_MARCH = date(2024, 3, 2)


def refined(**values: Any) -> None:
    """Numbers of the whole tree that count from 2 March on, entered on the day before."""
    for root in Agency.objects.by_the_machine().filter(parent__isnull=True):
        for key, value in values.items():
            wanted = Override(key.replace("__", "."), value, root.code, SECOND_OF_MARCH, document="示例局〔2024〕1号")
            rulebook.refine(root, wanted, by=machine(root), at=at("12:00"))


def test_a_setting_that_changes_at_midnight_governs_what_is_due_at_that_instant() -> None:
    """Who fills the county's place is asked when a step is sent; a running clock keeps the ladder it began with."""
    story = scenario(
        level("22:00", "orange"), level("2024-03-02T01:10:00+08:00", "red"),
        level("2024-03-02T01:20:00+08:00", "orange"), park=True, until="2024-03-02T02:00:00+08:00",
    )  # fmt: skip
    world = build(story)
    refined(
        cp_slot="park_first", warning__orange__first_notice_minutes=30, warning__orange__repeat_minutes=30,
        warning__report__minutes=30,
    )  # fmt: skip
    assert played(story, world) == lines(
        """
        03-01 22:00 informed orange s1 -> bg jc zz 甲 乙 丙
        03-01 23:00 notice orange s1 #1 -> bg zz
        03-02 00:00 notice orange s1 #2 -> bg
        03-02 01:00 notice orange s1 #3 -> bg
        03-02 01:10 informed red s1 -> mem sx
        03-02 01:10 upgraded red s1 -> bg jc 甲 乙 丙
        03-02 01:20 downgraded orange s1 -> bg jc mem sx zz 甲 乙 丙
        03-02 01:50 notice orange s1 #1 -> bg
        """
    )


def test_a_warning_cleared_after_midnight_owes_its_report_by_the_rules_of_that_day() -> None:
    story = scenario(
        level("23:00", "yellow"), level("2024-03-02T00:00:00+08:00", "none"), until="2024-03-02T01:00:00+08:00"
    )
    world = build(story)
    refined(warning__report__minutes=30)
    assert played(story, world) == lines(
        """
        03-01 23:00 informed yellow s1 -> zz 甲 乙 丙
        03-02 00:00 confirmed yellow s1 auto
        03-02 00:00 cleared yellow s1 -> zz 甲 乙 丙
        03-02 00:00 report_due yellow s1 -> e1 due 03-02 00:30
        03-02 00:30 report_overdue yellow s1 -> zz
        """
    )


def fired(plant: Plant, *clocks: str) -> None:
    for each in clocks:
        obligations.run_due(at(each), grace=timedelta(0))


def test_data_rise_above_a_level_set_by_hand_fall_back_to_it_and_only_its_issuer_lifts_it(plant: Plant) -> None:
    """At one instant the change wins over the notice, whoever or whatever changed the level."""
    warnings.raise_manual(plant.source, "yellow", by=officer(plant.source, "duty"), at=at("08:00"), text="大风")
    plant.alarm("YL001", "raised", "HH", at("08:30"))
    fired(plant, "09:00")  # the yellow notice of 09:00 ended with its level
    plant.alarm("YL001", "cleared", "HH", at("09:30"), since=at("08:30"))  # the orange notice is due at 09:30
    fired(plant, "09:30", "10:30")
    warning = Warning.objects.by_the_machine().get()
    with pytest.raises(Refused) as refusal:
        warnings.raise_manual(plant.source, "blue", by=officer(plant.source, "other"), at=at("11:00"), text="风停")
    assert refusal.value.reason == "not_issuer"
    warnings.raise_manual(plant.source, "blue", by=officer(plant.source, "duty"), at=at("11:30"), text="风小")
    fired(plant, "11:30")  # the second yellow notice is due at this instant
    warnings.clear(warning, by=officer(warning, "duty"), at=at("12:00"), text="风停")
    fired(plant, "13:00")
    assert told_by(plant.world, []) == lines(
        """
        03-01 08:00 informed yellow s1 -> zz 甲 乙 丙
        03-01 08:30 informed orange s1 -> jc
        03-01 08:30 upgraded orange s1 -> zz 甲 乙 丙
        03-01 09:30 downgraded yellow s1 -> jc zz 甲 乙 丙
        03-01 10:30 notice yellow s1 #1 -> e1
        03-01 11:30 downgraded blue s1 -> jc zz 甲 乙 丙
        03-01 12:00 confirmed blue s1 auto
        03-01 12:00 cleared blue s1 -> jc zz 甲 乙 丙
        03-01 12:00 report_due blue s1 -> e1 due 03-01 13:00
        03-01 13:00 report_overdue blue s1 -> zz
        """
    )


def test_set_by_hand_above_the_data_it_stands_when_they_return_and_its_clock_runs_from_when_it_was_set(
    plant: Plant,
) -> None:
    plant.alarm("YL001", "raised", "HH", at("08:00"))
    warnings.raise_manual(plant.source, "red", by=officer(plant.source, "duty"), at=at("08:20"), text="现场泄漏")
    plant.alarm("YL001", "cleared", "HH", at("08:40"), since=at("08:00"))
    fired(plant, "08:50", "09:20")
    warnings.raise_manual(plant.source, "yellow", by=officer(plant.source, "duty"), at=at("09:20:01"), text="已关阀")
    fired(plant, "10:20:01")
    assert told_by(plant.world, []) == lines(
        """
        03-01 08:00 informed orange s1 -> jc zz 甲 乙 丙
        03-01 08:20 informed red s1 -> mem sx
        03-01 08:20 upgraded red s1 -> jc zz 甲 乙 丙
        03-01 08:50 notice red s1 #1 -> jc
        03-01 09:20 notice red s1 #2 -> jc
        03-01 09:20:01 downgraded yellow s1 -> jc mem sx zz 甲 乙 丙
        03-01 10:20:01 notice yellow s1 #1 -> e1
        """
    )


def missing() -> list[tuple[str, str]]:
    rows = Finding.objects.by_the_machine().filter(kind="holder_missing").order_by("pk")
    return [(subject.rpartition(":")[2], state) for subject, state in rows.values_list("subject", "state")]


@pytest.mark.case("E1")
def test_a_time_that_a_place_has_refined_is_not_told_as_the_article_s_own(plant: Plant) -> None:
    """第十一条 says 12 hours: who reads of 6 reads whose they are. What was not refined bears the article alone."""
    from anlan.apps.delivery.models import Notice
    from anlan.apps.warnings import selectors

    refined(warning__orange__site_order_minutes=360, warning__report__minutes=30, warning__red__repeat_minutes=20)
    law, place = "预警信息处置管理办法", "（示例局〔2024〕1号）"
    warning = warnings.set_level(plant.source, "orange", at=at("00:00", 2))
    assert warning is not None
    ahead = {step.kind: step.article for step in selectors.steps_ahead(warning, at("00:00", 2))}
    assert ahead == {"notice": f"{law} 第十一条", "site_order": f"{law} 第十一条{place}"}
    obligations.run_due(at("06:00", 2))
    warnings.set_level(plant.source, "red", at=at("06:10", 2))
    obligations.run_due(at("06:40", 2))
    warnings.set_level(plant.source, "none", at=at("06:41", 2))
    kept = dict(Notice.objects.by_the_machine().order_by("pk").values_list("kind", "article"))
    assert (kept["site_order"], kept["report_due"]) == (f"{law} 第十一条{place}", f"{law} 第九条{place}")
    reds = Notice.objects.by_the_machine().filter(kind="notice", level="red")
    assert [row.article for row in reds] == [f"{law} 第十二条{place}"]


def test_a_level_that_was_loaded_and_has_no_issuer_is_lifted_by_whoever_may(plant: Plant) -> None:
    warning = warnings.set_level(plant.source, "orange", at=at("08:00"), origin="loaded")
    assert warning is not None
    warnings.raise_manual(plant.source, "yellow", by=officer(plant.source, "a"), at=at("08:10"), text="已控制")
    warnings.clear(warning, by=staff(warning, "a"), at=at("08:20"))
    warning.refresh_from_db()
    assert warning.cleared_at == at("08:20")


@pytest.mark.case("E1")
def test_the_dossier_names_the_numbers_that_applied_on_each_day(plant: Plant) -> None:
    """A level takes the numbers of the day on which its clock begins, a report those of the day of the clearing."""
    from anlan.pages.warnings.evidence import articles

    refined(
        warning__red__first_notice_minutes=15, warning__orange__first_notice_minutes=30, warning__report__minutes=30
    )
    warning = warnings.set_level(plant.source, "orange", at=at("23:50"))
    assert warning is not None
    warnings.set_level(plant.source, "red", at=at("00:10", 2))
    obligations.run_due(at("00:25", 2))
    warnings.set_level(plant.source, "none", at=at("00:30", 2))
    warning.refresh_from_db()
    applied = [(entry.key, entry.value) for entry in articles(warning)]
    assert [value for key, value in applied if key == "warning.orange.first_notice_minutes"] == [60]
    assert [value for key, value in applied if key == "warning.red.first_notice_minutes"] == [15]
    assert [value for key, value in applied if key == "warning.report.minutes"] == [30]
    assert len(applied) == len({key for key, _value in applied}), "what did not change stands once"
    assert not any(key.startswith("warning.yellow.") or key == "blue_to_cp" for key, _value in applied)


@pytest.mark.case("E6")
def test_a_report_that_came_late_is_told_by_a_deadline_that_includes_its_instant(plant: Plant) -> None:
    from anlan.apps.warnings import selectors
    from anlan.pages.warnings import timeline

    warning = warnings.set_level(plant.source, "yellow", at=at("11:00"))
    assert warning is not None
    warnings.set_level(plant.source, "none", at=at("12:00"))
    obligations.run_due(at("13:00"))
    warnings.submit_report(warning, by=staff(warning, "x"), at=at("13:00:01"), result="好", cause="阀", measures="换")
    warning.refresh_from_db()
    assert [entry.late for entry in selectors.timeline(warning, at("13:01")) if entry.kind == "report"] == [True]
    assert "逾期，应不晚于 13:00:00" in [line.late for line in timeline.lines(warning, at("13:01"))]


@pytest.mark.case("E7")
def test_a_vacant_post_stays_found_until_that_very_post_is_filled(plant: Plant) -> None:
    registry.replace_holder(plant.source, "technical", None, by=called("x"), at=at("07:00"))
    warnings.set_level(plant.source, "yellow", at=at("08:00"))
    warnings.set_level(plant.source, "none", at=at("08:10"))
    assert missing() == [("technical", "open")]
    registry.replace_holder(plant.source, "main", plant.person("乙"), by=called("x"), at=at("08:20"))
    assert missing() == [("technical", "open")]
    registry.replace_holder(plant.source, "technical", plant.person("丁"), by=called("x"), at=at("08:30"))
    assert missing() == [("technical", "closed")]


@pytest.mark.case("E7")
@pytest.mark.parametrize(("moment", "ended"), [(timedelta(0), 0), (timedelta(microseconds=1), 1)])
def test_a_change_decided_as_long_before_a_step_as_the_grace_is_still_not_ahead_of_it(
    plant: Plant, moment: timedelta, ended: int
) -> None:
    """What a clock sent within the grace after the decision stands first; a clock that ran further ahead is not
    followed."""
    warnings.set_level(plant.source, "orange", at=at("08:00"))
    obligations.tick("clock", at("09:00"))
    obligations.run_due(at("09:00"))
    decided = at("09:00") - obligations.GRACE - moment
    warnings.set_level(plant.source, "yellow", at=decided)
    episode = LevelEpisode.objects.by_the_machine().get(level="orange")
    assert episode.ended_at == (at("09:00"), decided)[ended]
