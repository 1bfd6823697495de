"""Lists: the address is the only state; filters, order and pages come from it and go back into it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from anlan.apps.org.models import Agency, AgencyLevel, Region
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Enterprise
from anlan.components import lists
from anlan.components.filters import Choice, Days, Exact, Text, equals
from anlan.components.lists import Column, Listing, Page

LISTING = Listing(
    columns=[
        Column("name", "名称", lambda row: row.name, ("name",)),
        Column("kind", "体系", lambda row: row.scheme, ("scheme", "code")),
        Column("gas", "点数", lambda row: row.declared_gas_points, ("declared_gas_points",), descending_first=True),
        Column("plain", "不排序", lambda row: row.code),
        Column("hidden", "只导出", lambda row: row.code, on_page=False),
    ],
    filters=[
        Choice("scheme", "体系", [("a", "甲"), ("b", "乙")], equals("scheme")),
        Choice("many", "多选", [("a", "甲"), ("b", "乙")], equals("scheme"), several=True),
        Text("q", "文字", ["name", "code"]),
        Exact("code", "编码", "code", lambda row: row.name),
    ],
    order="name",
    per_page=3,
)


def page(address: str = "", listing: Listing = LISTING, rows: Any = None) -> Page:
    rows = Enterprise.objects.visible_to(EVERYTHING) if rows is None else rows
    return listing.read(SimpleNamespace(path="/list/", GET=QueryDict(address)), rows)  # type: ignore[arg-type]


@pytest.fixture
def ten(db: None) -> None:
    agency = Agency(code="c", name="示例", level=AgencyLevel.COUNTY)
    agency.save()
    region = Region.objects.create(code="990121", name="示例")
    Enterprise.objects.bulk_create(
        Enterprise(
            code=f"9901210{n:02d}",
            name=f"示例{n:02d}",
            scheme="ab"[n % 2],
            region=region,
            county=agency,
            supervisor=agency,
            declared_gas_points=n // 3,
        )
        for n in range(10)
    )


def names(found: Page) -> str:
    return " ".join(row.name[2:] for row in found)


@pytest.mark.usefixtures("ten")
def test_rows_come_in_pages_of_the_listing_s_order() -> None:
    assert names(page()) == "00 01 02"
    assert names(page("page=4")) == "09"
    assert (page("page=2").first, page("page=2").last, page().total, page().pages) == (4, 6, 10, 4)


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize(
    ("asked", "shown"), [("0", 1), ("-1", 1), ("999999", 4), ("x", 1), ("", 1), ("٣", 3), ("1e9", 1), ("9" * 30, 1)]
)
def test_a_page_number_that_does_not_exist_becomes_one_that_does(asked: str, shown: int) -> None:
    assert page(f"page={asked}").number == shown


@pytest.mark.usefixtures("ten")
def test_sorting_by_a_column_and_again_turns_it_round() -> None:
    once = page("sort=kind")
    assert names(once) == "00 02 04"
    assert names(page("sort=-kind")) == "09 07 05"
    name, kind, gas, plain = once.headings
    assert (kind.direction, name.direction, plain.url) == ("ascending", "", "")
    assert parse_qs(urlsplit(kind.url).query) == {"sort": ["-kind"]}
    assert parse_qs(urlsplit(gas.url).query) == {"sort": ["-gas"]}


@pytest.mark.usefixtures("ten")
def test_equal_rows_keep_one_order_so_that_no_row_is_on_two_pages() -> None:
    seen = [row.pk for number in range(1, 5) for row in page(f"sort=-gas&page={number}")]
    assert len(seen) == len(set(seen)) == 10


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("sort", ["nonsense", "plain", "-", "name;drop", "county__code"])
def test_an_unknown_order_is_the_listing_s_own(sort: str) -> None:
    assert names(page(f"sort={sort}")) == "00 01 02"


@pytest.mark.usefixtures("ten")
def test_filters_narrow_and_say_what_they_did() -> None:
    found = page("scheme=b&q=示例0")
    assert names(found) == "01 03 05"
    assert found.is_filtered
    assert list(found.filter_words()) == ["体系：乙", "文字：示例0"]
    assert page("many=a&many=b").total == 10


@pytest.mark.usefixtures("ten")
def test_a_value_that_a_filter_does_not_know_is_told_and_narrows_nothing() -> None:
    found = page("scheme=zzz")
    assert found.total == 10
    assert "zzz" in found.problems[0]
    assert not found.is_filtered


@pytest.mark.usefixtures("ten")
def test_one_record_by_its_code_is_named_from_the_row_itself() -> None:
    found = page("code=990121004")
    assert names(found) == "04"
    assert found.bound[3].words == "示例04"
    assert parse_qs(urlsplit(found.without("code")).query) == {}
    assert page("code=nobody").total == 0


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("asked", ["q=示例", "q=示例&sort=-gas", "q=示例&sort=kind&scheme=a", "q=nobody"])
def test_words_are_looked_for_once_and_every_page_shows_what_it_would_without_them(asked: str) -> None:
    without = asked.replace("q=示例", "q=").replace("q=nobody", "code=nobody")
    for number in (1, 2, 4):
        with CaptureQueriesContext(connection) as queries:
            found = page(f"{asked}&page={number}")
            shown = (found.total, [row.code for row in found], found.pages, found.first, found.last)
        plain = page(f"{without}&page={number}")
        assert shown == (plain.total, [row.code for row in plain], plain.pages, plain.first, plain.last)
        words = [each for each in queries if "INSTR" in each["sql"] or "LIKE" in each["sql"]]
        assert len(words) == 1
        assert len(queries) <= 2


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize(
    ("words", "shown"),
    [("%", "03"), ("_", "03"), ("\\", "03"), ("%_", "03"), ("100%", ""), ("a%", "03"), ("A%_", "03")],
)
def test_signs_of_patterns_are_looked_for_as_they_are(words: str, shown: str) -> None:
    Enterprise.objects.filter(code="990121003").update(name="示例03a%_\\")
    assert names(page(urlencode({"q": words}))).replace("a%_\\", "") == shown


@pytest.mark.usefixtures("ten")
def test_what_is_beyond_the_count_is_told_with_words_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED", 4)
    found = page("q=示例&page=9")
    assert (found.total, found.total_words, found.pages, found.number) == (5, "超过 4", 2, 2)
    assert names(found) == "03 04 05"
    assert names(page("page=9")) == "03 04 05"


@pytest.mark.usefixtures("ten")
def test_addresses_carry_filters_and_order_along() -> None:
    found = page("scheme=a&sort=-gas&page=2")
    assert parse_qs(urlsplit(found.export_url).query) == {"scheme": ["a"], "sort": ["-gas"], "format": ["xlsx"]}
    assert parse_qs(urlsplit(found.previous_url).query)["page"] == ["1"]
    assert [number for number, _url in page("page=2").page_urls] == [1, 2, 3, 4]


@pytest.mark.usefixtures("ten")
def test_beyond_its_limit_a_list_counts_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED", 5)
    found = page()
    assert (found.total, found.total_words, found.pages) == (6, "超过 5", 2)


@pytest.mark.usefixtures("ten")
def test_a_list_keeps_the_scope_it_was_given() -> None:
    from anlan.apps.org.scope import NOTHING, guard

    with guard():
        assert page(rows=Enterprise.objects.visible_to(NOTHING)).total == 0
        assert names(page("sort=-gas&scheme=a")) == "08 06 04"


@pytest.mark.usefixtures("ten")
def test_days_are_civil_days_and_both_ends_count(django_assert_num_queries: Any) -> None:
    filter_ = Days("from", "日期", "at")
    bound = filter_.read(QueryDict("from=2024-03-01&from_to=2024-03-01"))
    captured: dict[str, Any] = {}

    class Rows:
        def filter(self, **lookups: Any) -> Rows:
            captured.update(lookups)
            return self

    with django_assert_num_queries(0):
        filter_.apply(Rows(), bound)  # type: ignore[arg-type]
    assert captured == {
        "at__gte": datetime(2024, 2, 29, 16, tzinfo=UTC),
        "at__lt": datetime(2024, 3, 1, 16, tzinfo=UTC),
    }
    assert bound.words == "2024-03-01 — 2024-03-01"


@pytest.mark.parametrize("raw", ["2024-13-01", "tomorrow", "2024-02-30", "1"])
def test_a_date_that_is_none_is_told(raw: str) -> None:
    bound = Days("from", "日期", "at").read(QueryDict(f"from={raw}"))
    assert bound.problem
    assert not bound.is_set


def test_days_the_wrong_way_round_are_told() -> None:
    assert "晚于" in Days("from", "日期", "at").read(QueryDict("from=2024-03-02&from_to=2024-03-01")).problem


@given(st.dictionaries(st.sampled_from(["scheme", "many", "q", "code", "from", "page", "sort"]), st.text(max_size=80)))
def test_no_address_breaks_the_reading_of_filters(values: dict[str, str]) -> None:
    query = QueryDict(mutable=True)
    query.update(values)
    for each in [*LISTING.filters, Days("from", "日期", "at")]:
        bound = each.read(query)
        assert isinstance(bound.words, str)
        assert len(bound.value) <= 60
