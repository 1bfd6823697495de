"""Django application `history`."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

HISTORY = "history"


class HistoryConfig(AppConfig):
    name = "anlan.apps.history"
    label = "history"

    def ready(self) -> None:
        connection_created.connect(_read_what_can_be, dispatch_uid="history_texts")


def _read_what_can_be(connection: Any, **_more: Any) -> None:
    """One row whose texts are damaged must not keep all others from being read: its odd signs are replaced, and the
    row is found out like any other (`anlan.apps.history.services.damage`)."""
    if connection.alias == HISTORY and connection.vendor == "sqlite":
        connection.connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
