"""What a person does from the dossier or the phone: one table of acts, each a form and a service.

An act that is not open to the person is refused with 403 and journaled; one that the law refuses comes back with the
form as it was filled in and the reason in words. Nothing here decides; the services do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms as django_forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.stand import Stand
from anlan.apps.warnings import entitled, services
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.site.warnings import forms
from anlan.site.warnings.entitled import Entitled

Perform = Callable[["Attempt"], Any]


@dataclass
class Attempt:
    """One person trying one act."""

    by: Stand
    warning: Warning
    values: dict[str, Any]
    now: datetime
    order: SiteOrder | None = None

    def text(self, field: str = "text") -> str:
        return str(self.values.get(field) or "").strip()


@dataclass(frozen=True)
class ActKind:
    """An act: its words, its form, who may, to whom it is open now, and what is done."""

    title: Any
    done: Any
    form: type[django_forms.Form]
    may: Callable[[Stand, Any], bool]
    """Who may, whatever state the warning is in; the service asks the same."""
    open_to: Callable[[Entitled], Any]
    perform: Perform
    mandatory: tuple[str, ...] = ()
    """Fields that the service refuses when blank; the reason is shown beside them."""


def _report(attempt: Attempt) -> Any:
    return services.submit_report(
        attempt.warning,
        by=attempt.by,
        at=attempt.now,
        result=attempt.text("result"),
        cause=attempt.text("cause"),
        measures=attempt.text("measures"),
    )


def _answer(attempt: Attempt) -> Any:
    assert attempt.order is not None
    return services.answer_site_order(
        attempt.order,
        by=attempt.by,
        at=attempt.now,
        arrived_at=attempt.values.get("arrived_at"),
        persons=attempt.text("persons"),
        findings=attempt.text("findings"),
        measures=attempt.text("measures"),
        result=attempt.text("result"),
    )


ACTS: dict[str, ActKind] = {
    "confirm": ActKind(
        _("确认"),
        _("已确认。时限照常运行，请处置并反馈。"),
        forms.ConfirmForm,
        entitled.may_confirm,
        lambda may: may.confirm or may.confirmed,
        lambda a: services.confirm(a.warning, by=a.by, at=a.now, text=a.text()),
    ),
    "measure": ActKind(
        _("处置"),
        _("处置措施已记录。"),
        forms.MeasureForm,
        entitled.may_measure,
        lambda may: may.measure,
        lambda a: services.record_measure(a.warning, by=a.by, at=a.now, text=a.text()),
        ("text",),
    ),
    "clear": ActKind(
        _("消警"),
        _("已消警。"),
        forms.ClearForm,
        entitled.may_clear,
        lambda may: may.clear,
        lambda a: services.clear(a.warning, by=a.by, at=a.now, text=a.text()),
    ),
    "report": ActKind(
        _("处置报告"),
        _("处置报告已送达收到过预警的单位。"),
        forms.ReportForm,
        entitled.may_report,
        lambda may: may.report,
        _report,
        ("result", "cause", "measures"),
    ),
    "remark": ActKind(
        _("跟踪反馈"),
        _("反馈已记录。"),
        forms.RemarkForm,
        entitled.may_remark,
        lambda may: may.remark,
        lambda a: services.remark(a.warning, by=a.by, at=a.now, text=a.text()),
        ("text",),
    ),
    "hidden": ActKind(
        _("记隐患"),
        _("隐患已登记，整改到销号为止都列在问题里。"),
        forms.HiddenForm,
        entitled.may_record_hidden_danger,
        lambda may: may.hidden,
        lambda a: services.record_hidden_danger(a.warning, by=a.by, at=a.now, text=a.text()),
        ("text",),
    ),
    "level": ActKind(
        _("人工定级"),
        _("级别已调整，相关单位和人员已告知。"),
        forms.LevelForm,
        entitled.may_set_level,
        lambda may: may.level,
        lambda a: services.raise_manual(a.warning.source, a.values["level"], by=a.by, at=a.now, text=a.text()),
    ),
    "answer": ActKind(
        _("督办反馈"),
        _("核查督办情况已反馈。"),
        forms.OrderForm,
        entitled.may_answer,
        lambda may: may.orders,
        _answer,
        ("persons", "findings", "measures", "result"),
    ),
    "delegate": ActKind(
        _("委派"),
        _("已委派，本单位仍负责跟踪。"),
        forms.DelegateForm,
        entitled.may_answer,
        lambda may: may.orders and may.delegates,
        lambda a: services.delegate_site_order(
            a.order,
            a.values["agency"],
            by=a.by,
            at=a.now,
            text=a.text(),  # type: ignore[arg-type]
        ),
    ),
}
