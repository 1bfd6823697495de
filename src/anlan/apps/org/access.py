"""One record for one person: found in their scope, or refused and the refusal written down (ORG-01, SEC-01).

The answer to a foreign record and to one that does not exist is the same page with the status 404, so that nobody
learns by asking what the neighbours have; the attempt on a foreign one stands in the owner's journal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from anlan.apps.journal import services as journal
from anlan.apps.org.scope import ScopedQuerySet
from anlan.components.beside import try_to_write

REFUSED = "access_refused"
"""Act under which a refused attempt stands in the journal."""


def _owner(row: Any) -> str:
    return f"enterprise:{row.enterprise.code}"


def find(request: HttpRequest, rows: Any, *, now: datetime, owner: Callable[[Any], str] = _owner, **lookup: Any) -> Any:
    """The one row of ``rows`` (a scoped queryset or manager) that ``lookup`` names and the person may see.

    Raises Http404 otherwise. ``owner`` names the journal chain of a foreign row; by default that of its enterprise.
    """
    scoped: ScopedQuerySet = rows.filter(**lookup)
    row = scoped.visible_to(request.scope).first()  # type: ignore[attr-defined]
    if row is None:
        foreign = scoped.by_the_machine().first()
        if foreign is not None:
            note_refusal(request, owner(foreign), foreign, now=now)
        raise Http404(_("没有这条记录，或者它不在您的管辖范围内。"))
    return row


def note_refusal(request: HttpRequest, chain: str, row: Any, *, now: datetime) -> None:
    """Write into ``chain`` that this person asked for ``row`` and was refused, with the address that they asked for.

    Asked again for the same within a minute it is counted, and the count is journaled: a flood of refusals does not
    flood the journal. While nothing can be written the refusal stands all the same, and the attempt in the log.
    """
    address = request.META.get("REMOTE_ADDR", "")
    act = journal.Act(
        chain,
        REFUSED,
        now,
        f"user:{request.user.get_username()}",  # type: ignore[union-attr]
        f"{row._meta.model_name}:{row.pk}",
        after={"method": request.method, "path": request.path[:200], "address": address},
    )
    place = f"{address} {request.method} {request.path}"
    try_to_write(lambda: journal.record_at_most_once_a_minute(act, place), f"{act.actor} refused {act.subject} {place}")
