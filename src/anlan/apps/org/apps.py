"""Django application `org`."""

from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "anlan.apps.org"
    label = "org"
