"""The enterprise's report within one hour of clearing (第九条)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.obligations import services as obligations
from anlan.apps.org.access import require
from anlan.apps.org.stand import Stand
from anlan.apps.warnings import kinds
from anlan.apps.warnings.entitled import may_report
from anlan.apps.warnings.models import ActKind, DisposalReport, Warning
from anlan.apps.warnings.services import wording
from anlan.apps.warnings.services.orders import close_if_done
from anlan.apps.warnings.services.posting import Timing, Wording, addressed, draft, finish
from anlan.apps.warnings.services.record import add_act
from anlan.apps.warnings.services.situation import hold, told_of
from anlan.refused import Refused
from anlan.rules.level import Level
from anlan.rules.reporting import ReportRefused, judge_report
from anlan.rules.telling import report_recipients


def submit_report(
    warning: Warning, *, by: Stand, at: datetime, result: str, cause: str, measures: str
) -> DisposalReport:
    """第九条: the report with its three texts, to the agencies that were told. A late one is accepted and marked.

    Raises `Refused` when a text is blank (the attempt is recorded), when the warning is still open, owes no report, or
    has its report already, and PermissionDenied (journaled) for whoever is not of the enterprise's staff.
    """
    require(may_report(by, warning), warning, by=by)
    actor = by.actor
    texts = {"result": result.strip(), "cause": cause.strip(), "measures": measures.strip()}
    with transaction.atomic():
        standing = hold(warning.source, at)
        warning = Warning.objects.by_the_machine().get(pk=warning.pk)
        standing.warning = warning
        place = standing.place
        reported = DisposalReport.objects.by_the_machine().filter(warning=warning).exists()
        verdict = judge_report(texts, at, warning.cleared_at, Level(warning.highest), place.rules, reported)
        if isinstance(verdict, ReportRefused):
            add_act(standing, ActKind.REPORT_REFUSED, by=actor, at=at, text=verdict.detail)
            finish(standing, [], "act")
        else:
            if obligations.fire_before(warning.subject, at):  # a report a moment late is overdue first, as due
                warning.refresh_from_db(fields=["next_due_at"])
            report = DisposalReport.objects.create(
                warning=warning,
                enterprise=place.enterprise,
                reporter=actor.name[:60],
                person_id=actor.person_id,
                due_at=verdict.due,
                submitted_at=at,
                **texts,
            )
            obligations.fulfil(f"report:w{warning.pk}", at=at, late=verdict.late)
            close_if_done(warning, at)
            standing.note("reported", at, actor, after={"due": verdict.due, "late": verdict.late, **texts})
            to = addressed(place, report_recipients(told_of([warning.pk])[warning.pk]))
            article = place.rules.entry("warning.report.minutes").source
            words = Wording(*wording.report(place, verdict.late_by, texts), article)
            key, level = f"w{warning.pk}:report", Level(warning.level)
            sent = draft(place, warning.pk, kinds.REPORTED, key, level, Timing(verdict.due, at), to, words)
            finish(standing, [sent], "report")
    if isinstance(verdict, ReportRefused):
        raise Refused(verdict.detail, reason=verdict.reason)
    return report
