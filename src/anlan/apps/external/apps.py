"""Django application `external`."""

from django.apps import AppConfig


class ExternalConfig(AppConfig):
    name = "anlan.apps.external"
    label = "external"
