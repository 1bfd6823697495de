"""One record for one person: found in their scope, or refused and the refusal written down (ORG-01, SEC-01); and one
act for one person: open to them, or refused and written down as well.

The answer to a foreign record and to one that does not exist is the same page with the status 404, so that nobody
learns by asking what the neighbours have; the attempt on a foreign one stands in the owner's journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from anlan.apps.journal import services as journal
from anlan.apps.org import actor
from anlan.apps.org.scope import Row, ScopedQuerySet, ScopedRequest
from anlan.apps.org.stand import Stand
from anlan.database.beside import try_to_write

REFUSED = "access_refused"
"""Act under which a refused attempt stands in the journal."""


def _owner(row: Any) -> str:
    return f"enterprise:{row.enterprise.code}"


def find(
    request: ScopedRequest,
    rows: ScopedQuerySet[Row],
    *,
    now: datetime,
    owner: Callable[[Row], str] = _owner,
    **lookup: Any,
) -> Row:
    """The one row of ``rows`` that ``lookup`` names and the person may see.

    Raises Http404 otherwise. ``owner`` names the journal chain of a foreign row; by default that of its enterprise.
    """
    scoped = rows.filter(**lookup)
    row = scoped.visible_to(request.scope).first()
    if row is None:
        foreign = scoped.by_the_machine().first()
        if foreign is not None:
            note_refusal(request, owner(foreign), foreign, now=now)
        raise Http404(_("没有这条记录，或者它不在您的管辖范围内。"))
    return row


class WrongStand(RuntimeError):
    """Somebody's stand towards one owner was shown for a record of another. A programming error, never a user's."""


_asked: ContextVar[dict[str, str] | None] = ContextVar("anlan_asked", default=None)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """While a request is being answered: what is refused inside the block is written down with its address."""
    token = _asked.set(_where(request))
    try:
        yield
    finally:
        _asked.reset(token)


def require(ok: bool, row: Any, *, by: Stand, owner: str = "", words: object = "") -> None:
    """Let the act on ``row`` go on when it is open to ``by`` (``ok``), or to anybody at the machine itself.

    Else raises PermissionDenied (in ``words``), and the attempt stands in the owner's journal, at most once a minute.
    Call before the transaction of the act, which would take the record of the refusal with it. Raises `WrongStand` for
    a stand that was made for another owner than that of ``row``, which is ``owner`` where the row itself names none.
    """
    if by.actor.is_machine:
        return
    owner = owner or owner_of(row)
    if by.owner != owner:
        raise WrongStand(f"{by.actor.id} stands towards {by.owner}, not towards {owner}")
    if ok:
        return
    _write(by.owner, by.actor.id, row, _asked.get() or {}, by.at)
    raise PermissionDenied(str(words) or _("您的角色不能做这一步。"))


def owner_of(row: Any) -> str:
    """The journal chain of whoever a record belongs to: an enterprise or an agency, which may be the record itself."""
    unit = unit_of(row)
    return f"{unit._meta.model_name}:{unit.code}"


def unit_of(row: Any) -> Any:
    """Whoever a record belongs to: an enterprise or an agency, which may be the record itself."""
    if row._meta.model_name in ("enterprise", "agency"):
        return row
    enterprise = getattr(row, "enterprise", None)
    return row.agency if enterprise is None else enterprise


def note_refusal(request: HttpRequest, chain: str, row: Any, *, now: datetime) -> None:
    """Write into ``chain`` that this person asked for ``row`` and was refused, with the address that they asked for.

    Asked again for the same within a minute it is counted, and the count is journaled: a flood of refusals does not
    flood the journal. While nothing can be written the refusal stands all the same, and the attempt in the log.
    """
    _write(chain, actor.of_user(request.user).id, row, _where(request), now)


def _where(request: HttpRequest) -> dict[str, str]:
    address = request.META.get("REMOTE_ADDR", "")
    return {"method": str(request.method), "path": request.path[:200], "address": address}


def _write(chain: str, who: str, row: Any, where: dict[str, str], at: datetime) -> None:
    act = journal.Act(chain, REFUSED, at, who, f"{row._meta.model_name}:{row.pk}", after=where)
    place = " ".join(where[part] for part in ("address", "method", "path") if part in where)
    try_to_write(lambda: journal.record_at_most_once_a_minute(act, place), f"{who} refused {act.subject} {place}")
