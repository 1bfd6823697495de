"""演示手机: what a demonstration would have sent, as it would stand on the telephones. Only where such a channel is set
up; letters are those about the reader's own scope."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from anlan.apps.accounts.request import PersonRequest
from anlan.apps.delivery import selectors
from anlan.apps.delivery import services as delivery
from anlan.components.answers import whole_or_part

SHOWN = 40


@require_safe
def phone(request: PersonRequest) -> HttpResponse:
    """The page, or its living part alone; 404 in an installation that has no such channel."""
    names = [name for name, channel in delivery.outside().items() if channel.shown]
    if not names:
        raise Http404
    letters = selectors.letters_by(request.scope, names)[:SHOWN]
    context = {"letters": letters, "title": delivery.title_of(names[0])}
    return whole_or_part(request, "contacts/phone.html", "contacts/_phone.html", context)
