"""The fields of a work, as they are typed (4.10 of the fields that the notices ask for)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.permits.models import GRADES, KINDS
from anlan.schema import Field, Schema, labelled

WORK = Schema(
    (
        Field("kind", _("作业"), "", "choice", required=True, choices=labelled(KINDS)),
        Field("grade", _("级别"), _("动火、高处、吊装须选"), "choice", choices=labelled(GRADES)),
        Field("content", _("作业内容"), _("做什么，如：冷却器出口管支架焊接"), required=True, longest=200),
        Field("place", _("地点"), _("装置、设备或部位"), required=True, longest=80),
        Field("begins_at", _("开始"), "", "moment", required=True),
        Field("ends_at", _("结束"), "", "moment", required=True),
        Field("persons", _("作业人数"), "", "whole", required=True, unit="人", least=1, most=1000),
        Field("contractor", _("承包商"), _("本企业自己做的不填"), longest=80),
        Field("approver", _("审批人"), "", longest=60),
    )
)
