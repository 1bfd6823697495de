"""Every scenario beside its timeline, which was written by hand from the articles and not by the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.acceptance.timeline import expected

from anlan.drill.scenario import parse, read
from anlan.lessons import FAULTS, Shipped, shipped

FOLDER = Path(__file__).parent / "scenarios"
SCENARIOS = sorted(FOLDER.glob("*.yaml"))
LESSONS = Path(__file__).parent / "lessons"


@pytest.mark.django_db
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_it_plays_as_the_articles_say(path: Path) -> None:
    _agrees(path, path.with_suffix(".timeline"))


@pytest.mark.django_db
@pytest.mark.parametrize("lesson", shipped(), ids=lambda each: each.key)
def test_a_teaching_drill_plays_as_the_articles_say(lesson: Shipped) -> None:
    assert all((lesson.title, lesson.story, lesson.points, lesson.question))
    _agrees(lesson.path, LESSONS / f"{lesson.key}.timeline")


def _agrees(path: Path, timeline: Path) -> None:
    """What is sent is what was written by hand, and what the rules alone demand of the scenario."""
    from anlan.drill.play import play_beside

    scenario = read(path)
    played = play_beside(scenario)
    assert played["lines"] == expected(timeline.read_text(encoding="utf-8"), scenario.start.year)
    assert [row for row in played["rows"] if row["mark"] in FAULTS] == []


def test_ten_teaching_drills_come_with_the_product() -> None:
    assert len(shipped()) >= 10
    assert {each.key for each in shipped()} == {path.stem for path in LESSONS.glob("*.timeline")}


def test_there_are_at_least_forty_stories() -> None:
    assert len(SCENARIOS) >= 40


@pytest.mark.django_db
def test_the_example_of_the_manual_plays() -> None:
    from anlan.drill.play import play

    manual = Path(__file__).parents[2] / "docs" / "how-to" / "drill.md"
    text = manual.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    kinds = [line["kind"] for line in play(parse(text))]
    assert kinds == [
        "informed", "confirmed", "notice", "informed", "notice", "cleared", "report_due", "report",
    ]  # fmt: skip
