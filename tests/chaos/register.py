"""The register of one small enterprise, as the workbook that a person would fill in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import openpyxl

ENTERPRISE = "990122901"
SOURCE = f"{ENTERPRISE}001"
GATEWAYS = [f"{ENTERPRISE}0{n}" for n in (1, 2, 3)]
POINTS_EACH = 6
HIGH, HIGH_HIGH = 80.0, 90.0
NO_DATA_S = 3600.0


@dataclass(frozen=True)
class PointOf:
    code: str
    gateway: str


POINTS = [
    PointOf(f"{SOURCE}G{n:04d}YL001", gateway)
    for g, gateway in enumerate(GATEWAYS)
    for n in range(g * POINTS_EACH + 1, (g + 1) * POINTS_EACH + 1)
]
SHEETS: dict[str, tuple[list[str], list[list[object]]]] = {
    "区划": (
        ["行政区划代码", "名称", "上级代码"],
        [["990000", "示例省", None], ["990100", "示例市", "990000"], ["990122", "示例县", "990100"]],
    ),
    "机构": (
        ["机构代号", "名称", "层级", "上级代号", "行政区划代码"],
        [
            ["c-province", "示例省应急管理厅", "省", None, "990000"],
            ["c-city", "示例市应急管理局", "市", "c-province", "990100"],
            ["c-county", "示例县应急管理局", "县", "c-city", "990122"],
        ],
    ),
    "企业": (
        ["企业编码", "企业名称", "类别", "行政区划代码", "县机构"],
        [[ENTERPRISE, "示例试验化工厂", "重大危险源企业", "990122", "c-county"]],
    ),
    "人员与岗位": (
        ["人员编号", "姓名", "机构代号", "企业编码", "机构岗位", "企业职务", "企业主要负责人"],
        [
            ["c-main", "示例主", None, ENTERPRISE, None, "总经理", "是"],
            ["c-tech", "示例技", None, ENTERPRISE, None, "总工程师", None],
            ["c-ops", "示例操", None, ENTERPRISE, None, "车间主任", None],
            ["c-duty", "示例值", "c-county", None, "值班员", None, None],
        ],
    ),
    "重大危险源": (
        ["企业编码", "重大危险源编码", "名称", "等级"],
        [[ENTERPRISE, SOURCE, "试验罐区", "二级"]],
    ),
    "网关": (["企业编码", "网关编码", "采集周期（秒）"], [[ENTERPRISE, code, 1] for code in GATEWAYS]),
    "设备": (
        ["企业编码", "设备编码", "重大危险源编码", "名称", "类型"],
        [[ENTERPRISE, point.code[:-5], SOURCE, f"试验储罐{n}", "储罐"] for n, point in enumerate(POINTS, 1)],
    ),
    "点位": (
        [
            "企业编码", "指标编码", "设备编码", "网关编码", "位号", "指标名称", "指标类型", "计量单位", "量程下限",
            "量程上限", "高限", "高高限", "上报周期（秒）", "无数据判定（秒）",
        ],
        [
            [
                ENTERPRISE, point.code, point.code[:-5], point.gateway, f"PT-{n}", "压力", "YL", "kPa", 0, 100,
                HIGH, HIGH_HIGH, 1, NO_DATA_S,
            ]
            for n, point in enumerate(POINTS, 1)
        ],
    ),
    "包保责任人": (
        ["企业编码", "重大危险源编码", "包保岗位", "人员编号"],
        [
            [ENTERPRISE, SOURCE, "主要负责人", "c-main"],
            [ENTERPRISE, SOURCE, "技术负责人", "c-tech"],
            [ENTERPRISE, SOURCE, "操作负责人", "c-ops"],
        ],
    ),
}  # fmt: skip


def write(path: Path) -> None:
    """Write the workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, (columns, rows) in SHEETS.items():
        sheet = book.create_sheet(title)
        for row in (columns, *rows):
            sheet.append(row)
    book.save(path)
