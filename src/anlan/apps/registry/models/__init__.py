"""What is watched: parks, enterprises, hazard sources, devices, points, cameras, gateways, and who answers for them."""

from anlan.apps.registry.models.enterprise import (
    Enterprise,
    EnterpriseKind,
    EnterpriseQuerySet,
    OfEnterprise,
    OfUnit,
    Park,
)
from anlan.apps.registry.models.equipment import Camera, Device, DeviceKind, Gas, Gateway, Point
from anlan.apps.registry.models.revision import Revision, Subject
from anlan.apps.registry.models.source import DutyHolder, DutyPost, Employment, HazardSource, SourceLevel

__all__ = [
    "Camera",
    "Device",
    "DeviceKind",
    "DutyHolder",
    "DutyPost",
    "Employment",
    "Enterprise",
    "EnterpriseKind",
    "EnterpriseQuerySet",
    "Gas",
    "Gateway",
    "HazardSource",
    "OfEnterprise",
    "OfUnit",
    "Park",
    "Point",
    "Revision",
    "SourceLevel",
    "Subject",
]
