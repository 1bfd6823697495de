"""Numbers with their article, their day and their place."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules import rulebook
from anlan.rules.rulebook import Accepted, Kind, Override, Reason, RefinementRefused, Rulebook, RulebookError, parse
from anlan.rules.slots import SLOT_LABELS
from anlan.rules.warning_handling import REPORT_TEXT_LABELS

COUNTY = ("sx", "jc", "zz")
QUOTA = "spot_check.county.daily"
ON = date(2024, 3, 1)


def law(body: str) -> str:
    return f'[document]\nname = "甲办法"\nshort = "甲办法"\nkind = "regulation"\n{body}'


def entry(**fields: str) -> str:
    usual = {
        "key": '"a.b"', "title": '"数"', "article": '"第一条"', "value": "5", "unit": '"个"', "stricter": '"higher"',
    }  # fmt: skip
    return "[[entry]]\n" + "\n".join(f"{name} = {value}" for name, value in (usual | fields).items() if value) + "\n"


@pytest.mark.req("GEN-04")
def test_a_county_may_only_be_stricter_and_the_past_keeps_its_version() -> None:
    book = rulebook.book()
    laxer = book.override(Override(QUOTA, 4, "zz", date(2024, 6, 1)), COUNTY)
    assert isinstance(laxer, RefinementRefused)
    assert laxer.reason is Reason.LAXER
    assert "不得小于 5 家（分级巡查抽查管理办法 第十一条）" in laxer.detail
    stricter = Override(QUOTA, 7, "zz", date(2024, 6, 1))
    verdict = book.override(stricter, COUNTY)
    assert isinstance(verdict, Accepted)
    assert verdict.entry.valid_from == date(2024, 6, 1)
    assert book.in_force(date(2024, 6, 1), COUNTY, [stricter]).number(QUOTA) == 7
    assert book.in_force(date(2024, 5, 31), COUNTY, [stricter]).number(QUOTA) == 5
    assert book.in_force(date(2024, 6, 1), ("sx", "jc", "other"), [stricter]).number(QUOTA) == 5


def test_a_waiver_that_names_its_document_may_be_laxer() -> None:
    waiver = Override(QUOTA, 4, "zz", ON, waiver="省厅〔2024〕示例1号")
    verdict = rulebook.book().override(waiver, COUNTY)
    assert isinstance(verdict, Accepted)
    assert "省厅〔2024〕示例1号" in verdict.entry.source


def test_a_county_must_be_stricter_than_its_city_not_only_than_the_ministry() -> None:
    city = Override(QUOTA, 8, "jc", ON)
    book = rulebook.book()
    assert isinstance(book.override(Override(QUOTA, 7, "zz", ON), COUNTY, [city]), RefinementRefused)
    assert isinstance(book.override(Override(QUOTA, 9, "zz", ON), COUNTY, [city]), Accepted)


def test_a_city_that_becomes_stricter_later_overtakes_its_county() -> None:
    county, city = Override(QUOTA, 7, "zz", ON), Override(QUOTA, 9, "jc", date(2025, 1, 1))
    book = rulebook.book()
    assert book.in_force(ON, COUNTY, [county, city]).number(QUOTA) == 7
    assert book.in_force(date(2025, 1, 1), COUNTY, [county, city]).number(QUOTA) == 9


def test_a_county_may_take_back_its_own_refinement_down_to_the_law() -> None:
    first, second = Override(QUOTA, 9, "zz", ON), Override(QUOTA, 6, "zz", date(2024, 9, 1))
    book = rulebook.book()
    assert isinstance(book.override(second, COUNTY, [first]), Accepted)
    assert book.in_force(date(2024, 9, 1), COUNTY, [second, first]).number(QUOTA) == 6


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        (Override("no.such", 4, "zz", ON), Reason.UNKNOWN_KEY),
        (Override(QUOTA, "7", "zz", ON), Reason.UNUSABLE_VALUE),
        (Override(QUOTA, True, "zz", ON), Reason.UNUSABLE_VALUE),
        (Override(QUOTA, 7, "zz", ON, effective_to=date(2024, 2, 1)), Reason.BACKWARD),
        (Override("warning.red.repeat_minutes", 0, "zz", ON), Reason.UNUSABLE_VALUE),
        (Override("warning.red.repeat_minutes", 31, "zz", ON), Reason.LAXER),
        (Override("warning.red.notice_to", "province", "zz", ON), Reason.LAXER),
        (Override("commitment.before", "10:30", "zz", ON), Reason.LAXER),
        (Override("commitment.before", "25:00", "zz", ON), Reason.UNUSABLE_VALUE),
        (Override("patrol.items", ("commitment",), "zz", ON), Reason.LAXER),
        (Override("cp_slot", "nobody", "zz", ON), Reason.UNUSABLE_VALUE),
        (Override("flap_guard_minutes", -1, "zz", ON), Reason.UNUSABLE_VALUE),
        (Override("flap_guard_minutes", 61, "zz", ON), Reason.UNUSABLE_VALUE),
    ],
)
def test_what_cannot_stand_is_refused_with_its_reason(override: Override, reason: Reason) -> None:
    verdict = rulebook.book().override(override, COUNTY)
    assert isinstance(verdict, RefinementRefused)
    assert verdict.reason is reason
    assert verdict.detail


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("commitment.before", "09:30"),
        ("warning.red.repeat_minutes", 15),
        ("patrol.items", ("system_online", "video_online", "commitment", "warning_mechanism", "extra")),
        ("cp_slot", "supervisor_only"),
        ("blue_to_cp", True),
    ],
)
def test_the_stricter_side_and_any_local_choice_are_accepted(key: str, value: rulebook.Value) -> None:
    assert isinstance(rulebook.book().override(Override(key, value, "zz", ON), COUNTY), Accepted)


@given(st.integers(1, 3000))
def test_no_locality_ever_gets_a_laxer_interval_without_a_waiver(minutes: int) -> None:
    key = "warning.orange.site_order_minutes"
    override = Override(key, minutes, "zz", ON)
    verdict = rulebook.book().override(override, COUNTY)
    assert isinstance(verdict, Accepted) == (minutes <= 720)
    assert rulebook.book().in_force(ON, COUNTY, [override]).number(key) == min(minutes, 720)


def test_regulations_name_their_article_and_an_unheld_date_is_never_invented() -> None:
    for number in rulebook.load():
        if number.kind is Kind.REGULATION:
            assert number.article
            assert number.valid_from is None
            assert "2021" not in number.validity
            assert "日期未存" in number.validity
        else:
            assert number.source == "本地设定"
            assert not number.article


def test_vague_words_have_a_labelled_default() -> None:
    rules = rulebook.load()
    for key, text in (("finding_limit_immediate_hours", "24 小时"), ("finding_limit_measures_days", "15 日")):
        assert (rules.entry(key).value_text, rules.entry(key).source) == (text, "本地设定")
        assert rules.entry(key).validity == "随系统提供"


def test_the_shipped_numbers_read_as_their_types() -> None:
    rules = rulebook.load(("sx",), ON)
    assert rules.on == ON
    assert rules.clock("commitment.before") == time(10)
    assert rules.minutes("offline_minutes") == timedelta(minutes=30)
    assert rules.flag("blue_to_cp") is False
    assert rules.names("spot_check.must_levels") == ("red", "orange")
    assert (rules.number("unconfirmed_yellow_minutes"), rules.number("toxic_red_minutes")) == (10, 10)
    assert rules.entry("cp_slot").value_text == "县级部门和园区都接收"
    assert rules.entry("warning.report.minutes").value_text == "60 分钟"
    assert rules.entry("warning.yellow.site_order_minutes").value_words == "1440 分钟（24 小时）"
    assert rules.entry("warning.red.repeat_minutes").value_words == "30 分钟"
    assert rules.entry("filed_excluded_from_offline").value_text == "是"
    assert rules.entry("warning.yellow.notice_to").value_text == "企业"


def test_every_name_in_a_value_has_its_chinese_word() -> None:
    for number in rulebook.load():
        assert not re.search("[a-z_]{3,}", number.value_text), number.key
    words = rulebook.load().entry("warning.red.recipients").words
    assert {name: words[name] for name in SLOT_LABELS} == SLOT_LABELS
    assert {name: words[name] for name in REPORT_TEXT_LABELS} == REPORT_TEXT_LABELS


@pytest.mark.parametrize(
    ("reader", "key"),
    [("number", "cp_slot"), ("number", "blue_to_cp"), ("flag", "offline_minutes"), ("text", "offline_minutes"),
     ("names", "cp_slot"), ("number", "no.such")],
)  # fmt: skip
def test_reading_a_number_as_something_else_is_an_error(reader: str, key: str) -> None:
    with pytest.raises(RulebookError):
        getattr(rulebook.load(), reader)(key)


def test_a_drill_replaces_local_settings_and_cannot_loosen_the_law() -> None:
    rules = rulebook.load(on_date=ON).replaced({"cp_slot": "park_first", "flap_guard_minutes": 10})
    assert (rules.text("cp_slot"), rules.number("flap_guard_minutes")) == ("park_first", 10)
    with pytest.raises(RulebookError, match="没有名为"):
        rules.replaced({"no_such": 1})
    with pytest.raises(RulebookError, match="更严"):
        rules.replaced({"warning.red.repeat_minutes": 60})


def test_every_number_says_in_words_what_is_demanded_or_what_no_article_says() -> None:
    for number in rulebook.load():
        assert number.says, number.key
        assert number.may_become


def _by_level(key: str) -> str:
    """How a key looks where the code puts a level into it: ``unopened_{level}_minutes``."""
    return re.sub("red|orange|yellow", "[{]level[}]", re.escape(key))


def test_every_number_is_read_by_the_product_or_names_the_function_it_waits_for() -> None:
    source = Path(rulebook.__file__).resolve().parents[2]
    files = [each for each in source.rglob("*.py") if "rulebook" not in each.parts[-2:-1]]
    files.append(source / "rules" / "rulebook" / "grading_model.toml")
    texts = {each: each.read_text(encoding="utf-8") for each in files}
    for number in rulebook.load():
        last = number.key.rpartition(".")[2]
        wanted = re.compile(f'"({re.escape(number.key)}|[^"]*{{[^"]*[.]{last}|{_by_level(number.key)})"')
        readers = [each for each, text in texts.items() if wanted.search(text)]
        outside = [each for each in readers if (source / "rules") not in each.parents]
        assert readers or number.waits_for, f"{number.key}: nobody reads it; say waits_for"
        assert not (outside and number.waits_for), f"{number.key}: {outside[0].name} reads it; take waits_for away"


@pytest.mark.req("GEN-04")
def test_what_is_entered_today_leaves_today_and_the_past_alone() -> None:
    book, today = rulebook.book(), date(2024, 6, 1)
    for day in (date(2024, 5, 1), today):
        verdict = book.override(Override(QUOTA, 7, "zz", day, document="甲"), COUNTY, today=today)
        assert isinstance(verdict, RefinementRefused)
        assert verdict.reason is Reason.PAST
        assert "2024-06-02" in verdict.detail
    tomorrow = Override(QUOTA, 7, "zz", date(2024, 6, 2), document="甲")
    assert isinstance(book.override(tomorrow, COUNTY, today=today), Accepted)


def test_a_regulation_is_refined_on_the_ground_of_a_document_a_local_setting_needs_none() -> None:
    book, today, day = rulebook.book(), ON, date(2024, 3, 2)
    verdict = book.override(Override(QUOTA, 7, "zz", day), COUNTY, today=today)
    assert isinstance(verdict, RefinementRefused)
    assert verdict.reason is Reason.NO_DOCUMENT
    assert isinstance(book.override(Override("flap_guard_minutes", 5, "zz", day), COUNTY, today=today), Accepted)


def test_a_number_of_the_whole_system_is_not_refined_by_a_locality() -> None:
    verdict = rulebook.book().override(Override("future_tolerance_seconds", 60, "zz", ON), COUNTY)
    assert isinstance(verdict, RefinementRefused)
    assert verdict.reason is Reason.SYSTEM_WIDE


def test_a_locality_takes_its_own_number_back() -> None:
    book = rulebook.book()
    given = [
        Override(QUOTA, 8, "jc", ON),
        Override(QUOTA, 9, "zz", ON),
        Override(QUOTA, None, "zz", date(2024, 9, 1)),
    ]
    assert book.in_force(date(2024, 8, 31), COUNTY, given).number(QUOTA) == 9
    assert book.in_force(date(2024, 9, 1), COUNTY, given).number(QUOTA) == 8


def test_the_trail_shows_what_each_level_made_of_a_number_and_what_no_longer_stands() -> None:
    given = [Override(QUOTA, 7, "zz", ON), Override(QUOTA, 9, "jc", date(2025, 1, 1))]
    city, county = rulebook.book().trail(QUOTA, date(2025, 1, 1), COUNTY, given)
    assert (city.override.locality, isinstance(city.verdict, Accepted)) == ("jc", True)
    assert isinstance(county.verdict, RefinementRefused)
    assert "不得小于 9 家" in county.verdict.detail
    assert [step.override.locality for step in rulebook.book().trail(QUOTA, ON, COUNTY, given)] == ["zz"]


def test_of_two_refinements_with_one_effective_day_the_later_entered_counts() -> None:
    given = [Override(QUOTA, 9, "zz", ON), Override(QUOTA, 7, "zz", ON)]
    assert rulebook.book().in_force(ON, COUNTY, given).number(QUOTA) == 7


def test_a_flag_tells_law_refinement_and_local_setting_apart() -> None:
    rules = rulebook.load(
        COUNTY, ON, [Override(QUOTA, 7, "zz", ON, document="甲"), Override("cp_slot", "both", "zz", ON)]
    )
    assert [rules.entry(key).flag for key in (QUOTA, "spot_check.city.daily", "cp_slot")] == [
        "地方细化", "规定", "本地设定",
    ]  # fmt: skip


def test_versions_follow_one_another_by_date() -> None:
    book = Rulebook(parse(law(entry(valid_to="2023-12-31") + entry(value="6", valid_from="2024-01-01"))))
    assert book.in_force(date(2023, 12, 31)).number("a.b") == 5
    assert book.in_force(date(2024, 1, 1)).number("a.b") == 6
    assert [version.validity for version in book.versions("a.b")] == [
        "自公布之日（日期未存），至 2023-12-31", "2024-01-01 起",
    ]  # fmt: skip
    with pytest.raises(RulebookError):
        book.versions("no.such")


def test_a_newer_version_ends_an_open_older_one() -> None:
    book = Rulebook(parse(law(entry() + entry(value="6", valid_from="2024-01-01"))))
    assert (book.in_force(ON).number("a.b"), book.in_force(date(2023, 1, 1)).number("a.b")) == (6, 5)


def test_a_number_not_yet_in_force_is_not_there() -> None:
    book = Rulebook(parse(law(entry(valid_from="2024-01-01"))))
    with pytest.raises(RulebookError):
        book.in_force(date(2023, 1, 1)).number("a.b")
    verdict = book.override(Override("a.b", 9, "zz", date(2023, 1, 1)), COUNTY)
    assert isinstance(verdict, RefinementRefused)


@pytest.mark.parametrize(
    "body",
    [
        entry() + entry(),
        entry(valid_to="2024-01-01") + entry(valid_from="2024-01-01"),
    ],
)
def test_two_versions_never_count_on_one_day(body: str) -> None:
    with pytest.raises(RulebookError, match="same day"):
        Rulebook(parse(law(body)))


@pytest.mark.parametrize(
    "text",
    [
        "not = toml = at all",
        "[[entry]]\n",
        law(entry(article="")),
        law(entry(stricter="")),
        law(entry(surprise="1")),
        law(entry(value="1.5")),
        law(entry(value="[1, 2]")),
        law(entry(value="0")),
        law(entry(valid_from='"2024-01-01"')),
        law(entry(choices='["a"]')),
        law(entry()).replace("regulation", "local_setting"),
    ],
)
def test_a_file_that_would_mislead_is_refused(text: str) -> None:
    with pytest.raises(RulebookError):
        parse(text)
