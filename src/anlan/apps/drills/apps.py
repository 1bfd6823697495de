"""Django application `drills`."""

from django.apps import AppConfig


class DrillsConfig(AppConfig):
    name = "anlan.apps.drills"
    label = "drills"
