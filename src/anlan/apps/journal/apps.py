"""Django application `journal`."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "anlan.apps.journal"
    label = "journal"
