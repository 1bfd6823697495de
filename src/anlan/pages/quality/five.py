"""五类数据 of one enterprise: base data, measurements, video, commitments, duty holders (MON-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from anlan.apps.commitments.models import CommitmentVersion
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Camera, DutyHolder, Enterprise, Point, Revision


@dataclass(frozen=True)
class DataClass:
    """One of the five; ``at``: its last update, None when it is absent."""

    title: str
    at: datetime | None


def five_classes(scope: Scope, enterprise: Enterprise) -> list[DataClass]:
    """All five in the order of the regulation (第三条). One query each, one more for what came before revisions."""

    def newest(model: Any, column: str) -> datetime | None:
        rows = model.objects.visible_to(scope).filter(enterprise=enterprise).order_by()
        found: datetime | None = rows.aggregate(newest=Max(column))["newest"]
        return found

    base = max(filter(None, (newest(Revision, "at"), newest(Point, "registered_at"))), default=None)
    return [
        DataClass(_("企业基础数据"), base),
        DataClass(_("实时监测数据"), newest(GatewayLink, "last_received_at")),
        DataClass(_("视频"), newest(Camera, "last_seen_at")),
        DataClass(_("安全承诺公告"), newest(CommitmentVersion, "at")),
        DataClass(_("包保责任人"), newest(DutyHolder, "valid_from")),
    ]
