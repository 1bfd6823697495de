"""Every drill of whole days beside its lines, which were written by hand from the articles and not by the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from anlan.drill.scenario import read

FOLDER = Path(__file__).parent / "days"
DRILLS = sorted(FOLDER.glob("*.yaml"))


def written(text: str, year: int) -> list[dict[str, Any]]:
    """Lines as people write them: month and day, time of day, kind, and the rest as a mapping."""
    found = []
    for line in text.splitlines():
        if line.strip():
            day, clock, kind, rest = line.split(" ", 3)
            told = {key: str(value) if key == "day" else value for key, value in yaml.safe_load(rest).items()}
            found.append({"at": f"{year}-{day}T{clock}+08:00", "kind": kind, **told})
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("path", DRILLS, ids=lambda path: path.stem)
def test_the_day_plays_as_the_articles_say(path: Path) -> None:
    from anlan.drill.play import play

    scenario = read(path)
    assert play(scenario) == written(path.with_suffix(".lines").read_text(encoding="utf-8"), scenario.start.year)


def test_there_are_at_least_twenty_days() -> None:
    assert len(DRILLS) >= 20
    assert {path.stem for path in FOLDER.glob("*.lines")} == {path.stem for path in DRILLS}
