"""What looks like nothing is nothing, wherever words are mandatory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.rules.level import Level
from anlan.rules.reporting import ReportAccepted, ReportRefused, judge_report
from anlan.rules.rulebook import load
from anlan.rules.words import says_something

CLEARED = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["无", "0", "已关阀", "a", "①", " 1.6 "])
def test_words_and_figures_say_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\u3000", "\u200b", "\u2060\ufeff", "\u2800", "\u3164", "-", "。。。", "…", "\n\t"]
)
def test_blanks_dashes_and_what_cannot_be_seen_say_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.case("F20")
@pytest.mark.parametrize("nothing", ["\u200b", "-", "。", "\u3164"])
def test_a_report_that_says_nothing_is_no_report(nothing: str) -> None:
    texts = {"result": "已恢复", "cause": nothing, "measures": "更换阀门"}
    verdict = judge_report(texts, CLEARED + timedelta(minutes=5), CLEARED, Level.RED, load())
    assert isinstance(verdict, ReportRefused)
    assert verdict.missing == ("cause",)
    whole = texts | {"cause": "密封老化"}
    assert isinstance(judge_report(whole, CLEARED + timedelta(minutes=5), CLEARED, Level.RED, load()), ReportAccepted)
