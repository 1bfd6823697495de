"""监测监控设备台账 (ENT-01, 企业常态化应用规定 第一项): equipment is kept intact, and its check never runs out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.ledgers.kinds import Ledger, Step, declare, due
from anlan.schema import Field, Schema, options

EQUIPMENT = declare(
    Ledger(
        "monitoring_equipment",
        _("监测监控设备"),
        _("液位计、压力变送器、气体探测器、摄像头等：完好情况与检定有效期，由企业保持"),
        Schema(
            (
                Field("tag", _("位号"), _("现场铭牌上的位号"), required=True, longest=60),
                Field("name", _("设备名称"), required=True, longest=80),
                Field(
                    "sort", _("类别"), kind="choice", required=True,
                    choices=options("温度", "压力", "液位", "流量", "可燃气体", "有毒气体", "视频", "联锁", "其他"),
                ),
                Field("source", _("所属危险源"), kind="code", ref="危险源", listed=False),
                Field("model", _("规格型号"), longest=80, listed=False),
                Field("maker", _("生产厂家"), longest=80, listed=False),
                Field("installed_on", _("投用日期"), kind="day", listed=False),
                Field("checked_on", _("最近检定"), _("最近一次检定或校准的日期"), "day", required=True),
                Field("checked_by", _("检定单位"), longest=80, listed=False),
                Field("next_on", _("检定到期"), _("到这一天为止有效"), "day", required=True),
                Field("place", _("安装位置"), longest=120, listed=False),
            )
        ),
        called=lambda values: f"{values['tag']} {values['name']}",
        states=(("in_use", _("在用")), ("faulty", _("故障待修")), ("stopped", _("停用")), ("scrapped", _("已报废"))),
        final=("scrapped",),
        steps={
            "check": Step(
                _("登记检定"), _("已登记，检定有效期已更新。"), "in_use", fields=("checked_on", "checked_by", "next_on")
            ),
            "fault": Step(_("报故障"), _("已记为故障待修。"), "faulty", ("in_use", "stopped"), words=_("故障情况")),
            "repair": Step(_("修复"), _("已恢复在用。"), "in_use", ("faulty", "stopped"), words=_("修复情况")),
            "stop": Step(_("停用"), _("已记为停用。"), "stopped", ("in_use", "faulty"), words=_("停用原因")),
            "scrap": Step(_("报废"), _("已记为报废，不再要求检定。"), "scrapped", words=_("报废原因")),
        },
        due=due("equipment_check", _("设备检定"), _("设备检定过期"), field="next_on", ahead=30),
        article="企业常态化应用规定 第一项",
    )
)  # fmt: skip
