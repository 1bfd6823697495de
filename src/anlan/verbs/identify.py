"""``anlan identify``: GB 18218-2018 over the units of a JSON file. Reads that file alone; no database, nothing kept."""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from anlan.rules.identification import (
    Amount,
    IdentificationRefused,
    UnitKind,
    identify,
    in_words,
    told,
)

NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
UNIT_KEYS = {"unit", "kind", "exposed", "substances"}
AMOUNT_KEYS = {"name", "design_max_t", "symbol", "symbols"}


def main(argv: list[str]) -> int:
    """Print every unit's outcome in the order of the file: 0 all identified, 1 a unit refused, 2 no readable file."""
    parser = argparse.ArgumentParser(prog="anlan identify", description="重大危险源辨识与分级（GB 18218-2018）")
    parser.add_argument(
        "file", type=Path, metavar="FILE.json", help="单元的清单，格式见 docs/reference/identification.md"
    )
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    options = parser.parse_args(argv)
    try:
        units = read(options.file)
    except (OSError, ValueError) as error:
        print(f"读不了 {options.file}：{error}", file=sys.stderr)
        return 2
    answers = [tell(unit) for unit in units]
    if options.json:
        print(json.dumps(answers, ensure_ascii=False, indent=1))
    else:
        print("\n".join(_in_words(each) for each in answers))
    return 1 if any("error" in each for each in answers) else 0


def read(path: Path) -> list[Any]:
    """The list of units. Raises `OSError`, or `ValueError` in words for what is no list of at least one unit."""
    try:
        units = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal, object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError("嵌套过深") from error
    except UnicodeDecodeError as error:
        raise ValueError("不是 UTF-8 文本") from error
    if not isinstance(units, list) or not units:
        raise ValueError("应是单元的列表，且不能为空")
    return units


def tell(raw: Any) -> dict[str, Any]:
    """One unit as it is answered: ``major``, ``S``, ``R``, ``level``, ``terms``, or ``error`` in words."""
    name = raw.get("unit") if isinstance(raw, dict) else None
    try:
        found = identify(*_unit(raw))
    except IdentificationRefused as refused:
        return {"unit": name, "error": str(refused)}
    return {"unit": name, **told(found)}


def _unit(raw: Any) -> tuple[int, list[Amount]]:
    if not isinstance(raw, dict):
        raise IdentificationRefused("单元应是一个对象")
    _known(raw, UNIT_KEYS)
    if not isinstance(raw.get("unit"), str) or not raw["unit"].strip():
        raise IdentificationRefused("缺少单元名称 unit")
    if raw.get("kind") not in list(UnitKind):
        raise IdentificationRefused("kind 应为 storage（储存单元）或 production（生产单元）")
    exposed = raw.get("exposed")
    if not isinstance(exposed, int) or isinstance(exposed, bool):
        raise IdentificationRefused("缺少常住人口数 exposed（厂区边界外 500 米范围内，整数）")
    substances = raw.get("substances")
    if not isinstance(substances, list) or not substances:
        raise IdentificationRefused("没有列出物质 substances")
    return exposed, [_amount(each) for each in substances]


def _amount(raw: Any) -> Amount:
    if not isinstance(raw, dict):
        raise IdentificationRefused("每种物质应是一个对象")
    _known(raw, AMOUNT_KEYS)
    name = raw.get("name")
    if not isinstance(name, str) or not name.strip():
        raise IdentificationRefused("每种物质要有 name（名称、别名或 CAS 号）")
    if "symbol" in raw and "symbols" in raw:
        raise IdentificationRefused(f"“{name}”：symbol 与 symbols 只填一个")
    symbols = [raw["symbol"]] if "symbol" in raw else raw.get("symbols", ())
    if not isinstance(symbols, list | tuple) or not all(isinstance(each, str) and each.strip() for each in symbols):
        raise IdentificationRefused(f"“{name}”：符号应是文字，如 W5.1")
    if "symbols" in raw and not symbols:
        raise IdentificationRefused(f"“{name}”：symbols 是空的")
    return Amount(name, _number(raw.get("design_max_t"), name), tuple(each.strip() for each in symbols))


def _number(raw: Any, name: str) -> Fraction:
    if raw is None or isinstance(raw, bool):
        raise IdentificationRefused(f"“{name}”：缺少设计最大量 design_max_t（吨）")
    text = unicodedata.normalize("NFKC", f"{raw:f}" if isinstance(raw, Decimal) else str(raw)).strip()
    if NUMBER.fullmatch(text.removeprefix("-")) is None:
        raise IdentificationRefused(f"“{name}”：设计最大量“{text[:40]}”不是数（小数点前后各至多 12 位）")
    return Fraction(text)


def _known(raw: dict[str, Any], keys: set[str]) -> None:
    unknown = sorted(str(key) for key in raw if key not in keys)
    if unknown:
        raise IdentificationRefused(f"不认识的项：{'、'.join(unknown)}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"同一个对象里“{key}”写了两次")
        found[key] = value
    return found


def _in_words(answer: dict[str, Any]) -> str:
    head = answer["unit"] or "（没有名称的单元）"
    return f"{head}：无法辨识——{answer['error']}" if "error" in answer else f"{head}：{in_words(answer)}"
