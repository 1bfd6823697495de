"""What a person may do about special work: the day of an enterprise, one work, and the report of a day."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.commitments.selectors import units_of
from anlan.apps.org.stand import Stand
from anlan.apps.permits import services
from anlan.apps.permits.entitled import may_check, may_end, may_relay, may_report
from anlan.apps.permits.form import WORK
from anlan.apps.permits.models import DayReport, ReportState, WorkState
from anlan.apps.permits.selectors import works_of
from anlan.pages.acting import Act, ActForm, Attempt
from anlan.pages.files.field import with_files
from anlan.pages.permits.forms import EndForm, RelayForm, RelayWorkForm, WorkForm, relayed
from anlan.pages.quieting.forms import NoteForm, ReasonForm
from anlan.rules.calendar import civil_day
from anlan.rules.special_work import Work, is_special


def _units(row: DayReport) -> dict[int, WorkUnit]:
    found: dict[int, WorkUnit] = {}
    for shop in units_of(row.enterprise, row.day):
        found |= {shop.row.pk: shop.row, **{team.row.pk: team.row for team in shop.teams}}
    return found


def _needs(by: Stand, row: DayReport) -> dict[str, Any]:
    units = _units(row).items()
    return {"units": [(key, f"{unit.parent.name} {unit}" if unit.parent else str(unit)) for key, unit in units]}


def _unreported(by: Stand, row: DayReport) -> bool:
    return row._state.adding


def _no_special_work(by: Stand, row: DayReport) -> bool:
    return row._state.adding and not is_special(Work(work.kind) for work in works_of(row.enterprise, row.day))


def _something_on_record(by: Stand, row: DayReport) -> bool:
    return row._state.adding and bool(works_of(row.enterprise, row.day))


def _add(attempt: Attempt, told: services.Relayed | None = None) -> Any:
    typed = {field.key: attempt.values.get(field.key) for field in WORK.fields}
    unit = _units(attempt.row).get(attempt.values.get("unit") or 0)
    return services.add(attempt.row.enterprise, typed, by=attempt.by, at=attempt.at, unit=unit, relayed=told)


def _report(attempt: Attempt, nothing: bool) -> Any:
    return services.report_day(
        attempt.row.enterprise, civil_day(attempt.at), nothing=nothing, by=attempt.by, at=attempt.at
    )  # fmt: skip


def _relay_none(attempt: Attempt, told: services.Relayed) -> Any:
    return services.report_day(
        attempt.row.enterprise, civil_day(told.reported_at or attempt.at), nothing=True, by=attempt.by, at=attempt.at,
        relayed=told,
    )  # fmt: skip


ACTS = {
    "add": Act(_("登记作业"), _("已登记。"), WorkForm, may_report, _add, needs=_needs),
    "same": Act(
        _("在办作业没有变化，报告今日"), _("已报告。"), ActForm, may_report, lambda a: _report(a, False),
        open_to=_something_on_record, leads=False, send=_("报告今日"),
    ),
    "none": Act(
        _("今日无特殊作业"), _("已报“无”。之后有作业的，登记为补录。"), ActForm, may_report, lambda a: _report(a, True),
        open_to=_no_special_work, leads=False, send=_("报“无”"),
    ),
    "relay-add": Act(
        _("代录群里报告的作业"), _("已代录。"), RelayWorkForm, may_relay,
        lambda a: with_files(a, lambda files: _add(a, relayed(a, files))), needs=_needs,
    ),
    "relay-none": Act(
        _("代录群里报告的“无”"), _("已代录。"), RelayForm, may_relay,
        lambda a: with_files(a, lambda files: _relay_none(a, relayed(a, files))), open_to=_unreported, leads=False,
    ),
}  # fmt: skip

WORK_ACTS = {
    "end": Act(
        _("结束或取消"), _("已登记。"), EndForm, may_end,
        lambda a: services.end(a.row, by=a.by, at=a.at, note=a.text()), (WorkState.DECLARED,),
        open_to=lambda by, row: by.at < row.ends_at,
    ),
}  # fmt: skip

REPORT_ACTS = {
    "check": Act(
        _("已核查"), _("已核查。"), NoteForm, may_check,
        lambda a: services.check(a.row, by=a.by, at=a.at, note=a.text()),
        (ReportState.REPORTED, ReportState.QUERIED),
    ),
    "query": Act(
        _("有疑问"), _("已告知企业说明。"), ReasonForm, may_check,
        lambda a: services.query(a.row, by=a.by, at=a.at, note=a.text()), (ReportState.REPORTED,),
        mandatory=("text",), leads=False,
    ),
    "answer": Act(
        _("说明情况"), _("已说明，待县（园区）核查。"), ReasonForm, may_report,
        lambda a: services.answer(a.row, by=a.by, at=a.at, text=a.text()), (ReportState.QUERIED,),
        mandatory=("text",),
    ),
}  # fmt: skip
