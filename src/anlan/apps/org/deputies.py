"""Declaring who stands in for whom (代理人), and ending it; each act is journaled in the chain of the person's unit."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.entitled import may_declare
from anlan.apps.org.models import Deputy, Person
from anlan.apps.org.stand import Stand
from anlan.refused import Refused


def declare(
    person: Person, deputy: Person, *, away: bool, start: datetime, until: datetime | None, by: Stand, at: datetime,
) -> Deputy:  # fmt: skip
    """From ``start`` (inclusive) to ``until`` (exclusive, None: until ended) ``deputy`` stands in for ``person``.

    ``by`` stands towards the unit in which ``person`` serves, whose journal keeps it. Raises `Refused` for
    oneself, an end before the start, and the same deputy over an overlapping time; PermissionDenied (journaled) for
    whoever neither is the person nor keeps the desk of that unit.
    """
    require(may_declare(by, person), person, by=by, owner=by.owner)
    chain = by.owner
    if person.pk == deputy.pk:
        raise Refused(_("代理人不能是本人，未保存"))
    if until is not None and until <= max(start, at):
        raise Refused(_("结束时间应晚于开始时间和现在，未保存"))
    with transaction.atomic():
        journal.hold([chain])
        same = Deputy.objects.filter(person=person, deputy=deputy)
        for row in same:
            if (row.valid_until is None or row.valid_until > start) and (until is None or row.valid_from < until):
                raise Refused(_("这段时间里 %(name)s 已是代理人，未保存") % {"name": deputy.name})
        made: Deputy = Deputy.objects.create(
            person=person, deputy=deputy, is_away=away, valid_from=start, valid_until=until, declared_by=by.actor.id,
            declared_at=at,
        )  # fmt: skip
        journal.record(
            chain, "deputy_declared", at=at, actor=by.actor.id, subject=f"person:{person.code}", after=_plain(made)
        )
    return made


def end(row: Deputy, *, by: Stand, at: datetime) -> bool:
    """End a deputy's time now; one whose time has not begun never stands in. False when it was over already.

    PermissionDenied as `declare`.
    """
    require(may_declare(by, row.person), row, by=by, owner=by.owner)
    chain = by.owner
    with transaction.atomic():
        journal.hold([chain])
        current = Deputy.objects.select_for_update().select_related("person", "deputy").get(pk=row.pk)
        if current.valid_until is not None and current.valid_until <= at:
            return False
        before = _plain(current)
        current.valid_until = max(at, current.valid_from)
        current.save(update_fields=["valid_until"])
        subject = f"person:{current.person.code}"
        journal.record(
            chain, "deputy_ended", at=at, actor=by.actor.id, subject=subject, before=before, after=_plain(current)
        )
    return True


def _plain(row: Deputy) -> dict[str, object]:
    return {
        "deputy": f"person:{row.deputy.code}",
        "away": row.is_away,
        "from": row.valid_from,
        "until": row.valid_until,
    }
