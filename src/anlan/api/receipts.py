"""``POST /api/v1/receipts/<channel>/``: where providers of SMS and voice post what became of a letter.

Proved by the secret of the channel's settings, in the query (``?secret=``) or as ``Authorization: Bearer``.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from anlan import now as clock
from anlan.apps.delivery import services as delivery

MOST_BYTES = 256 * 1024


@csrf_exempt
@login_not_required
@require_POST
def receipts(request: HttpRequest, channel: str) -> HttpResponse:
    """200 with what the provider wants to hear when every line was used; else the trouble in words."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return _say("回执超过 256 KB，没有采用", 413)
    scheme, _blank, bearer = request.headers.get("Authorization", "").partition(" ")
    secret = bearer.strip() if scheme.lower() == "bearer" else request.GET.get("secret", "")
    taken = delivery.take_reports(channel, secret, request.content_type or "", request.body, clock.now())
    if taken.status != 200:
        return _say(taken.trouble, taken.status)
    return HttpResponse(taken.answer, content_type="application/json; charset=utf-8")


def _say(words: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": words}, status=status, json_dumps_params={"ensure_ascii": False})
