"""Django application `alarms`: fires the ends of shelves and the moments of filings when they are due."""

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    name = "anlan.apps.alarms"
    label = "alarms"

    def ready(self) -> None:
        from anlan.apps.alarms import kinds, services
        from anlan.apps.obligations import services as obligations

        obligations.register(kinds.SHELVING, services.fire_shelvings)
        # a filing that begins or ends changes what is graded, and so what a notice due at that instant means
        obligations.register(kinds.FILING, services.fire_filings, before_others=True)
