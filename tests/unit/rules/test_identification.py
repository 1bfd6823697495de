"""GB 18218-2018, every figure worked out by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.identification import Amount, IdentificationRefused, decimals, find, identify, standard

UNNAMED = "示例物质"


Outcome = tuple[str, str | None, int | None]


def unit(exposed: int, *amounts: Sequence[Any]) -> Outcome:
    """S and R as shown, and the level."""
    found = identify(exposed, [Amount(name, Fraction(most), *symbols) for name, most, *symbols in amounts])
    return decimals(found.S), None if found.R is None else decimals(found.R), found.level


@pytest.mark.parametrize(
    ("exposed", "amounts", "expected"),
    [
        # examples of the field
        (60, [("二氧化硫", "200")], ("10.0000", "30.0000", 3)),
        (0, [("氯", "20")], ("4.0000", "8.0000", 4)),
        (120, [("氯", "20")], ("4.0000", "32.0000", 3)),
        (7, [("氨", "5")], ("0.5000", None, None)),
        (29, [("氨", "5"), ("氯", "2.5")], ("1.0000", "3.0000", 4)),
        # people
        (0, [("氨", "10")], ("1.0000", "1.0000", 4)),
        (1, [("氨", "10")], ("1.0000", "2.0000", 4)),
        (29, [("氨", "10")], ("1.0000", "2.0000", 4)),
        (30, [("氨", "10")], ("1.0000", "2.4000", 4)),
        (49, [("氨", "10")], ("1.0000", "2.4000", 4)),
        (50, [("氨", "10")], ("1.0000", "3.0000", 4)),
        (99, [("氨", "10")], ("1.0000", "3.0000", 4)),
        (100, [("氨", "10")], ("1.0000", "4.0000", 4)),
        (1_000_000, [("氨", "10")], ("1.0000", "4.0000", 4)),
        # whether: what is shown is rounded, what is compared is not
        (1, [("氨", "9.9999")], ("1.0000", None, None)),
        (1, [("氨", "9.999999999999")], ("1.0000", None, None)),
        (1, [("氨", "9.9994")], ("0.9999", None, None)),
        (1, [("氨", "10.000000000001")], ("1.0000", "2.0000", 4)),
        (1, [("氨", "0")], ("0.0000", None, None)),
        (1, [("异氰酸甲酯", "0.25"), ("碳酰氯", "0.2")], ("1.0000", "20.0000", 3)),  # 1/3 + 2/3
        (1, [("异氰酸甲酯", "0.25"), ("碳酰氯", "0.199999999999")], ("1.0000", None, None)),
        # levels, with one person and chlorine: R = 4·q/5
        (1, [("氯", "12.4999")], ("2.5000", "9.9999", 4)),
        (1, [("氯", "12.49999")], ("2.5000", "10.0000", 4)),
        (1, [("氯", "12.5")], ("2.5000", "10.0000", 3)),
        (1, [("氯", "62.49999")], ("12.5000", "50.0000", 3)),
        (1, [("氯", "62.5")], ("12.5000", "50.0000", 2)),
        (1, [("氯", "124.99999")], ("25.0000", "100.0000", 2)),
        (1, [("氯", "125")], ("25.0000", "100.0000", 1)),
        (1, [("氯", "5000")], ("1000.0000", "4000.0000", 1)),
        # the factor moves the level: 12.5 t with nobody near, and with a hundred
        (0, [("氯", "12.5")], ("2.5000", "5.0000", 4)),
        (100, [("氯", "31.25")], ("6.2500", "50.0000", 2)),
        # a substance of Table 1 that is not in Table 3 takes its factor from its symbol
        (60, [("汽油", "1000", ("W5.1",))], ("5.0000", "11.2500", 3)),
        (60, [("汽油", "1000", ("W5.3",))], ("5.0000", "7.5000", 4)),
        (60, [("汽油", "1000", ("W5.3", "W5.1"))], ("5.0000", "11.2500", 3)),
        (30, [("苯", "100", ("W5.2",)), ("甲醇", "250", ("W5.1",))], ("2.5000", "3.3000", 4)),
        # carbon monoxide has a factor of its own and no quantity in Table 1
        (1, [("一氧化碳", "10", ("W2",))], ("1.0000", "2.0000", 4)),
        (1, [("630-08-0", "10", ("J3", "W2"))], ("1.0000", "2.0000", 4)),
        # several symbols: the lowest quantity (W2: 10 t), the greatest factor (J3: 2)
        (60, [(UNNAMED, "50", ("J3", "W2"))], ("5.0000", "15.0000", 3)),
        (1, [(UNNAMED, "5", ("W5.4", "J1"))], ("1.0000", "4.0000", 4)),
        # one substance under several names is one
        (1, [("液氯", "2"), ("7782-50-5", "3")], ("1.0000", "4.0000", 4)),
        (1, [(UNNAMED, "5", ("W5.3",)), (f" {UNNAMED} ", "5", ("W5.1",))], ("1.0000", "1.5000", 4)),
        (1, [("630-08-0", "5", ("W2",)), ("一氧化碳", "5")], ("1.0000", "2.0000", 4)),
    ],
)  # fmt: skip
def test_a_unit_is_what_the_standard_makes_of_it(exposed: int, amounts: list[Sequence[Any]], expected: Outcome) -> None:
    assert unit(exposed, *amounts) == expected


@pytest.mark.parametrize(
    ("symbol", "quantity", "risk"),
    [
        ("J1", "5", "4.0000"), ("J2", "50", "1.0000"), ("J3", "50", "2.0000"), ("J4", "50", "2.0000"),
        ("J5", "500", "1.0000"), ("W1.1", "1", "2.0000"), ("W1.2", "10", "2.0000"), ("W1.3", "50", "2.0000"),
        ("W2", "10", "1.5000"), ("W3", "150", "1.0000"), ("W4", "50", "1.0000"), ("W5.1", "10", "1.5000"),
        ("W5.2", "50", "1.0000"), ("W5.3", "1000", "1.0000"), ("W5.4", "5000", "1.0000"), ("W6.1", "10", "1.5000"),
        ("W6.2", "50", "1.0000"), ("W7.1", "10", "1.5000"), ("W7.2", "50", "1.0000"), ("W8", "50", "1.0000"),
        ("W9.1", "50", "1.0000"), ("W9.2", "200", "1.0000"), ("W10", "200", "1.0000"), ("W11", "200", "1.0000"),
    ],
)  # fmt: skip
def test_a_category_has_the_quantity_of_table_2_and_the_factor_of_table_4(
    symbol: str, quantity: str, risk: str
) -> None:
    assert unit(1, (UNNAMED, quantity, (symbol,))) == ("1.0000", risk, 4)
    below = str(Fraction(quantity) - Fraction("0.0001"))
    assert unit(1, (UNNAMED, below, (symbol,)))[2] is None


@pytest.mark.parametrize(
    ("name", "quantity", "risk", "level"),
    [
        ("二氧化硫", "20", "2.0000", 4), ("氨", "10", "2.0000", 4), ("环氧乙烷", "10", "2.0000", 4),
        ("氯化氢", "20", "3.0000", 4), ("溴甲烷", "10", "3.0000", 4), ("氯", "5", "4.0000", 4),
        ("硫化氢", "5", "5.0000", 4), ("氟化氢", "1", "5.0000", 4), ("二氧化氮", "1", "10.0000", 3),
        ("氰化氢", "1", "10.0000", 3), ("光气", "0.3", "20.0000", 3), ("磷化氢", "1", "20.0000", 3),
        ("异氰酸甲酯", "0.75", "20.0000", 3),
    ],
)  # fmt: skip
def test_what_table_3_names_needs_no_symbol(name: str, quantity: str, risk: str, level: int) -> None:
    assert unit(1, (name, quantity)) == ("1.0000", risk, level)


@pytest.mark.parametrize(
    ("exposed", "amounts", "says"),
    [
        (-1, [("氨", "10")], "不能小于 0"),
        (1, [], "没有列出物质"),
        (1, [("氨", "-0.0001")], "设计最大量不能小于 0"),
        (1, [(UNNAMED, "1")], "也没有给出危险性类别符号"),
        (1, [("一氧化碳", "10")], "也没有给出危险性类别符号"),
        (1, [("汽油", "1000")], "须给出危险性类别符号才能取校正系数"),
        (1, [(UNNAMED, "1", ("W12",))], "没有符号“W12”"),
        (1, [("硝化棉", "1", ("W1.1",))], "不止一种，请写全名"),
        (1, [("6484-52-2", "1", ("W1.1",))], "不止一种，请写全名"),
        (1, [("甲醛", "1")], "甲醛(含量>90%)"),
        (1, [("  ", "1")], "没有名称"),
    ],
)
def test_what_cannot_be_identified_is_refused_in_words(exposed: int, amounts: list[Sequence[Any]], says: str) -> None:
    with pytest.raises(IdentificationRefused, match=says.replace("(", r"\(").replace(")", r"\)")):
        unit(exposed, *amounts)


def test_every_substance_is_found_by_its_name_its_aliases_and_its_number() -> None:
    for row in standard().substances:
        assert find(row.name) is row
        for told in (*row.aliases, *row.cas):
            rows = [each for each in standard().substances if told in (*each.aliases, *each.cas)]
            assert rows == [row] or told in ("硝化棉", "9004-70-0", "6484-52-2")
            if len(rows) == 1:
                assert find(told) is row
    assert find("硝化纤维素【干的或含水（或乙醇）＜25%】") is find("硝化纤维素[干的或含水(或乙醇)<25%]")
    assert find("Ｌｐｇ") is find(" 液化石油气 ")


@pytest.mark.parametrize(
    ("name", "columns"),
    [("table1_substances", ("name_zh", "cas", "critical_t")), ("table2_categories", ("symbol", "critical_t"))],
)
def test_the_tables_are_those_that_were_collected(name: str, columns: tuple[str, ...], shared: Path) -> None:
    with (shared / "data" / f"gb18218_{name}.csv").open(encoding="utf-8") as file:
        collected = [tuple(row[column] for column in columns) for row in csv.DictReader(file)]
    ours = (
        [(row.name, ";".join(row.cas), row.critical) for row in standard().substances]
        if name.startswith("table1")
        else [(row.symbol, row.critical) for row in standard().categories.values()]
    )
    assert [(*row[:-1], Fraction(row[-1])) for row in collected] == ours


amounts = st.lists(
    st.tuples(st.sampled_from(["氨", "氯", "二氧化硫", "苯", UNNAMED]), st.integers(0, 10**9)), min_size=1, max_size=6
)


@given(amounts, st.integers(0, 200))
def test_more_of_anything_and_more_people_never_make_it_less(given_: list[tuple[str, int]], exposed: int) -> None:
    def held(factor: int) -> list[Amount]:
        return [Amount(name, Fraction(quantity * factor, 10**6), ("W5.1",)) for name, quantity in given_]

    once, twice = identify(exposed, held(1)), identify(exposed + 1, held(2))
    assert twice.S == 2 * once.S
    assert once.level is None or (twice.level is not None and twice.level <= once.level)
