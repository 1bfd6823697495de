"""Pages as they are read: where the lines of a template end means nothing."""

from __future__ import annotations

import re

_BETWEEN = re.compile(r"(?<=>)\s*\n\s*|\s*\n\s*(?=</?(?:div|td|th|tr|dd|dt|li|p)\b)")
_SPACES = re.compile(r"\s+")


def plain(html: str) -> str:
    """The markup without the line ends of its templates: none beside a tag, a blank inside a text."""
    return _SPACES.sub(" ", _BETWEEN.sub("", html))
