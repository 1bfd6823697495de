"""GB 18218-2018: whether a unit is a major hazard source, and of which level.

Fractions throughout: S = 0.99999… is no source and R = 9.99995 is no third level, whatever their rounded texts say.
The standard gives the substances of Table 1 no symbol of Table 4; whoever enters them does, and somebody reviews it.
Of several symbols the lowest quantity and the greatest factor count (本平台对标准的理解：取最严).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any

from anlan.rules.rulebook import source_text


class IdentificationRefused(ValueError):
    """What cannot be identified; the message says in Chinese what is missing."""


class UnitKind(StrEnum):
    """4.1: what a unit is. The sums are the same for both."""

    STORAGE = "storage"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Substance:
    """A row of Table 1; ``critical`` in t."""

    no: int
    name: str
    aliases: tuple[str, ...]
    cas: tuple[str, ...]
    critical: Fraction


@dataclass(frozen=True, slots=True)
class Category:
    """A row of Table 2 with its factor by Table 4; ``critical`` in t."""

    symbol: str
    kind: str
    described: str
    critical: Fraction
    beta: Fraction


@dataclass(frozen=True, slots=True)
class Named:
    """A row of Table 3."""

    name: str
    cas: str
    beta: Fraction


@dataclass(frozen=True, slots=True)
class Standard:
    """The tables of one edition, in force from a day on; a newer edition is a reason to identify again."""

    valid_from: date
    substances: tuple[Substance, ...]
    categories: dict[str, Category]
    named: tuple[Named, ...]
    exposed: tuple[tuple[int, Fraction], ...]
    levels: tuple[tuple[int, Fraction], ...]


@cache
def standard() -> Standard:
    """The edition that is shipped; read once a process."""
    told = tomllib.loads(source_text("gb18218"))
    return Standard(
        valid_from=told["valid_from"],
        substances=tuple(
            Substance(row["no"], row["name"], tuple(row["aliases"]), tuple(row["cas"]), Fraction(row["critical"]))
            for row in told["substances"]
        ),
        categories={
            row["symbol"]: Category(
                row["symbol"], row["kind"], row["described"], Fraction(row["critical"]), Fraction(row["beta"])
            )
            for row in told["categories"]
        },
        named=tuple(Named(row["name"], row["cas"], Fraction(row["beta"])) for row in told["named"]),
        exposed=tuple((row["least"], Fraction(row["alpha"])) for row in told["exposed"]),
        levels=tuple((row["level"], Fraction(row["least"])) for row in told["levels"]),
    )


@dataclass(frozen=True, slots=True)
class Amount:
    """What a unit is designed to hold at most of one substance: ``design_max`` in t, never what lies there today."""

    substance: str
    design_max: Fraction
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of S and R, with where its two numbers come from."""

    substance: str
    design_max: Fraction
    critical: Fraction
    critical_by: str
    beta: Fraction
    beta_by: str
    symbols: tuple[str, ...] = ()

    @property
    def ratio(self) -> Fraction:
        """q/Q."""
        return self.design_max / self.critical


@dataclass(frozen=True, slots=True)
class Identified:
    """The outcome of one unit, exact. ``R`` and ``level`` are None for what is no major hazard source."""

    S: Fraction
    alpha: Fraction
    R: Fraction | None
    level: int | None
    terms: tuple[Term, ...]

    @property
    def major(self) -> bool:
        return self.level is not None


def identify(exposed: int, amounts: Sequence[Amount]) -> Identified:
    """4.2 and 4.3: S, and for S ≥ 1 R and the level. ``exposed``: people who live or stay within 500 m.

    The same substance twice, under whichever of its names, is one term. Raises `IdentificationRefused`.
    """
    if exposed < 0:
        raise IdentificationRefused("厂区边界外 500 米范围内常住人口数不能小于 0")
    if not amounts:
        raise IdentificationRefused("没有列出物质")
    terms = tuple(_term(each) for each in _together(amounts))
    total = sum((term.ratio for term in terms), Fraction())
    alpha = next(alpha for least, alpha in standard().exposed if exposed >= least)
    if total < 1:
        return Identified(total, alpha, None, None, terms)
    risk = alpha * sum((term.beta * term.ratio for term in terms), Fraction())
    level = next(level for level, least in standard().levels if risk >= least)
    return Identified(total, alpha, risk, level, terms)


def find(text: str) -> Substance | None:
    """The row of Table 1 by name, alias or CAS number; None for what is not in it.

    Raises `IdentificationRefused` when more than one row is meant, and for a name that stands there with a condition
    alone (甲醛, 含量>90%), unless a symbol is given with it (`_term` asks).
    """
    asked = folded(text)
    rows = [row for row in standard().substances if asked in map(folded, (row.name, *row.aliases, *row.cas))]
    if len(rows) > 1:
        names = "、".join(f"“{row.name}”" for row in rows)
        raise IdentificationRefused(f"“{text}”在表 1 中不止一种，请写全名：{names}")
    return rows[0] if rows else None


