"""Whether a text that somebody must give says anything: what looks like nothing is nothing.

A blank, a dash or a mark without width is what people and machines put where a form refuses to be left empty. Must
never judge what is said: 无 is a word, and a figure is one.
"""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category that are drawn as nothing (the Hangul fillers)."""


def says_something(text: str) -> bool:
    """Whether the text has a letter, a character or a digit that can be seen."""
    return any(unicodedata.category(sign)[0] in "LN" and sign not in _UNSEEN for sign in text)
