"""What special work gives rise to: the report that is owed every day."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS, OF_ITS_DAY

REPORT = OBLIGATIONS.declare("special_work", _("特殊作业当日报告"), article="本地设定", traits={OF_ITS_DAY})
