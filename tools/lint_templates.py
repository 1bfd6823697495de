"""Checks on templates and styles: every template compiles, words go through gettext, level colours through tokens.

Needs Django, so it runs inside the environment; it reads files and templates only, never the database.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TOKEN = re.compile(r"--(?:red|orange|yellow|blue)[\w-]*:\s*(#[0-9a-fA-F]{3,8})")
HEX = re.compile(r"#[0-9a-fA-F]{6}\b")


def templates() -> Iterator[tuple[Path, str]]:
    """Files under any `templates` folder of the package, with the name that Django knows them by."""
    for folder in sorted((ROOT / "src" / "anlan").rglob("templates")):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path, str(path.relative_to(folder))


def compiled() -> Iterator[str]:
    from django.template import TemplateSyntaxError, engines
    from django.template.base import TextNode

    engine = engines["django"].engine  # type: ignore[attr-defined]
    for path, name in templates():
        try:
            template = engine.get_template(name)
        except TemplateSyntaxError as error:
            yield f"{path.relative_to(ROOT)}: {error}"
            continue
        for node in template.nodelist.get_nodes_by_type(TextNode):
            if CHINESE.search(node.s) and node.origin.name == str(path):
                line = next(text.strip() for text in node.s.splitlines() if CHINESE.search(text))
                yield f"{path.relative_to(ROOT)}: words outside {{% trans %}}: {line[:60]}"


def colours() -> Iterator[str]:
    """The colours of the levels stand in tokens.css alone; everything else says var(--red)."""
    styles = [path for kind in ("css", "html", "js", "svg") for path in (ROOT / "src" / "anlan").rglob(f"*.{kind}")]
    own = [path for path in styles if "vendor" not in path.parts]
    tokens = [path for path in own if path.name == "tokens.css"]
    reserved = {colour.lower() for path in tokens for colour in TOKEN.findall(path.read_text(encoding="utf-8"))}
    for path in sorted(set(own) - set(tokens)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for colour in HEX.findall(line):
                if colour.lower() in reserved:
                    yield f"{path.relative_to(ROOT)}:{number}: the level colour {colour} outside tokens.css"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")
    import django

    django.setup()
    found = [*compiled(), *colours()]
    print("\n".join(found) if found else "templates: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
