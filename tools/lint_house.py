"""The rules of the house that no ready-made linter knows; standard library only, a few seconds for the whole tree.

Each rule is a function from a parsed file to findings, and each has a name by which `docs/contributing` speaks of it.
It must never be silenced by a comment: a rule that is wrong is changed here, where everybody sees it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLOCK = "src/anlan/now.py"
LONGEST = {"src": 600, "tools": 600, "bench": 600, "tests": 800}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
BANNED_CLOCKS = {
    "timezone.now", "timezone.localtime", "timezone.localdate", "datetime.now", "datetime.utcnow", "datetime.today",
    "date.today", "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
    "time.perf_counter_ns", "time.localtime", "time.gmtime", "functions.Now",
}  # fmt: skip
CLOCK_MODULES = {"time", "datetime", "timezone", "date"}
# what one app may import of another; the rest goes through foreign keys by name and registered handlers
OPEN_MODULES = {"services", "selectors", "kinds"}
OPEN_ELSEWHERE = {"org": {"access", "actor", "case", "entitled", "line", "scope", "stand"}}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.$}])/(work|root|farm|home/[a-z]+|tmp/bash_jobs|Users)/")
TEXT = {".py", ".toml", ".md", ".html", ".js", ".css", ".sh", ".json", ".yaml", ".yml", ".csv", ".lock", ".txt", ""}


@dataclass(frozen=True)
class Source:
    """One file of the repository: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def area(self) -> str:
        return self.path.split("/")[0]


def clocks(source: Source) -> Iterator[tuple[int, str]]:
    """Only `anlan/now.py` reads time; the product's code gets it as an argument."""
    if source.area != "src" or source.path == CLOCK:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if f"{owner}.{node.attr}" in BANNED_CLOCKS:
                yield node.lineno, f"reads the clock with {owner}.{node.attr}; take `now` as an argument"
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", "django.db.models.functions"}:
            for name in node.names:
                if name.name == "Now" or f"time.{name.name}" in BANNED_CLOCKS:
                    yield node.lineno, f"imports the clock {node.module}.{name.name}"
        elif isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            yield node.value.lineno, f"{node.arg} reads the clock inside the database layer"


def length(source: Source) -> Iterator[tuple[int, str]]:
    """A file fits a reader's head: 600 lines of code, 800 of tests."""
    lines = source.text.count("\n")
    limit = LONGEST.get(source.area)
    if limit and lines > limit:
        yield limit, f"{lines} lines, more than {limit}: make it a folder of the same name"


def names(source: Source) -> Iterator[tuple[int, str]]:
    """A module is named after what it knows."""
    parts = Path(source.path).with_suffix("").parts
    for part in parts:
        if part in BANNED_NAMES:
            yield 1, f"a module named {part!r} says nothing; name it after its subject"


def swallowed(source: Source) -> Iterator[tuple[int, str]]:
    """An exception is handled, recorded or raised; never dropped."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield node.lineno, "bare except"
        if all(isinstance(step, ast.Pass) or _is_ellipsis(step) for step in node.body):
            yield node.lineno, "an exception is swallowed; use contextlib.suppress with a reason, or handle it"


def unfinished(source: Source) -> Iterator[tuple[int, str]]:
    """Nothing half-done is merged."""
    if source.area == "tests" or source.path == "tools/lint_house.py":
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield number, "a note of unfinished work; finish it or open an issue"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield node.lineno, "NotImplementedError: a stub; use abc.abstractmethod or a Protocol"


def opening(source: Source) -> Iterator[tuple[int, str]]:
    """A module says why it exists; empty package markers and migrations need not."""
    if source.area != "src" or "/migrations/" in source.path or not source.tree.body:
        return
    if ast.get_docstring(source.tree) is None:
        yield 1, "no module docstring: say why it exists and what it must never do"


def pure_rules(source: Source) -> Iterator[tuple[int, str]]:
    """`rules` is the standard library and itself: no I/O framework, no clock, no Django."""
    if not source.path.startswith("src/anlan/rules/"):
        return
    for line, module in _imports(source.tree):
        top = module.split(".")[0]
        if top not in sys.stdlib_module_names and not module.startswith("anlan.rules"):
            yield line, f"rules imports {module}"


def neighbours(source: Source) -> Iterator[tuple[int, str]]:
    """An app uses another only through its services, selectors and declared kinds.

    Record classes and enums may be named (types, foreign keys), but only their own app asks the database for them.
    """
    if not source.path.startswith("src/anlan/apps/") or source.path.count("/") < 4 or "/migrations/" in source.path:
        return
    own = source.path.split("/")[3]
    foreign: set[str] = set()
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for module, bound in _bindings(node):
            parts = module.split(".")
            if parts[:2] != ["anlan", "apps"] or len(parts) < 4 or parts[2] == own:
                continue
            if parts[3] == "models":
                foreign.add(bound)
            elif parts[3] not in OPEN_MODULES | OPEN_ELSEWHERE.get(parts[2], set()):
                yield node.lineno, f"app {own} reaches into {module}; use its services or selectors"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "objects" and _root(node) in foreign:
            yield (
                node.lineno,
                f"app {own} queries {ast.unparse(node.value)} of another app; use its services or selectors",
            )


def addresses_in_locks(source: Source) -> Iterator[tuple[int, str]]:
    """A lock names versions and hashes; where they come from is the machine's business."""
    if not (source.path.endswith((".lock", "-lock.json")) or source.path.startswith("tools/locks/")):
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if "://" in line:
            yield number, "an address in a lock file; run ./run lock"


def machine_paths(source: Source) -> Iterator[tuple[int, str]]:
    """No path of one developer's machine."""
    if source.path in {"tools/lint_house.py"}:
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield number, "an absolute path of one machine"


PYTHON_RULES = [clocks, length, names, swallowed, unfinished, opening, pure_rules, neighbours]
TEXT_RULES = [addresses_in_locks, machine_paths]


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def _bindings(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Dotted path of what is imported, and the name it gets here."""
    prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        yield prefix + alias.name, alias.asname or alias.name


def _root(node: ast.expr) -> str:
    """The name at the start of a dotted expression; empty for anything else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def check(source: Source) -> list[str]:
    """Findings of one file as `path:line: rule: what`."""
    rules = TEXT_RULES + (PYTHON_RULES if source.path.endswith(".py") else [])
    found: list[str] = []
    if source.path.endswith(".py"):
        try:
            source.tree  # noqa: B018  # parsed once, kept by the property
        except SyntaxError as error:
            return [f"{source.path}:{error.lineno}: syntax: {error.msg}"]
    for rule in rules:
        found += [f"{source.path}:{line}: {rule.__name__}: {what}" for line, what in rule(source)]
    return found


def files() -> Iterator[Source]:
    """Every text file that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in sorted(set(listed.split("\0")) - {""}):
        path = ROOT / name
        if path.suffix in TEXT and path.is_file():
            try:
                yield Source(name, path.read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                print(f"{name}: not UTF-8, not looked at", file=sys.stderr)


def main() -> int:
    found = [finding for source in files() for finding in check(source)]
    print("\n".join(found) if found else "house rules: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
