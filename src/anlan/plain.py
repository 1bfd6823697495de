"""Text from outside as it may stand in a subject, a header or a name: no control signs, no direction marks, one line.

What a person typed keeps its words; what a machine would obey (line breaks, escapes, marks that turn the reading
direction, halves of a sign) becomes a blank or nothing.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a spreadsheet stores a control sign inside a cell: ``_x000D_``."""
_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def one_line(text: str) -> str:
    """The text on one line: breaks and tabs become one blank, control signs, marks and halves of signs go."""
    return " ".join(_ESCAPED.sub(_unescape, "".join(map(_seen, text))).split())


def lines(text: str) -> str:
    """The text with its line breaks as ``\\n`` and nothing else that a machine would obey."""
    parts = ("".join(map(_seen, part)) for part in re.split(f"\r\n|[{_BREAKS}]", text))
    return "\n".join(_ESCAPED.sub(_unescape, part).rstrip() for part in parts)


def _unescape(found: re.Match[str]) -> str:
    """A blank for what stands for a control sign; a name may hold other such letters in earnest."""
    return " " if unicodedata.category(chr(int(found[1], 16))) == "Cc" else found[0]


def _seen(sign: str) -> str:
    match unicodedata.category(sign):
        case "Cc":
            return " " if sign in _BREAKS or sign == "\t" else ""
        case "Zl" | "Zp" | "Zs":
            return " "
        case "Cf" | "Cs":
            return ""
    return sign
