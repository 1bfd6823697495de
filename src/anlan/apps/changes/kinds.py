"""What changes of the register give rise to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import CLUES, FINDINGS
from anlan.apps.obligations.kinds import OBLIGATIONS

EXPIRY = OBLIGATIONS.declare("change_expiry", _("变更申请到期"))
UNAPPROVED = FINDINGS.declare("unapproved_change", _("未经批准的改动"))
UNAPPROVED_CLUE = CLUES.declare("unapproved_change", _("未经批准的改动"))
