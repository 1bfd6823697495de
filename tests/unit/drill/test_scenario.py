"""A wrong drill file is refused with a Chinese message that names the place; YAML's traps are closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anlan.drill.scenario import ScenarioError, parse

GOOD = """
name: 例
world:
  agencies:
    - {id: zz, level: county, name: 县局}
  enterprises:
    - {id: e1, county: zz, sources: [{id: s1, holders: {main: 甲}}]}
start: 2024-03-01T08:00:00+08:00
until: 2024-03-01T12:00:00+08:00
events:
  - {at: 10:00, level: {source: s1, level: orange}}
"""


def test_a_time_without_quotes_is_a_time_and_not_a_number() -> None:
    assert (parse(GOOD).events[0].at - parse(GOOD).start) == timedelta(hours=2)


@pytest.mark.parametrize(
    ("written", "hours"), [('"09:30"', 1.5), ('"+30:00"', 30), ("2024-03-01T09:00:00+08:00", 1), ('"08:00:36"', 0.01)]
)
def test_three_ways_to_say_when(written: str, hours: float) -> None:
    scenario = parse(GOOD.replace("10:00, level", f"{written}, level"))
    assert scenario.events[0].at - scenario.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level: orange", "level: pink", "第 1 个事件 的 level 只能是"),
        ("source: s1", "source: s9", "危险源 s9 不存在"),
        ("at: 10:00", "at: 07:00", "早于 start"),
        ("at: 10:00", "at: 25:00", "无法识别"),
        ("at: 10:00, ", "", "须有 at"),
        ("county: zz", "county: yy", "不是已列出的机构"),
        ("level: county", "level: parish", "的 level 只能是"),
        ("name: 例", "nmae: 例", "未知的项：nmae"),
        ("until: 2024-03-01T12", "until: 2024-02-01T12", "until 早于 start"),
        ("start: 2024-03-01T08:00:00+08:00", "", "缺少 start"),
        ("main: 甲", "chief: 甲", "未知的项：chief"),
        ("name: 例", "name: 例\nname: 又", "重复的键 name"),
        ("name: 例", "settings: {cp_slot: nobody}", "settings：“县（化工园区）接收方”只能取"),
        ("name: 例", "settings: {no_such: 1}", "没有名为 no_such 的设定"),
        ("name: 例", "settings: {warning.red.repeat_minutes: 60}", "不得大于 30 分钟"),
        ("name: 例", "name: [例", "不是有效的 YAML"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError, match=message):
        parse(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("minutes", ["0", "-5", "many", "true"])
def test_an_outage_lasts_longer_than_nothing(minutes: str) -> None:
    event = f"  - {{at: 10:00, outage: {{role: clock, minutes: {minutes}}}}}\n"
    with pytest.raises(ScenarioError, match="须为正数"):
        parse(GOOD + event)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("level: orange", "level: pink", 10),
        ("source: s1", "source: s9", 10),
        ("main: 甲", "chief: 甲", 6),
        ("level: county", "level: parish", 4),
        ("until: 2024-03-01T12", "until: 2024-02-01T12", 8),
        ("until: 2024-03-01T12:00:00+08:00", "until: 2024-03-01T12:00:00+08:00\nsettings: {no_such: 1}", 9),
        ("until: 2024-03-01T12:00:00+08:00", "until: 2024-03-01T12:00:00+08:00\npoints: 一", 9),
    ],
)
def test_the_message_begins_with_the_line(old: str, new: str, line: int) -> None:
    with pytest.raises(ScenarioError, match=f"^第 {line} 行："):
        parse(GOOD.replace(old, new, 1).lstrip("\n"))
