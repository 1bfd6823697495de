"""What warnings give rise to: steps that fall due, and findings about who should have been told."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.obligations.kinds import OBLIGATIONS

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
