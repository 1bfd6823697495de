"""The sheets of the register workbook in the order in which they are kept: what is referred to comes first."""

from collections.abc import Callable
from typing import Any

from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.enrolment.sheets.enterprises import Cameras, Enterprises, Sources
from anlan.apps.enrolment.sheets.equipment import Devices, Gateways, Points
from anlan.apps.enrolment.sheets.people import Accounts, Holders, People
from anlan.apps.enrolment.sheets.places import Agencies, Parks, Regions
from anlan.apps.org import selectors as org
from anlan.apps.registry.models import Camera, Device, Enterprise, Gateway, HazardSource, Park, Point
from anlan.apps.registry.selectors.register import with_codes

SHEETS: tuple[Sheet, ...] = (
    Regions(), Agencies(), Parks(), Enterprises(), People(), Sources(), Gateways(), Devices(), Points(), Cameras(),
    Holders(), Accounts(),
)  # fmt: skip


Finder = Callable[[list[str]], dict[str, Any]]


def _registry(model: Any) -> Finder:
    return lambda codes: with_codes(model, codes)


def _org(records: Callable[[list[str]], list[Any]]) -> Finder:
    return lambda codes: {record.code: record for record in records(codes)}


FINDERS: dict[str, Finder] = {
    "区划": _org(org.regions_with),
    "机构": _org(org.agencies_with),
    "人员与岗位": _org(org.persons),
    "园区": _registry(Park),
    "企业": _registry(Enterprise),
    "重大危险源": _registry(HazardSource),
    "网关": _registry(Gateway),
    "设备": _registry(Device),
    "点位": _registry(Point),
    "摄像头": _registry(Camera),
}
"""How the records are found by the codes that other sheets may refer to."""
