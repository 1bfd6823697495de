"""What an identification gives rise to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.obligations.kinds import OBLIGATIONS

FILING = OBLIGATIONS.declare("hazard_filing", _("重大危险源备案"), article="危险化学品重大危险源监督管理暂行规定")
AGAIN = OBLIGATIONS.declare("hazard_again", _("重新辨识"), article="危险化学品重大危险源监督管理暂行规定")

NOT_FILED = FINDINGS.declare("hazard_not_filed", _("重大危险源逾期未备案"))
NOT_AGAIN = FINDINGS.declare("hazard_not_again", _("重大危险源逾期未重新辨识"))
DIFFERS = FINDINGS.declare("hazard_differs", _("登记与辨识结论不符"))
