"""What gateways give rise to: findings about points that never came, links that were lost, data that cannot be true."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import FINDINGS

POINT_MISSING = FINDINGS.declare("point_missing", _("监测点位未接入"))
LINK_LOST = FINDINGS.declare("link_lost", _("数据中断"))
CAMERA_LOST = FINDINGS.declare("camera_lost", _("视频离线"))
DATA_FAULT = FINDINGS.declare("data_fault", _("数据异常"))
