"""Django application `monitoring`: fires the ends of shelves and the moments of filings when they are due."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "anlan.apps.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        from anlan.apps.monitoring import services
        from anlan.apps.obligations import services as obligations
        from anlan.apps.obligations.models import ObligationKind

        obligations.register(ObligationKind.SHELVING, services.fire_shelvings)
        # a filing that begins or ends changes what is graded, and so what a notice due at that instant means
        obligations.register(ObligationKind.FILING, services.fire_filings, before_others=True)
