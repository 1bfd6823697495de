"""What pages listen for is what is told: a topic that one side does not know is a page that stands still."""

from __future__ import annotations

import re
from pathlib import Path

from anlan.apps.delivery.services.hints import TOPICS

SOURCE = Path(__file__).resolve().parents[3] / "src" / "anlan"
PAGES = {"resync", "calls", "live"}
"""Said by the stream itself, about no topic."""


def _found(pattern: str, files: str) -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in SOURCE.rglob(files) if "vendor" not in path.parts)
    return {name for text in texts for name in re.findall(pattern, text)}


def test_every_topic_is_told_heard_and_handed_on_by_the_browser_s_stream() -> None:
    stream = (SOURCE / "site" / "static" / "anlan" / "stream.js").read_text(encoding="utf-8")
    names = re.search(r"const HINTS = \[([^\]]*)\]", stream)
    assert names is not None
    assert set(re.findall(r'"(\w+)"', names[1])) == TOPICS
    assert _found(r"sse:(\w+)", "*.html") - PAGES <= TOPICS
    assert _found(r'\bhint\("(\w+)"', "*.py") == TOPICS
