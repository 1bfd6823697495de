"""What the live data give rise to: findings about points and links, the ends of shelves, the moments of filings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.obligations.kinds import OBLIGATIONS

POINT_MISSING = FINDINGS.declare("point_missing", _("监测点位未接入"))
LINK_LOST = FINDINGS.declare("link_lost", _("数据中断"))
DATA_FAULT = FINDINGS.declare("data_fault", _("数据异常"))
SHELVING = OBLIGATIONS.declare("shelving", _("搁置到期"))
FILING = OBLIGATIONS.declare("filing", _("报备到点"))
