"""Forms of contacts and deputies. What is refused is refused by the services, in their words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.delivery import services as delivery
from anlan.apps.org.models import Person
from anlan.components.moments import Moment
from anlan.components.wording import Words
from anlan.pages.acting import ActForm, field_of

ORDERS = [(str(number), str(number)) for number in range(1, 10)]


def _when(label: Words, help_text: Words) -> Moment:
    return Moment(
        label=label,
        required=False,
        help_text=help_text,
    )


class ContactForm(ActForm):
    channel = forms.ChoiceField(label=_("渠道"), choices=[])
    address = forms.CharField(label=_("号码或地址"), max_length=200, strip=True)
    order = forms.ChoiceField(
        label=_("次序"), choices=ORDERS, help_text=_("先用 1；同一次序同时发；前一次序都没有成功才用下一次序")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "channel", forms.ChoiceField).choices = [
            (name, each.title or name) for name, each in delivery.addressed().items()
        ]


class DeputyForm(ActForm):
    person = forms.ModelChoiceField(label=_("被代理人"), queryset=Person.objects.none(), empty_label=None)
    deputy = forms.ModelChoiceField(
        label=_("代理人"), queryset=Person.objects.none(), empty_label=_("请选择同单位人员")
    )
    away = forms.BooleanField(
        label=_("本人不在岗"),
        required=False,
        help_text=_("勾选：每次告知本人时一并告知代理人；不勾选：只在本人的渠道都送不到时改告知代理人"),
    )
    start = _when(_("开始"), _("北京时间，不填为现在"))
    until = _when(_("结束"), _("北京时间，不填为直到手动结束"))

    def __init__(self, *args: Any, persons: list[Person], colleagues: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = {"person": persons, "deputy": colleagues}
        for name, known in chosen.items():
            field_of(self, name, forms.ModelChoiceField).queryset = Person.objects.filter(
                pk__in=[each.pk for each in known]
            )
