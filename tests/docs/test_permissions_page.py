"""The page of permissions says what the acts ask, in the very words that its tool writes."""

from __future__ import annotations

import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

import permissions  # noqa: E402
from anlan.pages.acts import every_act  # noqa: E402


def test_the_page_is_what_the_tool_writes() -> None:
    assert permissions.PAGE.read_text(encoding="utf-8") == permissions.page(), "run python tools/permissions.py"


def test_every_act_is_somebody_s_and_no_note_stands_beside_an_act_that_is_gone() -> None:
    rows = [line.split(" | ") for line in permissions.table().splitlines()[2:]]
    assert len(rows) == len(every_act())
    for _subject, title, who, besides in rows:
        assert who != "—" or besides.strip(" |"), f"nobody may {title}"
    assert set(permissions.BESIDES) <= {act.key for act in every_act()}
