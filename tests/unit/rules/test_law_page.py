"""The page that lays law beside code says what code and rulebook say."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from anlan import rules
from anlan.rules import rulebook, warning_handling
from anlan.rules.grading import load_model

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "explanation" / "law.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("entry", list(rulebook.load()), ids=lambda entry: entry.key)
def test_every_number_stands_on_the_page_with_its_value_and_article(entry: rulebook.Entry) -> None:
    [row] = [row for row in ROWS if f"`{entry.key}`" in row]
    assert entry.title in row
    assert entry.value_text in row
    assert not entry.article or row[0] == entry.article


def test_every_rule_of_the_model_stands_on_the_page() -> None:
    for rule in load_model(rulebook.load()).rules:
        [row] = [row for row in ROWS if row[0] == f"`{rule.id}`"]
        assert row[1:] == [rule.level.colour, rule.title]


def test_every_function_the_page_names_exists() -> None:
    named = set(re.findall(r"`([a-z_]+)\.(\w+)`", PAGE))
    for module, name in named - {(m, n) for m, n in named if n in ("toml", "py")}:
        if f"{module}.{name}" not in rulebook.load().entries:
            assert hasattr(importlib.import_module(f"anlan.rules.{module}"), name), f"{module}.{name}"


def test_the_articles_of_the_regulation_come_in_their_order_and_name_themselves() -> None:
    public = [
        function
        for name, function in inspect.getmembers(warning_handling, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == warning_handling.__name__
    ]
    public.sort(key=lambda function: function.__code__.co_firstlineno)
    numerals = {name: n for n, name in enumerate("一二三四五六七八九十", 1)} | {"十一": 11, "十二": 12}
    articles = []
    for function in public:
        text = inspect.getdoc(function) or ""
        assert text.startswith("第"), f"{function.__name__} names its article first"
        single = re.match(r"第([一二三四五六七八九十]+)条(?!、)", text)
        if single:
            articles.append(numerals[single[1]])
    assert articles == sorted(articles)
    assert {2, 4, 5, 6, 7, 9, 10, 11, 12} == set(articles)


def _readings() -> set[str]:
    """Every function of the rules whose words say that it rests on a reading of ours."""
    found = set()
    for module in pkgutil.iter_modules(rules.__path__):
        loaded = importlib.import_module(f"anlan.rules.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if function.__module__ == loaded.__name__ and "[reading]" in (inspect.getdoc(function) or ""):
                found.add(f"{module.name}.{name}")
    return found


@pytest.mark.case("E3")
def test_every_reading_in_the_code_stands_on_the_page_and_every_one_there_in_the_code() -> None:
    section = PAGE.partition("## 我们的理解")[2].partition("## ")[0]
    assert set(re.findall(r"\| `(\w+\.\w+)` \|", section)) == _readings()


@pytest.mark.case("E3")
def test_every_article_of_the_regulation_that_code_names_stands_on_the_page_with_files_that_exist() -> None:
    table = PAGE.partition("## 怎样对照着读")[2].partition("## ")[0]
    source = Path(rules.__path__[0]).parent
    named = set()
    for path in [*source.glob("rules/*.py"), *source.glob("rules/metrics/*.py"), *source.glob("apps/warnings/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"预警信息处置管理办法 (第[一二三四五六七八九十]+条)", text))
        if "warnings" in path.parts:
            named |= set(re.findall(r'"""(第[一二三四五六七八九十]+条)[:：]', text))
    assert {article for article in named if article not in table} == set()
    for name in re.findall(r"`((?:apps|rules)/[\w/]+\.py)`", table):
        assert (source / name).exists(), name
