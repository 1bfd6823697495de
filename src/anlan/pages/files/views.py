"""One file: its facts, its content, and withdrawing it. Whoever sees the record sees its files, and nobody else."""

from __future__ import annotations

import logging
from datetime import datetime

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import stand
from anlan.apps.files import selectors, store
from anlan.apps.files.accepted.pictures import small
from anlan.apps.files.holders import holder_of
from anlan.apps.files.models import Attachment, Media
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.pages.acting import Offer, Subject, act_view, record_view
from anlan.pages.files.acts import ACTS

ALONE = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox"
"""What a file that somebody handed in may do when it is opened by itself: be looked at."""
ALONE_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""The same for PDF, which older browsers refuse to show in a sandbox; their viewer keeps it apart from every page."""
_LOG = logging.getLogger(__name__)


def look_up(request: PersonRequest, pk: int, now: datetime) -> Attachment:
    """The file; 404 and a journal entry when it, or the record that it belongs to, is out of scope."""
    rows = Attachment.objects.select_related("enterprise", "agency")
    found: Attachment = access.find(request, rows, now=now, owner=access.owner_of, pk=pk)
    record = selectors.record_seen(request.scope, found)
    if record is None:
        access.note_refusal(request, access.owner_of(found), found, now=now)
        raise Http404(_("没有这条记录，或者它不在您的管辖范围内。"))
    by = stand(request.user, access.unit_of(found), now)
    access.require(holder_of(found.subject).may_read(by, record), found, by=by)
    return found


def record_url(subject: str) -> str:
    """The page of the record that a file belongs to: the address that bears the record's word; empty without one."""
    word, _colon, key = subject.partition(":")
    try:
        return reverse(word, args=[key])
    except NoReverseMatch:
        return ""


def _page(request: PersonRequest, row: Attachment, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    scope = request.scope
    elsewhere = selectors.seen_elsewhere(row.original_sha256, row.subject, scope)
    context = {
        "file": row,
        "record": selectors.record_seen(scope, row),
        "record_url": record_url(row.subject),
        "elsewhere": elsewhere,
        "bar": bar,
    }
    return render(request, "files/file.html", context, status=status)


SUBJECT = Subject("file", ACTS, look_up, _page, back=lambda request, row: record_url(row.subject))


@require_safe
def file(request: PersonRequest, pk: int) -> HttpResponse:
    """One file: what it is, of which record, who handed it in, when and where it was taken, and where else it is."""
    return record_view(request, SUBJECT, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Do one of `ACTS` (`act_view`)."""
    return act_view(request, SUBJECT, pk, verb)


@require_safe
def content(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The content itself; pictures and PDF open in the browser, all else is taken away. ``size=small``: a thumbnail.

    Browsers keep it and ask each time whether it still is theirs to see: 304 then, by its fingerprint. One that the
    store has lost is answered 500 in words and stands in the log.
    """
    row = look_up(request, pk, clock.now())
    is_small = row.is_picture and request.GET.get("size") == "small"
    etag = f'"{row.sha256}{"-small" if is_small else ""}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        try:
            body = store.read(row.sha256)
            answer = HttpResponse(small(body, row.media) if is_small else body, content_type=row.media)
        except OSError as error:
            _LOG.error("file %s (%s) cannot be read: %s", row.pk, row.sha256, error)
            words = _("这个文件现在读不出，记录本身没有变；请告知运维（anlan check files）。")
            return HttpResponse(words, status=500, content_type="text/plain; charset=utf-8")
        shown = row.is_picture or row.media == Media.PDF
        answer.headers["Content-Disposition"] = content_disposition_header(not shown, row.name) or "attachment"
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = ALONE_PDF if row.media == Media.PDF else ALONE
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
