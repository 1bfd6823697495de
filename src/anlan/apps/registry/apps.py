"""Django application `registry`."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "anlan.apps.registry"
    label = "registry"
