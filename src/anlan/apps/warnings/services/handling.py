"""What people do while a warning is open: confirm, act, clear. A refused attempt is recorded before it is refused."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.org.access import require
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.apps.warnings.entitled import may_clear, may_measure, may_remark
from anlan.apps.warnings.models import Act, ActKind, Confirmation, Warning
from anlan.apps.warnings.services.levels import change
from anlan.apps.warnings.services.posting import finish
from anlan.apps.warnings.services.record import add_act
from anlan.apps.warnings.services.refusal import Reason
from anlan.apps.warnings.services.regrading import as_open, graded_now
from anlan.apps.warnings.services.situation import Standing, hold
from anlan.refused import Refused
from anlan.rules.clearing import LoweringRefused, judge_lowering
from anlan.rules.level import Level
from anlan.rules.slots import POSTS, SLOT_LABELS
from anlan.rules.words import says_something


def confirm(warning: Warning, *, by: Stand, at: datetime, text: str = "") -> Confirmation:
    """第八条: a duty holder has verified the warning. Confirming stops no clock (Q-04).

    Confirming again returns the first confirmation. Raises `Refused` when the warning is cleared, or when the person
    holds none of the three posts at ``at``: who does is a matter of the law and of that instant, not of a role.
    """
    actor = by.actor
    with transaction.atomic():
        standing = _open(warning, at)
        mine = Confirmation.objects.by_the_machine().filter(warning=warning, person__isnull=False)
        first = mine.filter(person=actor.person_id).first()
        if first is not None:
            return first
        posts = [post for post in POSTS if standing.place.context.holder(post) == actor.id]
        if not posts:
            raise Refused("只有该危险源现任的三级包保责任人可以确认预警", reason=Reason.NOT_HOLDER)
        confirmation = Confirmation.objects.create(
            warning=warning,
            enterprise=standing.place.enterprise,
            person_id=actor.person_id,
            name=actor.name,
            post=SLOT_LABELS[posts[0]],
            at=at,
            text=text[:300],
        )
        Warning.objects.by_the_machine().filter(pk=warning.pk, confirmed_at__isnull=True).update(confirmed_at=at)
        standing.note("confirmed", at, actor, after={"text": text, "post": posts[0]})
        finish(standing, [], "confirmed")
    warning.refresh_from_db(fields=["confirmed_at"])
    return confirmation


def record_measure(warning: Warning, *, by: Stand, at: datetime, text: str) -> Act:
    """第八条: write down a measure taken. Raises `Refused` when the warning is cleared or the text is blank, and
    PermissionDenied (journaled) for whoever is not of the enterprise's staff."""
    require(may_measure(by, warning), warning, by=by)
    if not says_something(text):
        raise Refused("请填写采取的措施", reason=Reason.INCOMPLETE)
    with transaction.atomic():
        standing = _open(warning, at)
        act = add_act(standing, ActKind.MEASURE, by=by.speaking(*STAFF), at=at, text=text.strip())
        finish(standing, [], "act")
    return act


def remark(warning: Warning, *, by: Stand, at: datetime, text: str) -> Act:
    """第十三条: an agency's feedback on its tracking, also after clearing. Raises `Refused` for a blank text, and
    PermissionDenied (journaled) for whoever tracks nothing here."""
    require(may_remark(by, warning), warning, by=by)
    if not says_something(text):
        raise Refused("请填写反馈内容", reason=Reason.INCOMPLETE)
    with transaction.atomic():
        standing = hold(warning.source, at)
        standing.warning = warning
        act = add_act(standing, ActKind.REMARK, by=by.speaking(*HANDLERS), at=at, text=text.strip())
        finish(standing, [], "act")
    return act


def clear(warning: Warning, *, by: Stand, at: datetime, text: str = "") -> Warning:
    """第八条: 消警 on request. Raises `Refused` while the cause stands in the data, or for another's manual warning.
    PermissionDenied (journaled) for whoever is neither of the staff nor keeps a level by hand.

    The attempt that was refused stays in the record. A warning that nobody confirmed is confirmed automatically, with
    a mark (本地设定: or refused). Clearing a cleared one is refused.
    """
    require(may_clear(by, warning), warning, by=by)
    actor = by.actor
    with transaction.atomic():
        standing = _open(warning, at)
        graded = graded_now(standing, at)
        verdict = judge_lowering(as_open(standing, graded, actor), Level.NONE, actor.id, standing.place.settings)
        if isinstance(verdict, LoweringRefused):
            add_act(standing, ActKind.CLEAR_REFUSED, by=actor, at=at, text=verdict.detail)
            finish(standing, [], "act")
        else:
            add_act(standing, ActKind.CLEAR, by=actor, at=at, text=text)
            change(standing, Level.NONE, at, [], by=actor)
    if isinstance(verdict, LoweringRefused):
        raise Refused(verdict.detail, reason=verdict.reason)
    warning.refresh_from_db()
    return warning


def _open(warning: Warning, at: datetime) -> Standing:
    standing = hold(warning.source, at)
    if standing.warning is None or standing.warning.pk != warning.pk:
        raise Refused("预警已解除", reason=Reason.NOT_OPEN)
    return standing
