"""安全培训台账: who was trained in what, with which result, and until when it counts. Kept by the enterprise."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.ledgers.kinds import Ledger, Step, declare, due
from anlan.schema import Field, Schema, options

TRAINING = declare(
    Ledger(
        "safety_training",
        _("安全培训"),
        _("主要负责人、安全管理人员、包保责任人、特种作业人员与承包商人员的培训与考核，由企业登记"),
        Schema(
            (
                Field("person", _("姓名"), required=True, private=True, longest=60),
                Field("post", _("岗位"), required=True, longest=60),
                Field("employer", _("所属单位"), _("本企业或承包商"), longest=80, listed=False),
                Field("course", _("培训内容"), required=True, longest=120),
                Field("trained_on", _("培训日期"), kind="day", required=True),
                Field("hours", _("学时"), kind="number", unit="学时", least=0, most=2000, listed=False),
                Field(
                    "result", _("考核结果"), kind="choice", required=True, choices=options("合格", "不合格", "未考核")
                ),
                Field("certificate", _("证书编号"), longest=60, private=True, listed=False),
                Field("valid_until", _("有效期至"), _("没有期限的不填"), "day"),
            )
        ),
        called=lambda values: f"{values['post']} · {values['course']}",
        states=(("valid", _("有效")), ("ended", _("已失效"))),
        final=("ended",),
        steps={
            "again": Step(
                _("登记复训"), _("已登记，有效期已更新。"), "valid",
                fields=("trained_on", "hours", "result", "valid_until"),
            ),
            "end": Step(_("失效"), _("已记为失效。"), "ended", words=_("失效原因")),
        },
        due=due("training_expiry", _("培训有效期"), _("培训过期"), field="valid_until", ahead=60),
    )
)  # fmt: skip
