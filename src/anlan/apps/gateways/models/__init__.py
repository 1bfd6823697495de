"""Gateways as they are heard: links, outages, clocks, what stands between them and the log, what was refused."""

from anlan.apps.gateways.models.camera import (
    CameraOutage,
)
from anlan.apps.gateways.models.clock import (
    GatewayClock,
)
from anlan.apps.gateways.models.intake import (
    EnterpriseCipher,
    SequenceGap,
    Suspension,
    TagList,
)
from anlan.apps.gateways.models.link import (
    GatewayLink,
    OfflineSpell,
    Quarantined,
)
from anlan.apps.gateways.models.way import (
    WayStep,
    WayTest,
)

__all__ = [
    "CameraOutage",
    "EnterpriseCipher",
    "GatewayClock",
    "GatewayLink",
    "OfflineSpell",
    "Quarantined",
    "SequenceGap",
    "Suspension",
    "TagList",
    "WayStep",
    "WayTest",
]
