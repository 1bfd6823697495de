"""Takes scenarios in, and runs drills: one at a time per log-in, few at once, each on record."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from anlan import lessons
from anlan.apps.accounts.models import User
from anlan.apps.accounts.selectors import grants_of
from anlan.apps.drills import child
from anlan.apps.drills.models import Run, RunState, Uploaded
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import of_user
from anlan.now import Clock, SystemClock
from anlan.refused import Refused

AT_ONCE = 2
"""Drills that may run at one time on one database."""
TEXT_BYTES = 64 << 10
SPARE = timedelta(seconds=30)
"""How long after its own limit a run that says nothing counts as over."""


def upload(raw: bytes, user: User, at: datetime) -> Uploaded:
    """Check a scenario and keep it for the unit of ``user``. Raises `Refused`; nothing is kept then."""
    if len(raw) > TEXT_BYTES:
        raise Refused(_("文件超过 %(kb)d KB，没有保存。") % {"kb": TEXT_BYTES >> 10})
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(_("文件不是 UTF-8 文本，没有保存。")) from error
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in text):
        # UTF-16 without a mark looks like this
        raise Refused(_("文件里有控制字符，不是 UTF-8 文本，没有保存。"))
    checked = child.check(text)
    if checked.state != RunState.DONE:
        raise Refused(_("没有保存。%(why)s") % {"why": checked.message})
    head = checked.result
    row = Uploaded(**_owner(user, at), text=text, uploaded_at=at, name=head["name"][:120])
    row.story, row.points, row.question = head["story"], head["points"], head["question"]
    with transaction.atomic():
        row.save(force_insert=True)
        after = {"name": row.name, "bytes": len(raw)}
        journal.record(
            row.chain, "drill_uploaded", at=at, actor=of_user(user).id, subject=f"drill:u{row.pk}", after=after
        )
    return row


def begin(drill: lessons.Shipped | Uploaded, user: User, at: datetime) -> Run:
    """Take a slot for a run. Raises `Refused` when the log-in has one under way or all slots are taken.

    Whatever was begun and can no longer finish gives its slot back first.
    """
    Run.objects.by_the_machine().filter(finished_at__isnull=True, ends_by__lt=at).update(
        state=RunState.FAILED, finished_at=at, message=_("运行它的进程中断了，没有结果。")
    )
    which = {"shipped": drill.key} if isinstance(drill, lessons.Shipped) else {"uploaded": drill}
    name = drill.title if isinstance(drill, lessons.Shipped) else drill.name
    until = at + timedelta(seconds=child.PLAY_S) + SPARE
    for slot in range(AT_ONCE):
        run = Run(**_owner(user, at), **which, name=name, slot=slot, started_at=at, ends_by=until)
        try:
            with transaction.atomic():
                run.save(force_insert=True)
                journal.record(
                    run.chain,
                    "drill_run",
                    at=at,
                    actor=of_user(user).id,
                    subject=f"drill:{run.key}",
                    after={"name": name},
                )
        except IntegrityError:
            continue  # the slot, or this log-in, is taken
        return run
    if Run.objects.by_the_machine().filter(user=user, finished_at__isnull=True).exists():
        raise Refused(_("您已有一次推演在进行，请等它结束。"))
    raise Refused(_("同时进行的推演已有 %(n)d 次，请稍后再试。") % {"n": AT_ONCE})


def carry_out(run_id: int, clock: Clock | None = None) -> None:
    """Play a run that was begun and write what came of it; a second call for the same run changes nothing."""
    run = Run.objects.by_the_machine().select_related("uploaded").get(pk=run_id)
    try:
        outcome = child.play(_text_of(run))
    except Exception as error:
        _finish(run, child.PlayOutcome(RunState.FAILED, _("推演没有完成：%(why)s") % {"why": error}), clock)
        raise
    _finish(run, outcome, clock)


def _text_of(run: Run) -> str:
    """The script of a run. Raises ValueError for a shipped one that this release no longer has."""
    if (shipped := lessons.named(run.shipped)) is not None:
        return shipped.path.read_text(encoding="utf-8")
    if run.uploaded is None:
        raise ValueError(_("没有剧本 %(name)s") % {"name": run.shipped})
    return run.uploaded.text


def _finish(run: Run, outcome: child.PlayOutcome, clock: Clock | None) -> None:
    Run.objects.by_the_machine().filter(pk=run.pk, finished_at__isnull=True).update(
        state=outcome.state,
        message=outcome.message,
        result=outcome.result,
        finished_at=(clock or SystemClock()).now(),
    )


def _owner(user: User, at: datetime) -> dict[str, Any]:
    """Whose the row is: the unit of the log-in's first grant; nobody's for the installation's operator.

    Raises `Refused` for a log-in without a unit: the row would belong to nobody and be seen by nobody.
    """
    grant = next(iter(grants_of(user, at)), None)
    if grant is None and not user.is_superuser:
        raise Refused(_("这个登录名没有所属单位，不能推演。"))
    return {
        "agency": grant.agency if grant else None,
        "enterprise": grant.enterprise if grant else None,
        "user": user,
        "by": str(user),
    }
