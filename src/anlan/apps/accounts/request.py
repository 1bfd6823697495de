"""What a page is asked with: the request of somebody who has logged in. Only the type; the middleware makes it so."""

from __future__ import annotations

from anlan.apps.accounts.models import User
from anlan.apps.org.scope import ScopedRequest


class PersonRequest(ScopedRequest):
    """A request that `middleware.LogInFirst` has let through; never that of a stranger.

    A view that strangers may ask (``login_not_required``) takes Django's ``HttpRequest``, whose user may be nobody.
    """

    user: User
