"""What warnings give rise to: steps that fall due, what is told, and findings about who should have been told."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.delivery.kinds import FOLLOWS, LIMIT, NOTICES, STRICT
from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.watchlist.kinds import REASONS

WATCHED = REASONS.declare("overdue_notice", _("警示通报"))
"""An enterprise one of whose sources a notice went out about that day (MON-10)."""

NOTICE = OBLIGATIONS.declare("notice", _("警示通报"))
SITE_ORDER = OBLIGATIONS.declare("site_order", _("现场核查督办"))
REPORT = OBLIGATIONS.declare("report", _("处置报告"))
REGRADE = OBLIGATIONS.declare("regrade", _("重新定级"))
SUMMARY = OBLIGATIONS.declare("summary", _("报警汇总"))
SUPERVISION = OBLIGATIONS.declare("supervision", _("监管分级"))
HOLDER_MISSING = FINDINGS.declare("holder_missing", _("包保责任人缺失"))
SLOT_EMPTY = FINDINGS.declare("slot_empty", _("应告知单位未配置"))
CONTACT_FAILED = FINDINGS.declare("contact_failed", _("联系方式失效"))
UNREACHED = FINDINGS.declare("unreached", _("告知对象联系不上"))
NOBODY_TOLD = FINDINGS.declare("nobody_told", _("没有告知到任何人"))
HIDDEN_DANGER = FINDINGS.declare("hidden_danger", _("隐患"))

INFORMED = NOTICES.declare("informed", _("告知"))
UPGRADED = NOTICES.declare("upgraded", _("升级告知"), traits={FOLLOWS})
DOWNGRADED = NOTICES.declare("downgraded", _("降级告知"), traits={FOLLOWS})
NOTICED = NOTICES.declare("notice", _("警示通报"))
ORDERED = NOTICES.declare("site_order", _("现场核查督办"))
CLEARED = NOTICES.declare("cleared", _("消警告知"), traits={FOLLOWS})
REPORT_DUE = NOTICES.declare("report_due", _("处置报告待报"), traits={LIMIT})
REPORTED = NOTICES.declare("report", _("处置报告"), traits={LIMIT, STRICT})
REPORT_OVERDUE = NOTICES.declare("report_overdue", _("处置报告逾期"))
SUMMED_UP = NOTICES.declare("summary", _("报警汇总"), traits={FOLLOWS})
