"""安全风险日志台账 (COM-08): production enterprises keep it every day, by their own steps; a day without is visible."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.ledgers.kinds import Ledger, declare, every
from anlan.apps.registry.models import EnterpriseKind
from anlan.rules.recurrence import Daily
from anlan.schema import Field, Schema

RISK_LOG = declare(
    Ledger(
        "risk_log",
        _("安全风险日志"),
        _("生产企业按本企业的制度每日记录：做了哪些、没做哪些、当日的风险与措施"),
        Schema(
            (
                Field("day", _("日期"), kind="day", required=True),
                Field("done", _("已完成的步骤"), _("按本企业的日志制度"), "words", required=True, longest=2000),
                Field("not_done", _("未完成的步骤"), _("没有的写“无”"), "words", required=True, longest=2000),
                Field("risks", _("风险与措施"), _("没有的写“无”"), "words", required=True, longest=2000, listed=False),
                Field("weather", _("天气与其他"), longest=200, listed=False),
            )
        ),
        called=lambda values: f"{values['day']} 安全风险日志",
        states=(("kept", _("已登记")),),
        every=every(
            "risk_log", Daily(), _("当日安全风险日志"), _("安全风险日志缺失"), on="day",
            applies=lambda enterprise: EnterpriseKind.PRODUCTION in enterprise.kinds,
        ),
    )
)  # fmt: skip
