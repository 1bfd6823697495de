"""Django application `identification`."""

from django.apps import AppConfig


class IdentificationConfig(AppConfig):
    name = "anlan.apps.identification"
    label = "identification"

    def ready(self) -> None:
        from anlan.apps.identification import kinds, services
        from anlan.apps.obligations import services as obligations

        obligations.register(kinds.FILING, services.fire_filings)
        obligations.register(kinds.AGAIN, services.fire_again)
