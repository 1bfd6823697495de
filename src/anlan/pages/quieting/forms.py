"""Forms of filings, shelves and suppression rules. What is refused is refused by the services, in their words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.models import AlarmSide, Comparison, FilingKind
from anlan.apps.alarms.services.filings import Stoppage
from anlan.apps.alarms.services.suppression import Design
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Device, Enterprise, HazardSource, Point
from anlan.components.moments import Moment
from anlan.components.wording import Words
from anlan.pages.acting import ActForm, field_of, words_field
from anlan.rules.calendar import CIVIL_ZONE

LIMIT_SIDES = [(str(side), side.label) for side in (AlarmSide.HIGH, AlarmSide.LOW)]
LENGTHS = (30, 60, 120, 240, 480, 720, 1440, 2880, 4320)
"""Minutes that a shelf may be asked for, as far as the setting allows."""

TOO_LONG = _("最多 %(limit_value)d 字，现在有 %(show_value)d 字")
LONGEST_KEY = 18
"""Digits that a key of a row has at most."""


def words(label: Words, help_text: Words = "", rows: int = 2, missing: Words = "") -> forms.CharField:
    """A few words, at most 200 characters; ``missing`` is said beside the field when they must not be left out."""
    found = words_field(label, rows, 200, help_text)
    found.required = bool(missing)
    found.error_messages |= {"required": missing, "max_length": TOO_LONG}
    return found


if TYPE_CHECKING:
    _ChoiceOfPoint = forms.ModelChoiceField[Point]
    _ChoicesOfPoints = forms.ModelMultipleChoiceField[Point]
else:
    _ChoiceOfPoint = forms.ModelChoiceField
    _ChoicesOfPoints = forms.ModelMultipleChoiceField


class _OnePoint(_ChoiceOfPoint):
    """A point, with the unit in which its value is compared."""

    def label_from_instance(self, obj: Point) -> str:
        return f"{obj} ({obj.unit})" if obj.unit else str(obj)


class _Points(_ChoicesOfPoints):
    """Points to tick in a box that scrolls."""

    widget = forms.CheckboxSelectMultiple(attrs={"class": "pick"})

    def clean(self, value: Any) -> Any:
        if any(len(str(each)) > LONGEST_KEY for each in value or ()):  # no database takes such a number
            raise ValidationError(_("没有这样的测点，请重新选择"))
        return super().clean(value)


class _When(Moment):
    """An instant of the civil clock."""

    def __init__(self, label: Words, missing: Words) -> None:
        super().__init__(
            label=label,
            help_text=_("北京时间"),
            error_messages={"required": missing, "invalid": _("请填写年月日和时分")},
        )

    def clean(self, value: Any) -> datetime | None:
        at = super().clean(value)
        return at.replace(tzinfo=CIVIL_ZONE) if at is not None else None


class NoteForm(ActForm):
    text = words(_("意见"), _("可不填"))


class ReasonForm(ActForm):
    """Turning down, with words why: without them the service refuses it."""

    text = words(_("原因"))


class EmptyForm(ActForm):
    """An act that needs no words."""


class FilingForm(ActForm):
    kind = forms.ChoiceField(label=_("事项"), choices=FilingKind.choices)
    scope = forms.ChoiceField(label=_("范围"), choices=[], required=False)
    points = _Points(
        label=_("或指定测点"), queryset=Point.objects.none(), required=False, help_text=_("选了测点，就只报备这些测点"),
    )  # fmt: skip
    starts_at = _When(_("开始"), _("请填写开始时间"))
    ends_at = _When(_("结束"), _("请填写结束时间"))
    reason = words(_("说明"), _("检维修内容、损坏情况、采取的替代监护措施"), 3, _("请写明报备的事项"))

    def __init__(self, *args: Any, enterprise: Enterprise, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = {"enterprise": enterprise}
        self.sources = {each.code: each for each in HazardSource.objects.visible_to(scope).filter(**mine)}
        self.devices = {each.code: each for each in Device.objects.visible_to(scope).filter(**mine)}
        field_of(self, "scope", forms.ChoiceField).choices = [
            ("", _("请选择")),
            ("enterprise", _("整个企业")),
            *((f"source:{code}", _("危险源 %(n)s") % {"n": row.name}) for code, row in self.sources.items()),
            *((f"device:{code}", _("设备 %(n)s") % {"n": row.name}) for code, row in self.devices.items()),
        ]
        points = Point.objects.visible_to(scope).filter(**mine, is_active=True).order_by("tag", "code")
        field_of(self, "points", forms.ModelChoiceField).queryset = points

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not {"scope", "points"} & set(self.errors) and not found.get("scope") and not found.get("points"):
            self.add_error("scope", _("请选择范围，或在下面选测点"))
        return found

    def stoppage(self) -> Stoppage:
        """Returns what is declared, as the service takes it."""
        values = self.cleaned_data
        kind, _colon, code = values["scope"].partition(":")
        points = list(values["points"])
        return Stoppage(
            kind=values["kind"],
            reason=values["reason"],
            starts_at=values["starts_at"],
            ends_at=values["ends_at"],
            source=self.sources.get(code) if kind == "source" and not points else None,
            device=self.devices.get(code) if kind == "device" and not points else None,
            points=points,
        )


class ShelveForm(ActForm):
    minutes = forms.TypedChoiceField(label=_("时长"), coerce=int, choices=[])
    reason = words(_("原因"), _("例如：仪表待校验、备用设备切换"), missing=_("请写明搁置的原因"))

    def __init__(self, *args: Any, longest_minutes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lengths = [each for each in LENGTHS if each < longest_minutes] + [longest_minutes]
        field_of(self, "minutes", forms.ChoiceField).choices = [(each, _length(each)) for each in lengths]


class SuppressionForm(ActForm):
    name = forms.CharField(
        label=_("名称"), max_length=60, help_text=_("例如：P-101 停泵时低流量"),
        error_messages={"required": _("请填写名称"), "max_length": TOO_LONG},
    )  # fmt: skip
    condition = _OnePoint(
        label=_("条件测点"), queryset=Point.objects.none(), empty_label=_("请选择"),
        error_messages={"required": _("请选择由哪个测点判断条件")},
    )  # fmt: skip
    comparison = forms.ChoiceField(label=_("条件"), choices=Comparison.choices)
    threshold = forms.FloatField(
        label=_("条件值"), help_text=_("用条件测点的单位；条件要先于被抑制的报警成立，才来得及抑制"),
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        error_messages={"required": _("请填写数字，零也要填"), "invalid": _("请填写数字")},
    )  # fmt: skip
    side = forms.ChoiceField(label=_("抑制的报警"), choices=LIMIT_SIDES)
    points = _Points(
        label=_("被抑制的测点"), queryset=Point.objects.none(),
        help_text=_("气体检测点不在其中：气体报警不得设计抑制"),
        error_messages={"required": _("请至少选择一个被抑制的测点")},
    )  # fmt: skip
    reason = words(_("设计依据"), _("设计文件、HAZOP 结论等"), 3, _("请写明抑制的设计依据"))

    def __init__(self, *args: Any, enterprise: Enterprise, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = Point.objects.visible_to(scope).filter(enterprise=enterprise, is_active=True).order_by("tag", "code")
        field_of(self, "condition", forms.ModelChoiceField).queryset = points
        field_of(self, "points", forms.ModelChoiceField).queryset = points.filter(gas="")

    def design(self) -> Design:
        """Returns the rule as it is proposed."""
        values = self.cleaned_data
        return Design(
            name=values["name"],
            condition=values["condition"],
            comparison=values["comparison"],
            threshold=values["threshold"],
            points=list(values["points"]),
            side=values["side"],
            reason=values["reason"],
        )


def _length(minutes: int) -> Any:
    if minutes % 60:
        return _("%(n)d 分钟") % {"n": minutes}
    return _("%(n)d 小时") % {"n": minutes // 60}
