"""Words on screens are for who reads them: whole names, on the right page, nothing of the inside of the machine."""

from __future__ import annotations

import re

import pytest
from django import forms
from tests import neighbours
from tests.neighbours import World
from tests.reading import plain

from anlan import now as clock
from anlan.apps.org.models import Agency
from anlan.rules.metrics import METRICS, AlarmFacts
from anlan.rules.metrics.alarming import Verdict, held_against
from anlan.rules.ranking import Direction
from anlan.rules.rulebook import load

pytestmark = pytest.mark.django_db
BEST = next(metric.id for metric in METRICS.values() if metric.direction is Direction.BEST_FIRST)
INSIDE = re.compile(r"\banlan (?!安澜)[a-z]+|ops_alerts|ANLAN_\w+|BadZipFile|Traceback|\w+Error\b")
"""Commands, settings and exceptions: for operators, in their documents."""


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


@pytest.mark.case("F16")
def test_a_long_name_is_never_cut_in_the_frame(world: World) -> None:
    name = "示例甲县应急管理和安全生产监督管理局"
    Agency.objects.filter(pk=world.agencies["county-a"].pk).update(name=name)
    html = world.client("county").get("/").content.decode()
    frame = html[: html.index('<main id="main"')]
    assert name in frame
    parts = [name[:length] for length in range(4, len(name))]
    shown = re.findall(r">\s*([^<>]*示例甲县[^<>]*?)\s*<", frame)
    assert shown
    assert not [words for words in shown if words.rstrip("…") in parts]


@pytest.mark.case("F16")
def test_words_of_an_act_that_a_phone_kept_do_not_stand_on_the_next_page(world: World) -> None:
    number = world.plants["a1"].warning.number
    client = world.client("holder")
    kept = {"headers": {"Anlan-Kept": "1"}}
    assert client.post(f"/warnings/{number}/confirm/", {"text": ""}, **kept).status_code == 204
    assert "已确认。时限照常运行" not in client.get("/enterprises/").content.decode()
    assert client.post(f"/warnings/{number}/measure/", {"text": "已派人"}).status_code == 302
    assert "处置措施已记录" in client.get(f"/warnings/{number}/").content.decode(), "an act with a page says so there"


@pytest.mark.case("F16")
@pytest.mark.parametrize(("metric", "words"), [("warnings_raised", "1 为最差"), (BEST, "1 为最优")])
def test_a_ranking_says_what_its_first_place_means(world: World, metric: str, words: str) -> None:
    assert METRICS[metric].first_words == words
    html = world.client("city").get(f"/statistics/?rank={metric}").content.decode()
    assert f'位次<div class="s">{words}</div>' in plain(html)


@pytest.mark.case("F16")
def test_a_share_of_a_handful_of_alarms_is_not_judged() -> None:
    def top_ten(alarms: int, share: int) -> tuple[Verdict, str]:
        facts = AlarmFacts(consoles=1, ten_minutes=144, alarms=alarms, top_ten=share, low=alarms)
        [held] = [each for each in held_against(facts, load()) if each.metric.id == "alarm_top_ten_share"]
        return held.verdict, held.base

    assert top_ten(9, 9) == (Verdict.FEW, "9 / 9")
    assert top_ten(49, 49) == (Verdict.FEW, "49 / 49")
    assert top_ten(50, 50) == (Verdict.POOR, "50 / 50")
    assert Verdict.FEW.words == "报警太少，不下结论"


@pytest.mark.case("F16")
def test_what_is_left_blank_is_asked_for_in_the_words_of_the_house(world: World) -> None:
    class Blank(forms.Form):
        text = forms.CharField()
        which = forms.ChoiceField(choices=[("a", "甲")])
        file = forms.FileField()

    errors = Blank({}, {}).errors
    assert errors == {
        "text": ["请填写，这一项不能空着。"],
        "which": ["请选择，这一项不能空着。"],
        "file": ["请选择，这一项不能空着。"],
    }
    html = world.client("holder").post("/password/", {}).content.decode()
    assert "必填项" not in html
    assert "这一项不能空着" in html


@pytest.mark.case("F16")
def test_a_duty_officer_reads_no_commands_and_no_settings(world: World) -> None:
    """Nothing was ever backed up, nobody is told, the audit found faults: said to people, not to a terminal."""
    client = world.client("county")
    for path in ("/", "/operations/", "/operations/gateways/", "/operations/channels/", "/todo/", "/alarms/", "/wall/"):
        html = re.sub(r"<(script|style|link|meta)\b.*?>", "", client.get(path).content.decode())
        text = re.sub(r"<[^>]+>", " ", html)
        assert not INSIDE.findall(text), path
