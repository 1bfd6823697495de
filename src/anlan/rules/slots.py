"""The places at the table of a warning: whom an article can name as a recipient (预警信息处置管理办法 第四条)."""

from __future__ import annotations

from enum import StrEnum


class Slot(StrEnum):
    """One recipient as the articles name it, before anyone knows which person or agency fills it."""

    MAIN = "main"  # 主要负责人, D1
    TECHNICAL = "technical"  # 技术负责人, D2
    OPERATIONS = "operations"  # 操作负责人, D3
    ENTERPRISE = "enterprise"
    COUNTY_PARK = "county_park"  # 县（化工园区）
    SUPERVISOR = "supervisor"  # the registered supervising authority: tracker of the county/park slot (ORG-03)
    CITY = "city"
    PROVINCE = "province"
    NATIONAL_DESK = "national_desk"  # 中国安科院安全生产风险监测预警中心, role nat.casst


POSTS = (Slot.MAIN, Slot.TECHNICAL, Slot.OPERATIONS)
"""The three duty holders (三级包保责任人) of a hazard source."""

SLOT_LABELS: dict[Slot, str] = {
    Slot.MAIN: "主要负责人",
    Slot.TECHNICAL: "技术负责人",
    Slot.OPERATIONS: "操作负责人",
    Slot.ENTERPRISE: "企业",
    Slot.COUNTY_PARK: "县（化工园区）应急管理部门",
    Slot.SUPERVISOR: "登记的监管部门",
    Slot.CITY: "市应急管理部门",
    Slot.PROVINCE: "省应急管理部门",
    Slot.NATIONAL_DESK: "中国安科院安全生产风险监测预警中心",
}
"""Chinese word of every slot."""
