"""Django application `rulebook`."""

from django.apps import AppConfig


class RulebookConfig(AppConfig):
    name = "anlan.apps.rulebook"
    label = "rulebook"
