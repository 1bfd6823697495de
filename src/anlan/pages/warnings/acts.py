"""What a person does from the dossier or the phone: one table of acts, each a form and a service.

Acts on a site order (督办) are about the one that waits for the person's agency; all others are about the warning.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.org.models import Agency
from anlan.apps.org.stand import HANDLERS, Stand
from anlan.apps.warnings import entitled, services
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.pages.acting import Act, Attempt
from anlan.pages.warnings import forms
from anlan.pages.warnings.clearing import clearing_words
from anlan.rules.level import Level
from anlan.rules.warning_handling import report_owed


def own_order(by: Stand, warning: Warning) -> SiteOrder | None:
    """The first open site order that the person's agency answers."""
    mine = (each for each in warning.site_orders.all() if each.answered_at is None and entitled.may_answer(by, each))
    return next(mine, None)


def delegates(by: Stand, warning: Warning) -> list[Agency]:
    """Agencies that the visit may be handed to."""
    order = own_order(by, warning)
    if order is None or order.tracker is None:
        return []
    mine = by.agency_with(*HANDLERS)
    below = Agency.objects.by_the_machine().filter(path__startswith=order.tracker.path)
    return [each for each in below if mine and each.path.startswith(mine.path) and services.may_execute(order, each)]


def _is_open(by: Stand, warning: Warning) -> bool:
    return warning.cleared_at is None


def _unconfirmed(by: Stand, warning: Warning) -> bool:
    return warning.cleared_at is None and not entitled.has_confirmed(warning, by)


def owes_report(by: Stand, warning: Warning) -> bool:
    """Cleared, of a level that owes one (第九条), and none handed in."""
    missing = warning.cleared_at is not None and getattr(warning, "report", None) is None
    return missing and report_owed(Level(warning.highest))


def _has_order(by: Stand, warning: Warning) -> bool:
    return own_order(by, warning) is not None


def _agencies(by: Stand, warning: Warning) -> dict[str, Any]:
    keys = [agency.pk for agency in delegates(by, warning)]
    return {"agencies": Agency.objects.by_the_machine().filter(pk__in=keys)}


def _answer(a: Attempt) -> Any:
    return services.answer_site_order(
        _order(a), by=a.by, at=a.at, arrived_at=a.values.get("arrived_at"), persons=a.text("persons"),
        findings=a.text("findings"), measures=a.text("measures"), result=a.text("result"),
    )  # fmt: skip


def _order(a: Attempt) -> SiteOrder:
    order = own_order(a.by, a.row)
    assert order is not None, "asked before"
    return order


ACTS: dict[str, Act] = {
    "confirm": Act(
        _("确认"), _("已确认。时限照常运行，请处置并反馈。"), forms.ConfirmForm, entitled.may_confirm,
        lambda a: services.confirm(a.row, by=a.by, at=a.at, text=a.text()),
        open_to=_unconfirmed, at_once=_("确认并写核实情况"),
    ),
    "measure": Act(
        _("处置"), _("处置措施已记录。"), forms.MeasureForm, entitled.may_measure,
        lambda a: services.record_measure(a.row, by=a.by, at=a.at, text=a.text()),
        open_to=_is_open, mandatory=("text",), send=_("记录处置措施"),
    ),
    "report": Act(
        _("处置报告"), _("处置报告已送达收到过预警的单位。"), forms.ReportForm, entitled.may_report,
        lambda a: services.submit_report(
            a.row, by=a.by, at=a.at, result=a.text("result"), cause=a.text("cause"), measures=a.text("measures"),
        ),
        open_to=owes_report, mandatory=("result", "cause", "measures"), opener=_("填写处置报告"), send=_("上报"),
        hint=_("三项都须填写（第九条）；上报后送达收到过预警的单位（读法）"),
    ),
    "answer": Act(
        _("督办反馈"), _("核查督办情况已反馈。"), forms.OrderForm, _has_order, _answer,
        mandatory=("persons", "findings", "measures", "result"), send=_("提交反馈"),
        hint=_("核查督办情况通过系统反馈（第十三条）；四项都须填写（本地设定）"),
    ),
    "delegate": Act(
        _("委派"), _("已委派，本单位仍负责跟踪。"), forms.DelegateForm, _has_order,
        lambda a: services.delegate_site_order(_order(a), a.values["agency"], by=a.by, at=a.at, text=a.text()),
        open_to=delegates, needs=_agencies, hint=_("委派后本单位仍负责跟踪"),
    ),
    "remark": Act(
        _("跟踪反馈"), _("反馈已记录。"), forms.RemarkForm, entitled.may_remark,
        lambda a: services.remark(a.row, by=a.by, at=a.at, text=a.text()), mandatory=("text",), send=_("提交反馈"),
    ),
    "hidden": Act(
        _("记隐患"), _("隐患已登记，整改到销号为止都列在问题里。"), forms.HiddenForm, entitled.may_record_hidden_danger,
        lambda a: services.record_hidden_danger(a.row, by=a.by, at=a.at, text=a.text()),
        mandatory=("text",), send=_("登记隐患"),
    ),
    "level": Act(
        _("人工定级"), _("级别已调整，相关单位和人员已告知。"), forms.LevelForm, entitled.may_set_level,
        lambda a: services.raise_manual(a.row.source, a.values["level"], by=a.by, at=a.at, text=a.text()),
        open_to=_is_open, mandatory=("text",), send=_("定级并告知"),
        hint=_("监测数据支持的级别更高时不能调低；人工定级由发布人解除（读法）"),
    ),
    "clear": Act(
        _("消警"), _("已消警。"), forms.ClearForm, entitled.may_clear,
        lambda a: services.clear(a.row, by=a.by, at=a.at, text=a.text()),
        open_to=_is_open, hint=lambda warning: clearing_words(warning, clock.now()), apart=True,
    ),
}  # fmt: skip
