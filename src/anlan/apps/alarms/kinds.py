"""What alarms give rise to: the ends of shelves, the moments of filings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS

SHELVING = OBLIGATIONS.declare("shelving", _("搁置到期"))
FILING = OBLIGATIONS.declare("filing", _("报备到点"))
