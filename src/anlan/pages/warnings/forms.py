"""Forms of the acts. What is mandatory is judged by the services, so that a refused attempt is on record."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Agency
from anlan.components.moments import Moment
from anlan.pages.acting import ActForm, field_of, words_field
from anlan.pages.warnings.listing import LEVELS
from anlan.rules.calendar import CIVIL_ZONE


class ConfirmForm(ActForm):
    text = words_field(_("核实情况"), 2, 300, _("可不填。确认表示已核实，不停止任何时限。"))


class MeasureForm(ActForm):
    text = words_field(_("采取的措施"), 3, 500)


class ClearForm(ActForm):
    text = words_field(_("消警说明"), 2, 500, _("起因仍在监测数据中时不能消警。"))


class ReportForm(ActForm):
    """第九条: three texts, none of them empty."""

    result = words_field(_("处置结果"), most=2000)
    cause = words_field(_("原因分析"), most=2000)
    measures = words_field(_("整改措施"), most=2000)


class RemarkForm(ActForm):
    text = words_field(_("跟踪反馈"), 3, 500)


class HiddenForm(ActForm):
    """WRN-16: the cause behind the warning, to be put right and verified."""

    text = words_field(_("隐患内容"), 2, 300, _("预警背后需要整改的原因，例如阀门内漏。"))


class LevelForm(ActForm):
    level = forms.ChoiceField(label=_("级别"), choices=LEVELS, widget=forms.RadioSelect)
    text = words_field(_("理由"), 2, 300)


class OrderForm(ActForm):
    """第十三条: 核查督办情况."""

    persons = forms.CharField(label=_("核查人员"), max_length=200, required=False)
    arrived_at = Moment(
        label=_("到达现场时间"),
        required=False,
        help_text=_("北京时间，可不填"),
    )
    findings = words_field(_("核查发现"), most=2000)
    measures = words_field(_("督办措施"), most=2000)
    result = words_field(_("督办结果"), most=2000)

    def clean_arrived_at(self) -> Any:
        at = self.cleaned_data["arrived_at"]
        return at.replace(tzinfo=CIVIL_ZONE) if at is not None and at.tzinfo is None else at


class DelegateForm(ActForm):
    agency = forms.ModelChoiceField(label=_("委派给"), queryset=Agency.objects.none(), empty_label=_("请选择单位"))
    text = words_field(_("要求"), 2, 300)

    def __init__(self, *args: Any, agencies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "agency", forms.ModelChoiceField).queryset = agencies
