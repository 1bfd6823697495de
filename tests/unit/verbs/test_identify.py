"""``anlan identify``: a list of units in, every outcome or refusal out, in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anlan.cli import main

CHLORINE = {
    "unit": "液氯罐区",
    "kind": "storage",
    "exposed": 120,
    "substances": [{"name": "液氯", "design_max_t": "20"}],
}
Told = list[dict[str, Any]]


def told(folder: Path, capsys: pytest.CaptureFixture[str], units: object) -> tuple[int, Told]:
    path = folder / "units.json"
    path.write_text(json.dumps(units, ensure_ascii=False), encoding="utf-8")
    code = main(["identify", str(path), "--json"])
    return code, json.loads(capsys.readouterr().out)


def changed(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in (CHLORINE | values).items() if value is not ...}


def holding(**values: Any) -> dict[str, Any]:
    return changed(
        substances=[
            {key: value for key, value in ({"name": "氯", "design_max_t": "20"} | values).items() if value is not ...}
        ]
    )


def test_every_unit_is_answered_in_its_place_and_one_refusal_spoils_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, units = told(tmp_path, capsys, [CHLORINE, changed(unit="乙", exposed=...), holding(design_max_t=4.9)])
    assert code == 1
    first, second, third = units
    assert (first["unit"], first["major"], first["S"], first["R"], first["level"]) == (
        "液氯罐区",
        True,
        "4.0000",
        "32.0000",
        3,
    )
    assert first["terms"] == [
        {"substance": "氯", "design_max_t": "20", "critical_t": "5", "ratio": "4.0000", "beta": "4", "symbols": [],
         "by": ["表 1 第 12 项", "表 3"]}
    ]  # fmt: skip
    assert set(second) == {"unit", "error"}
    assert "常住人口数" in second["error"]
    assert (third["major"], third["S"], third["level"]) == (False, "0.9800", None)
    assert "R" not in third


def test_all_in_order_is_told_by_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, capsys, [CHLORINE, holding(symbol="J1"), holding(symbols=["J1", "J3"])])[0] == 0


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        (changed(remark="x"), "不认识的项：remark"),
        (holding(q=3), "不认识的项：q"),
        (changed(unit=...), "缺少单元名称"),
        (changed(unit=" "), "缺少单元名称"),
        (changed(kind="ship"), "kind 应为"),
        (changed(kind=...), "kind 应为"),
        (changed(kind=[]), "kind 应为"),
        (changed(exposed=None), "缺少常住人口数"),
        (changed(exposed=True), "缺少常住人口数"),
        (changed(exposed=1.5), "缺少常住人口数"),
        (changed(exposed="60"), "缺少常住人口数"),
        (changed(exposed=-1), "不能小于 0"),
        (changed(substances=[]), "没有列出物质"),
        (changed(substances=...), "没有列出物质"),
        (changed(substances={"name": "氯"}), "没有列出物质"),
        (changed(substances=["氯"]), "应是一个对象"),
        (holding(name=...), "要有 name"),
        (holding(name=7782505), "要有 name"),
        (holding(design_max_t=...), "缺少设计最大量"),
        (holding(design_max_t=None), "缺少设计最大量"),
        (holding(design_max_t=True), "缺少设计最大量"),
        (holding(design_max_t=""), "不是数"),
        (holding(design_max_t="二十"), "不是数"),
        (holding(design_max_t="1/3"), "不是数"),
        (holding(design_max_t="1e9"), "不是数"),
        (holding(design_max_t="9" * 400), "不是数"),
        (holding(design_max_t=float("nan")), "不是数"),
        (holding(design_max_t=1e300), "不是数"),
        (holding(design_max_t="-1"), "不能小于 0"),
        (holding(symbol="W99"), "没有符号"),
        (holding(symbol=["W2"]), "符号应是文字"),
        (holding(symbols="W2"), "符号应是文字"),
        (holding(symbols=[]), "symbols 是空的"),
        (holding(symbol="W2", symbols=["W2"]), "只填一个"),
        ("氯", "单元应是一个对象"),
        (None, "单元应是一个对象"),
    ],
)
def test_what_is_missing_or_wrong_in_a_unit_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], unit: object, says: str
) -> None:
    code, units = told(tmp_path, capsys, [unit, CHLORINE])
    assert code == 1
    assert says in units[0]["error"]
    assert units[1]["level"] == 3


@pytest.mark.parametrize(
    "text",
    ["", "氯", "{}", "[]", "[" * 100_000, '[{"unit": "a", "unit": "b"}]', "[1", '"' + "a" * 9],
    ids=["empty", "words", "object", "no unit", "deep", "a key twice", "cut off", "open text"],
)
def test_what_is_no_list_of_units_is_no_readable_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "units.json"
    path.write_text(text, encoding="utf-8")
    assert main(["identify", str(path)]) == 2
    assert "读不了" in capsys.readouterr().err
    path.write_bytes(b"\xff\xfe\x00")
    assert main(["identify", str(path)]) == 2
    assert main(["identify", str(tmp_path / "nowhere.json")]) == 2
    assert main(["identify", str(tmp_path)]) == 2


def test_people_read_the_sum_with_its_terms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "units.json"
    path.write_text(
        "\ufeff" + json.dumps([CHLORINE, holding(design_max_t="４.９"), changed(exposed=...)]), encoding="utf-8"
    )
    assert main(["identify", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "液氯罐区：S = 20/5 = 4.0000 ≥ 1，R = 2×(4×20/5) = 32.0000，三级重大危险源"
    assert lines[1] == "液氯罐区：S = 4.9/5 = 0.9800 < 1，不构成重大危险源"
    assert lines[2].startswith("液氯罐区：无法辨识——缺少常住人口数")
