"""Everything an operator can set or start appears in the reference; every link between documents leads somewhere."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from pathlib import Path

import pytest

from anlan import cli, config, metrics

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("field", dataclasses.fields(config.Config), ids=lambda field: field.name)
def test_every_setting_is_in_the_reference_with_its_default(field: dataclasses.Field[object]) -> None:
    name = f"ANLAN_{field.name.upper()}"
    rows = [
        line for line in read("reference/settings.md").splitlines() if line.startswith(f"| `{field.name}` | `{name}`")
    ]
    assert len(rows) == 1
    value = "" if field.default is dataclasses.MISSING else field.default
    words = {"''": "空", "False": "否", "True": "是"}
    default = words.get(repr(value), f"`{value}`")
    assert rows[0].split(" | ")[2].strip() == default


def test_the_reference_names_no_setting_that_is_gone() -> None:
    fields = {field.name for field in dataclasses.fields(config.Config)}
    documented = set(re.findall(r"^\| `([a-z_]+)` \| `ANLAN_", read("reference/settings.md"), re.M))
    assert documented == fields


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_is_in_the_reference(verb: str) -> None:
    assert f"| `anlan {verb}` |" in read("reference/cli.md")


def test_the_reference_names_no_verb_that_is_gone() -> None:
    assert set(re.findall(r"^\| `anlan ([\w-]+)` \|", read("reference/cli.md"), re.M)) == set(cli.VERBS)


def test_every_role_is_in_the_reference() -> None:
    targets = (verb.target.split(":")[0].split(".") for verb in cli.VERBS.values())
    roles = {parts[2] for parts in targets if parts[1] == "roles"} - {"watch"}
    described = set(re.findall(r"^\| `([\w-]+)` \|", read("reference/roles.md"), re.M))
    assert roles <= described


def test_every_number_of_the_roles_is_in_the_reference_as_it_is_defined() -> None:
    rows = re.findall(r"^\| `anlan_(\w+)` \| (.*) \|$", read("reference/operations-metrics.md"), re.M)
    assert rows == [
        (each.name, " | ".join([each.kind, each.unit or "—", "全部" if each.roles == metrics.ALL else each.roles[0],
                                f"`{each.label}`" if each.label else "—", each.help]))
        for each in metrics.METRICS
    ]  # fmt: skip


def test_the_settings_file_on_the_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANLAN_")]:
        monkeypatch.delenv(name)
    for text in re.findall(r"^```toml\n(.*?)^```$", read("how-to/serve.md"), re.M | re.S):
        file = tmp_path / "anlan.toml"
        file.write_text(text, encoding="utf-8")
        config.load(file)


def test_every_file_that_the_code_points_to_exists() -> None:
    named = {
        name
        for folder in ("src", "tools", "bench")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_pictures_are_small() -> None:
    pictures = list((DOCS / "images").glob("*.png"))
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 200_000] == []


def test_every_verb_of_the_one_command_is_in_the_reference() -> None:
    verbs = set(re.findall(r'^        case "(\w+)"(?: \| "(\w+)")?(?: \| "(\w+)")?:', _launcher(), re.M))
    named = {verb for match in verbs for verb in match if verb} - {"help"}
    documented = set(re.findall(r"^\| `./run (\w+)` \|", read("reference/cli.md"), re.M))
    assert documented == named


def _launcher() -> str:
    return (ROOT / "tools" / "run.py").read_text(encoding="utf-8")


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    names = {re.split(r"[<>=;! \[]", line)[0] for line in lines} - {"anlan"}
    page = read("decisions/0006-dependencies.md")
    assert {name for name in names if name not in page} == set()


def test_every_decision_is_in_the_index() -> None:
    pages = {path.name for path in (DOCS / "decisions").glob("[0-9]*.md")}
    assert pages == set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", read("decisions/README.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        assert (page.parent / target).resolve().exists(), f"{page.name}: {target}"


def test_every_room_has_its_line_in_the_map() -> None:
    page = read("where-things-go.md")
    package = ROOT / "src" / "anlan"
    rooms = [path for path in package.iterdir() if path.is_dir() and not path.name.startswith(("_", "apps"))]
    apps = [path for path in (package / "apps").iterdir() if path.is_dir() and not path.name.startswith("_")]
    missing = [str(path.relative_to(ROOT)) for path in rooms + apps if f"`{path.relative_to(ROOT)}/`" not in page]
    assert missing == []


def test_the_two_readmes_name_the_same_commands() -> None:
    chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md"))
    for command in ("./run demo", "./run test", "./run demo --once", "./run conformance", "./run serve"):
        assert command in chinese
        assert command in english