def folded(text: str) -> str:
    """A name as it is compared: width, case, blanks and the kind of bracket or comma make no difference."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"\s+", "", plain).replace("、", ",")
    return plain.replace("[", "(").replace("]", ")").replace("【", "(").replace("】", ")")


def decimals(value: Fraction, places: int = 4) -> str:
    """A fraction ≥ 0 as decimal text, rounded half up; never what is compared."""
    whole = (value * 2 * 10**places + 1) // 2
    return f"{whole // 10**places}.{whole % 10**places:0{places}d}"


def told(found: Identified) -> dict[str, Any]:
    """An outcome with numbers as decimal texts, for a program or a record: ``major``, ``S``, ``R`` (left out where the
    unit is no major hazard source), ``level`` (None there), ``alpha``, ``terms``."""
    summary: dict[str, Any] = {"major": found.major, "S": decimals(found.S)}
    if found.R is not None:
        summary["R"] = decimals(found.R)
    terms = [
        {
            "substance": term.substance, "design_max_t": _exact(term.design_max), "critical_t": _exact(term.critical),
            "ratio": decimals(term.ratio), "beta": _exact(term.beta), "symbols": list(term.symbols),
            "by": [term.critical_by, term.beta_by],
        }
        for term in found.terms
    ]  # fmt: skip
    return summary | {"level": found.level, "alpha": _exact(found.alpha), "terms": terms}


def in_words(summary: dict[str, Any]) -> str:
    """The sums of an outcome (`told`) as a person writes them."""
    terms = " + ".join(f"{each['design_max_t']}/{each['critical_t']}" for each in summary["terms"])
    if not summary["major"]:
        return f"S = {terms} = {summary['S']} < 1，不构成重大危险源"
    weighed = " + ".join(f"{each['beta']}×{each['design_max_t']}/{each['critical_t']}" for each in summary["terms"])
    level = "一二三四"[summary["level"] - 1]
    return f"S = {terms} = {summary['S']} ≥ 1，R = {summary['alpha']}×({weighed}) = {summary['R']}，{level}级重大危险源"


def _exact(value: Fraction) -> str:
    """A decimal that was given as one, as text."""
    return decimals(value, 12).rstrip("0").rstrip(".")


def _together(amounts: Iterable[Amount]) -> list[Amount]:
    """One amount a substance: quantities added, symbols joined, in the order of first mention."""
    found: dict[str, Amount] = {}
    for each in amounts:
        _checked(each)
        row, named = find(each.substance), _named(each.substance)
        name = row.name if row else named.name if named else each.substance.strip()
        was = found.get(folded(name))
        symbols = dict.fromkeys((*(was.symbols if was else ()), *each.symbols))
        found[folded(name)] = Amount(name, each.design_max + (was.design_max if was else 0), tuple(symbols))
    return list(found.values())


def _checked(amount: Amount) -> None:
    if not amount.substance.strip():
        raise IdentificationRefused("有一种物质没有名称")
    if amount.design_max < 0:
        raise IdentificationRefused(f"“{amount.substance}”的设计最大量不能小于 0")
    for symbol in amount.symbols:
        if symbol not in standard().categories:
            raise IdentificationRefused(f"“{amount.substance}”：表 2 中没有符号“{symbol}”")


def _term(amount: Amount) -> Term:
    row, named = find(amount.substance), _named(amount.substance)
    given = [standard().categories[symbol] for symbol in amount.symbols]
    if row:
        critical, critical_by = row.critical, f"表 1 第 {row.no} 项"
    elif given:
        least = min(given, key=lambda each: each.critical)
        critical, critical_by = least.critical, f"表 2 {least.symbol}"
    else:
        raise IdentificationRefused(_unknown(amount.substance))
    if named:
        beta, beta_by = named.beta, "表 3"
    elif given:
        gravest = max(given, key=lambda each: each.beta)
        beta, beta_by = gravest.beta, f"表 4 {gravest.symbol}"
    else:
        raise IdentificationRefused(f"“{amount.substance}”不在表 3 中，须给出危险性类别符号才能取校正系数 β")
    return Term(amount.substance, amount.design_max, critical, critical_by, beta, beta_by, amount.symbols)


def _named(text: str) -> Named | None:
    row = find(text)
    asked = folded(text)
    for named in standard().named:
        if (row and named.cas in row.cas) or asked in (folded(named.name), named.cas):
            return named
    return None


def _unknown(text: str) -> str:
    """Why it is not known: a kind of it may stand in Table 1 under a condition that must be said."""
    asked = folded(text)
    kinds = [row.name for row in standard().substances if folded(row.name).partition("(")[0] == asked]
    if kinds:
        names = "、".join(f"“{name}”" for name in kinds)
        return f"“{text}”只在下列条件下列入表 1：{names}；是的请写全名，不是的请给出危险性类别符号"
    return f"“{text}”不在表 1 中，也没有给出危险性类别符号，无法取临界量"
