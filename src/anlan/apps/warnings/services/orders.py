"""On-site checks: the tracker organises or delegates them and answers through the system (第十至十三条, WRN-15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor
from anlan.apps.org.line import line_of
from anlan.apps.org.models import Agency, AgencyLevel
from anlan.apps.org.stand import HANDLERS, Stand
from anlan.apps.warnings.entitled import may_answer
from anlan.apps.warnings.models import ActKind, DisposalReport, SiteOrder, Warning
from anlan.apps.warnings.services.posting import finish
from anlan.apps.warnings.services.record import add_act
from anlan.apps.warnings.services.refusal import Reason
from anlan.apps.warnings.services.situation import Standing, hold
from anlan.refused import Refused
from anlan.rules.level import Level
from anlan.rules.warning_handling import report_owed
from anlan.rules.words import says_something


def answer_site_order(
    order: SiteOrder,
    *,
    by: Stand,
    at: datetime,
    persons: str,
    findings: str,
    measures: str,
    result: str,
    arrived_at: datetime | None = None,
) -> SiteOrder:
    """第十三条: feed back who was on site, what was found, ordered and achieved. Also after clearing (WRN-15).

    Raises `Refused` when a text is blank or the order is answered already, and PermissionDenied (journaled) for
    whoever acts neither for the tracker nor for the executor.
    """
    require(may_answer(by, order), order, by=by)
    actor = _speaking(by, order)
    texts = {"persons": persons, "findings": findings, "measures": measures, "result": result}
    blank = [_WORDS[name] for name, text in texts.items() if not says_something(text)]
    if blank:
        raise Refused(f"缺少必填内容：{'、'.join(blank)}", reason=Reason.INCOMPLETE)
    with transaction.atomic():
        standing, order = _order(order, at)
        if order.answered_at is not None:
            raise Refused("该督办已反馈", reason=Reason.ALREADY_ANSWERED)
        for name, text in texts.items():
            setattr(order, name, text.strip())
        order.arrived_at, order.answered_at, order.answered_by = arrived_at, at, actor.name[:60]
        order.save()
        assert standing.warning is not None
        add_act(standing, ActKind.REMARK, by=actor, at=at, text=f"现场核查督办已反馈：{result.strip()}")
        standing.note("site_order_answered", at, actor, after={**texts, "order": order.pk, "is": state_of(order)})
        close_if_done(standing.warning, at)
        finish(standing, [], "site_order")
    return order


def delegate_site_order(order: SiteOrder, agency: Agency, *, by: Stand, at: datetime, text: str = "") -> SiteOrder:
    """Hand the visit to a lower agency by a recorded act; the tracker stays accountable (Q-09).

    Raises `Refused` for an agency that does not stand between the tracker and the enterprise, and for an answered
    order; PermissionDenied (journaled) as `answer_site_order`.
    """
    require(may_answer(by, order), order, by=by)
    actor = _speaking(by, order)
    with transaction.atomic():
        standing, order = _order(order, at)
        if order.answered_at is not None:
            raise Refused("该督办已反馈", reason=Reason.ALREADY_ANSWERED)
        tracker = order.tracker
        if tracker is None or agency.pk == tracker.pk or not agency.path.startswith(tracker.path):
            raise Refused("只能委派给下级单位", reason=Reason.NOT_BELOW)
        if not may_execute(order, agency):
            raise Refused("只能委派给该企业所在地的下级单位", reason=Reason.NOT_BELOW)
        before = order.executor.name if order.executor is not None else None
        order.executor, order.delegated_at = agency, at
        order.save(update_fields=["executor", "delegated_at"])
        after = {"executor": agency.name, "order": order.pk, "is": state_of(order)}
        standing.note("site_order_delegated", at, actor, {"executor": before}, after)
        add_act(standing, ActKind.DELEGATE, by=actor, at=at, text=f"委派{agency.name}{'：' + text if text else ''}")
        finish(standing, [], "site_order")
    return order


def _speaking(by: Stand, order: SiteOrder) -> Actor:
    """The person, speaking for the unit that the order was given to."""
    asked = {order.tracker_id, order.executor_id}
    mine = (hat.agency for hat in by.hats if hat.role in HANDLERS and hat.agency is not None)
    agency = next((each for each in mine if each.pk in asked), None)
    return by.actor if agency is None else by.actor.of(agency.name, agency_id=agency.pk)


def may_execute(order: SiteOrder, agency: Agency) -> bool:
    """Whether a visit may be handed to ``agency``: below the tracker, above the enterprise, and no town.

    One elsewhere cannot see the enterprise, and would be given what it can never answer.
    """
    tracker = order.tracker
    if tracker is None or agency.pk == tracker.pk or not agency.path.startswith(tracker.path):
        return False
    return agency.level != AgencyLevel.TOWN and agency.pk in line_of(order.enterprise).all


def close_if_done(warning: Warning, at: datetime) -> None:
    """办结: cleared, reported where a report is owed, and every site order answered."""
    if warning.cleared_at is None or warning.closed_at is not None:
        return
    owed = report_owed(Level(warning.highest))
    if owed and not DisposalReport.objects.by_the_machine().filter(warning=warning).exists():
        return
    if SiteOrder.objects.by_the_machine().filter(warning=warning, answered_at__isnull=True).exists():
        return
    warning.closed_at = at
    warning.save(update_fields=["closed_at"])


ANSWER = (
    "executor_id", "delegated_at", "arrived_at", "answered_at", "answered_by", "persons", "findings", "measures",
    "result",
)  # fmt: skip
"""The columns of a site order that acts of people change."""


def state_of(order: SiteOrder) -> dict[str, Any]:
    """What the journal keeps of a site order at an act."""
    return journal.state_of(order, ANSWER)


_WORDS = {"persons": "核查人员", "findings": "核查发现", "measures": "督办措施", "result": "督办结果"}


def _order(order: SiteOrder, at: datetime) -> tuple[Standing, SiteOrder]:
    warning = Warning.objects.by_the_machine().select_related("source__enterprise").get(pk=order.warning_id)
    standing = hold(warning.source, at)
    # it may have been cleared before its turn came
    warning.refresh_from_db(fields=["level", "highest", "cleared_at", "closed_at", "next_due_at"])
    standing.warning = warning
    joined = ("tracker", "executor", "enterprise__supervisor", "enterprise__county", "enterprise__park__agency")
    again = SiteOrder.objects.by_the_machine().select_related(*joined, "enterprise__town").get(pk=order.pk)
    return standing, again
