"""Django application `obligations`."""

from django.apps import AppConfig


class ObligationsConfig(AppConfig):
    name = "anlan.apps.obligations"
    label = "obligations"
