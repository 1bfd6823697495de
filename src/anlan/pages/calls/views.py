"""The standing calls of a log-in, read by the live line of its pages (``static/anlan/stream.js``)."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import Confirmation, Warning
from anlan.components.templatetags.anlan import epoch_ms, level_words, short_time
from anlan.pages.context import Shell
from anlan.rules.level import Level

LISTED = 100
"""Calls that are named, gravest first; of further ones only the number is told."""


@require_safe
def calls(request: PersonRequest) -> JsonResponse:
    """Every warning in scope that stands and that the person has not confirmed, gravest and newest first.

    ``{"gravest": {"level", "word", "count"} | null, "calls": [{"id", "number", "level", "words", "title", "url",
    "at_words"}], "more": n, "figures": {"warnings", "alarms", "todo"}, "at": ms}``. ``gravest`` counts all standing
    warnings of the highest level, confirmed or not: it is the figure of the overview. ``id`` names a warning at one
    level: a rise is a new call. ``figures`` are the counts of the navigation at the instant ``at`` (epoch
    milliseconds). Asking changes nothing.
    """
    asked_at = clock.now()
    scope: Scope = request.scope
    standing = Warning.objects.visible_to(scope).filter(cleared_at__isnull=True)
    counts = dict(standing.order_by().values_list("level").annotate(number=Count("*")))
    gravest = max((Level(level) for level in counts), default=None)
    person = request.user.person
    if person is not None:
        mine = Confirmation.objects.visible_to(scope).filter(person=person, automatic=False, warning__in=standing)
        standing = standing.exclude(pk__in=mine.values("warning"))
    rows = standing.select_related("enterprise", "source").order_by("-rank", "-level_since", "pk")[:LISTED]
    called = [_call(row) for row in rows]
    return JsonResponse(
        {
            "gravest": gravest and {"level": gravest.value, "word": gravest.colour, "count": counts[gravest.value]},
            "calls": called,
            "more": standing.count() - LISTED if len(called) == LISTED else 0,
            "figures": Shell(request).figures,
            "at": epoch_ms(asked_at),
        }
    )


def _call(row: Warning) -> dict[str, Any]:
    at = short_time(row.level_since, clock.now())
    return {
        "id": f"{row.number}:{row.level}:{epoch_ms(row.level_since)}",
        "number": row.number,
        "level": row.level,
        "words": level_words(row.level),
        "title": f"{row.enterprise} {row.source.name}",
        "url": reverse("warning", args=[row.number]),
        "at_words": _("%(at)s 起") % {"at": at},
    }
