"""Django application `findings`: fires the limits of rectification."""

from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "anlan.apps.findings"
    label = "findings"

    def ready(self) -> None:
        from anlan.apps.findings import services
        from anlan.apps.obligations import services as obligations
        from anlan.apps.obligations.models import ObligationKind

        obligations.register(ObligationKind.RECTIFY, services.fire_overdue)
