"""Django as an ASGI application: pages and API. The web role puts the event stream and the static files beside it."""

from __future__ import annotations

import os
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")


class PageRequest(ASGIRequest):
    """A request whose ``scope`` is what the person may see: Django keeps the connection's own under that name, and
    looks at it for nothing but the scheme."""

    def __init__(self, scope: dict[str, Any], body_file: Any) -> None:
        super().__init__(scope, body_file)
        self._connection_scheme = str(scope.get("scheme") or "http")

    def _get_scheme(self) -> str:
        return self._connection_scheme


class Pages(ASGIHandler):
    request_class = PageRequest


django.setup(set_prefix=False)
application = Pages()
