"""Django application `findings`: fires the limits of rectification."""

from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "anlan.apps.findings"
    label = "findings"

    def ready(self) -> None:
        from anlan.apps.findings import kinds, services
        from anlan.apps.obligations import services as obligations

        obligations.register(kinds.RECTIFY, services.fire_overdue)
