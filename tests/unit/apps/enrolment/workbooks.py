"""Small register workbooks for tests: sheets given as lists of rows by the columns' titles."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import Workbook, load_workbook

CODE = "990131101"
PLACES: dict[str, list[dict[str, Any]]] = {
    "区划": [{"行政区划代码": "990131", "名称": "示例东县", "上级代码": None}],
    "机构": [
        {"机构代号": "demo-city", "名称": "示例市局", "层级": "市", "上级代号": None},
        {"机构代号": "demo-county", "名称": "示例东县局", "层级": "县", "上级代号": "demo-city"},
        {"机构代号": "demo-park", "名称": "示例园区管委会", "层级": "化工园区", "上级代号": "demo-county"},
    ],
    "园区": [{"园区代号": "park-1", "名称": "示例园区", "所在县机构": "demo-county", "园区管理机构": "demo-park"}],
}
PLANT: dict[str, list[dict[str, Any]]] = {
    "企业": [
        {"企业编码": CODE, "企业名称": "示例新厂", "类别": "重大危险源企业、生产企业", "行政区划代码": 990131,
         "县机构": "demo-county", "园区代号": "park-1"},
    ],
    "人员与岗位": [
        {"人员编号": "new-1", "姓名": "示例冯甲", "手机": "13800000001", "企业编码": CODE, "机构代号": None,
         "企业职务": "总经理", "企业主要负责人": "是"},
        {"人员编号": "new-2", "姓名": "示例冯乙", "手机": None, "企业编码": CODE, "机构代号": None,
         "企业职务": "工程师", "企业主要负责人": None},
    ],
    "重大危险源": [{"企业编码": CODE, "重大危险源编码": f"{CODE}001", "名称": "氯罐区", "等级": "二级"}],
    "网关": [{"企业编码": CODE, "网关编码": f"{CODE}01", "采集周期（秒）": 2}],
    "设备": [
        {"企业编码": CODE, "设备编码": f"{CODE}001G0001", "重大危险源编码": f"{CODE}001", "名称": "1号罐",
         "类型": "储罐"},
    ],
    "点位": [
        {"企业编码": CODE, "指标编码": f"{CODE}001G0001YL001", "设备编码": f"{CODE}001G0001", "网关编码": f"{CODE}01",
         "位号": "PT-1", "指标名称": "压力", "指标类型": "YL", "计量单位": "MPa", "量程下限": 0, "量程上限": 2.5,
         "高限": 1.5, "高高限": 1.58},
    ],
    "摄像头": [{"企业编码": CODE, "视频编码": f"{CODE}V001", "名称": "中控室", "中控室": "是"}],
    "包保责任人": [
        {"企业编码": CODE, "重大危险源编码": f"{CODE}001", "包保岗位": "主要负责人", "人员编号": "new-1"},
        {"企业编码": CODE, "重大危险源编码": f"{CODE}001", "包保岗位": "操作负责人", "人员编号": "new-2"},
    ],
    "账号": [
        {"登录名": "feng-yi", "人员编号": "new-2", "机构代号": None, "企业编码": CODE, "角色": "包保责任人",
         "启用": None},
    ],
}  # fmt: skip
WHOLE = PLACES | PLANT


def book(sheets: dict[str, list[dict[str, Any]]]) -> bytes:
    """The bytes of a workbook with these sheets."""
    made = Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for title, rows in sheets.items():
        page = made.create_sheet(title)
        page.append(list(rows[0]))
        for row in rows:
            page.append(list(row.values()))
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def changed(content: bytes, sheet: str, line: int, title: str, value: Any) -> bytes:
    """The workbook with one cell changed."""
    opened = load_workbook(io.BytesIO(content))
    page = opened[sheet]
    column = next(cell.column for cell in page[1] if cell.value == title)
    page.cell(line, column).value = value
    target = io.BytesIO()
    opened.save(target)
    return target.getvalue()
