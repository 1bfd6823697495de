"""What alarms give rise to: the ends of shelves, the moments of filings, and who is watched for having many."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.watchlist.kinds import REASONS

SHELVING = OBLIGATIONS.declare("shelving", _("搁置到期"))
WATCHING = OBLIGATIONS.declare("watch_alarms", _("排定报警较多的企业"))
MANY = REASONS.declare("many_alarms", _("报警较多"))
"""An enterprise with many alarms on the day before, beside the others of its province (MON-10)."""
FILING = OBLIGATIONS.declare("filing", _("报备到点"))
