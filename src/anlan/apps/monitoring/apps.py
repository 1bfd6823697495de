"""Django application `monitoring`."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "anlan.apps.monitoring"
    label = "monitoring"
