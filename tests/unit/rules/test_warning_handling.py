"""The articles of 预警信息处置管理办法, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.rules import warning_handling as law
from anlan.rules.level import Level
from anlan.rules.rulebook import load
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import POSTS, Slot

RULES = load()
DEFAULT = WarningSettings()
HOLDERS = {Slot.MAIN, Slot.TECHNICAL, Slot.OPERATIONS}


def test_article_2_names_four_levels() -> None:
    assert law.levels() == (Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE)


@pytest.mark.parametrize(
    ("level", "slots"),
    [
        (Level.NONE, set()),
        (Level.BLUE, HOLDERS),
        (Level.YELLOW, HOLDERS | {Slot.COUNTY_PARK}),
        (Level.ORANGE, HOLDERS | {Slot.COUNTY_PARK, Slot.CITY}),
        (Level.RED, HOLDERS | {Slot.COUNTY_PARK, Slot.CITY, Slot.PROVINCE, Slot.NATIONAL_DESK}),
    ],
)
def test_articles_4_to_7_name_the_recipients(level: Level, slots: set[Slot]) -> None:
    assert set(law.recipient_slots(level, RULES, DEFAULT)) == slots


def test_a_local_setting_adds_the_county_to_blue() -> None:
    assert set(law.blue_slots(WarningSettings(blue_to_cp=True))) == {*POSTS, Slot.COUNTY_PARK}


def test_article_9_gives_one_hour_and_three_texts() -> None:
    cleared = datetime.fromisoformat("2024-03-01T12:00:00+08:00")
    deadline = law.report_due(cleared, RULES)
    assert deadline.at == datetime.fromisoformat("2024-03-01T13:00:00+08:00")
    assert deadline.met_by(deadline.at)
    assert not deadline.met_by(deadline.at + timedelta(seconds=1))
    texts = {"result": "已处置", "cause": "  ", "other": "x"}
    assert law.missing_report_texts(texts, RULES) == ("cause", "measures")
    assert set(law.REPORT_TEXT_LABELS) == set(RULES.names("warning.report.texts"))


def test_a_warning_that_never_rose_above_blue_owes_no_report() -> None:
    assert [level for level in Level if law.report_owed(level)] == [Level.YELLOW, Level.ORANGE, Level.RED]


@pytest.mark.parametrize(
    ("level", "first", "every", "notice_to", "order_after", "order_by", "article"),
    [
        (Level.YELLOW, 60, 60, Slot.ENTERPRISE, 24 * 60, Slot.SUPERVISOR, "第十条"),
        (Level.ORANGE, 60, 60, Slot.COUNTY_PARK, 12 * 60, Slot.CITY, "第十一条"),
        (Level.RED, 30, 30, Slot.CITY, 2 * 60, Slot.PROVINCE, "第十二条"),
    ],
)
def test_articles_10_to_12_are_the_ladders(
    level: Level, first: int, every: int, notice_to: Slot, order_after: int, order_by: Slot, article: str
) -> None:
    ladder = law.LADDERS[level]
    assert ladder == law.ladder_for(level, RULES)
    assert (ladder.first_after, ladder.every) == (timedelta(minutes=first), timedelta(minutes=every))
    assert (ladder.notice_to, ladder.order_by) == (notice_to, order_by)
    assert ladder.order_after == timedelta(minutes=order_after)
    assert ladder.article.endswith(article)


def test_blue_and_none_have_no_ladder() -> None:
    assert law.ladder_for(Level.BLUE, RULES) is None
    assert law.ladder_for(Level.NONE, RULES) is None
    assert set(law.LADDERS) == {Level.YELLOW, Level.ORANGE, Level.RED}


def test_a_locality_s_stricter_ladder_is_taken_from_its_rules() -> None:
    stricter = RULES.replaced({"warning.orange.repeat_minutes": 30})
    assert law.orange_ladder(stricter).every == timedelta(minutes=30)
    assert law.LADDERS[Level.ORANGE].every == timedelta(minutes=60)
