"""What a person is answered when a page could not be made: in words, with what was kept and what to do next.

A database that is held by somebody, out of room or not to be read is no mistake of ours and mostly over soon: such a
page is 503 with a time to come back, within the seconds that the web waits for a lock (`anlan.roles.web.command`).
"""

from __future__ import annotations

import sys

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.views.defaults import server_error

AGAIN_S = 10
PASSING = (OperationalError, InterfaceError, InternalError)


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to a request whose view raised; Django calls it while the exception is at hand."""
    return unavailable(request) if _is_the_databases(sys.exc_info()[1]) else server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 in words: a page, and one line for programs."""
    answer: HttpResponse
    if request.path.startswith("/api/"):
        words = {"detail": _("数据库现在不应答，这一次没有读到或没有写入；请 %(n)s 秒后再试。") % {"n": AGAIN_S}}
        answer = JsonResponse(words, status=503, json_dumps_params={"ensure_ascii": False})
    else:
        # without the request: what a shell asks of the database for it would fail again
        answer = HttpResponse(loader.render_to_string("503.html"), status=503)
    answer.headers["Retry-After"] = str(AGAIN_S)
    return answer


def _is_the_databases(error: BaseException | None) -> bool:
    # the plain class is what SQLite says of a file that is no database; its other children are our own mistakes
    return isinstance(error, PASSING) or type(error) is DatabaseError
