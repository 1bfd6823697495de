"""No ten lines of the product stand twice: Python, templates, scripts and styles alike; migrations and tests aside.

Blank lines, comments' own lines and imports do not count; a line is compared without its indentation.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tools", "bench")
ENDINGS = (".py", ".html", ".js", ".css")
MOST = 9
"""Lines in a row that may stand twice."""
ASIDE = ("/migrations/", "/vendor/")
NO_CODE = re.compile(r'^(#|//|from \S+ import|import |"""|\}?\)?\]?,?;?$)')
Place = tuple[str, int]


def lines_of(text: str) -> list[tuple[int, str]]:
    """The lines that count, with their numbers."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not NO_CODE.match(bare):
            found.append((number, bare))
    return found


def doubles(files: dict[str, str]) -> list[tuple[Place, Place]]:
    """Where more than `MOST` lines in a row stand a second time: the second place and the first."""
    first: dict[tuple[str, ...], Place] = {}
    found: dict[tuple[str, str], tuple[Place, Place]] = {}
    for name in sorted(files):
        lines = lines_of(files[name])
        for start in range(len(lines) - MOST):
            window = lines[start : start + MOST + 1]
            key = tuple(line for _number, line in window)
            place = (name, window[0][0])
            known = first.setdefault(key, place)
            is_same = known[0] == name and window[0][0] - known[1] <= MOST
            if known != place and not is_same:
                found.setdefault((name, known[0]), (place, known))
    return sorted(found.values())


def main() -> int:
    files = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in ENDINGS and not any(part in str(path) for part in ASIDE)
    }
    found = doubles(files)
    for (name, line), (other, first) in found:
        print(f"{name}:{line}: more than {MOST} lines as in {other}:{first}")
    print(f"doubles: {len(found) or 'none'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
