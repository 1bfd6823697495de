"""Every act that a page offers about a record, and the question who may: the permission page and its tests walk this.

The acts stand in the tables of their pages; those that have a page of their own are named here. What is not about
somebody's record (one's own password, a drill, a search) is no act of this list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.entitled import may_acknowledge, may_file, may_propose, may_shelve
from anlan.apps.changes.entitled import may_set
from anlan.apps.delivery.entitled import may_enable, may_keep
from anlan.apps.gateways.entitled import may_lift_suspension
from anlan.apps.identification.entitled import may_enter
from anlan.apps.ledgers.entitled import may_keep as may_keep_ledger
from anlan.apps.ledgers.kinds import Ledger, ledgers
from anlan.apps.org.stand import Stand
from anlan.apps.rulebook.entitled import may_refine
from anlan.apps.unitstates.entitled import may_declare
from anlan.apps.warnings.entitled import may_answer
from anlan.components.wording import Words
from anlan.pages.changes.acts import ACTS as CHANGE_ACTS
from anlan.pages.commitments.acts import ACTS as COMMITMENTS
from anlan.pages.commitments.acts import UNIT_ACTS as WORK_UNITS
from anlan.pages.files.acts import ACTS as FILES
from anlan.pages.findings.acts import ACTS as FINDINGS
from anlan.pages.identification.acts import ACTS as IDENTIFICATIONS
from anlan.pages.ledgers.acts import acts_of
from anlan.pages.permits.acts import ACTS as SPECIAL_WORK
from anlan.pages.permits.acts import REPORT_ACTS, WORK_ACTS
from anlan.pages.quieting.acts import FILING_ACTS, SHELVING_ACTS, SUPPRESSION_ACTS
from anlan.pages.unitstates.acts import ACTS as UNIT_STATES
from anlan.pages.warnings.acts import ACTS as WARNINGS


@dataclass(frozen=True)
class ListedAct:
    """One act: on which record (``about``), by which address and verb, and who may."""

    subject: Any
    title: Words
    about: str
    address: str
    verb: str
    may: Callable[[Stand, Any], bool]

    @property
    def key(self) -> str:
        return f"{self.address}:{self.verb}" if self.verb else self.address


_ON_ORDERS = frozenset({"answer", "delegate"})


def every_act() -> list[ListedAct]:
    """All of them, subject by subject in the order of the page."""
    found = [
        ListedAct(_("预警"), step.title, "order", "warning-act", verb, may_answer)
        if verb in _ON_ORDERS
        else ListedAct(_("预警"), step.title, "warning", "warning-act", verb, step.may)
        for verb, step in WARNINGS.items()
    ]
    found += [
        ListedAct(_("问题"), step.title, "finding", "finding-act", verb, step.may) for verb, step in FINDINGS.items()
    ]
    found += [ListedAct(_("附件"), step.title, "file", "file-act", verb, step.may) for verb, step in FILES.items()]
    found += [
        ListedAct(_("报警"), _("确认报警"), "alarm", "alarms-acknowledge", "", may_acknowledge),
        ListedAct(_("报警"), _("搁置报警"), "alarm", "shelve", "", may_shelve),
    ]
    found.append(ListedAct(_("测点"), _("修改限值（企业为申请）"), "point", "point-limits", "", may_set))
    tables = (
        (_("搁置"), "shelving", SHELVING_ACTS),
        (_("报备"), "filing", FILING_ACTS),
        (_("设计抑制"), "suppression", SUPPRESSION_ACTS),
        (_("变更申请"), "change", CHANGE_ACTS),
        (_("辨识与分级"), "identification", IDENTIFICATIONS),
    )
    for subject, about, table in tables:
        found += [ListedAct(subject, step.title, about, f"{about}-act", verb, step.may) for verb, step in table.items()]
    found += [
        ListedAct(_("安全承诺"), step.title, "commitment", "commitment-today-act", verb, step.may)
        for verb, step in COMMITMENTS.items()
    ]
    found += [
        ListedAct(_("车间班组"), step.title, "work_unit", "work-unit-act", verb, step.may)
        for verb, step in WORK_UNITS.items()
    ]
    more = (
        (_("特殊作业"), "special_day", "special-today-act", SPECIAL_WORK),
        (_("特殊作业"), "special_work", "special_work-act", WORK_ACTS),
        (_("特殊作业当日报告"), "special_report", "special_work_day-act", REPORT_ACTS),
        (_("开停车与检修"), "unit_state", "unit-state-act", UNIT_STATES),
    )
    for subject, about, address, table in more:
        found += [ListedAct(subject, step.title, about, address, verb, step.may) for verb, step in table.items()]
    for ledger in ledgers():
        about = f"entry of {ledger.key}"
        found.append(ListedAct(ledger.title, _("登记"), "enterprise", f"entry-new:{ledger.key}", "", _keeps(ledger)))
        found += [
            ListedAct(ledger.title, act.title, about, f"ledger-entry-act:{ledger.key}", verb, act.may)
            for verb, act in acts_of(ledger).items()
        ]
    found += [
        ListedAct(_("辨识与分级"), _("填报辨识"), "enterprise", "identification-new", "", may_enter),
        ListedAct(_("开停车与检修"), _("申报"), "enterprise", "unit-state-new", "", may_declare),
        ListedAct(_("报备"), _("提出报备"), "enterprise", "filing-new", "", may_file),
        ListedAct(_("设计抑制"), _("提出规则"), "enterprise", "suppression-new", "", may_propose),
        ListedAct(_("接收"), _("提前恢复接收"), "suspension", "pause-lift", "", may_lift_suspension),
        ListedAct(_("规则库"), _("更改数值"), "agency", "rule-change", "", may_refine),
        ListedAct(_("值班台联系方式"), _("添加、调整、停用"), "contact", "my-contacts-act", "disable", may_keep),
        ListedAct(_("值班台联系方式"), _("重新启用"), "contact", "channels-act", "enable", may_enable),
    ]
    return found


def _keeps(ledger: Ledger) -> Callable[[Stand, Any], bool]:
    return lambda by, about: may_keep_ledger(by, ledger)
